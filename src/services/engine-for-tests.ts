import { findEngine } from './engine.ts'

/**
 * Why container tests cannot run here, for one line of output; `undefined` when they can: an engine answers and has the
 * images.
 */
export async function containersSkipped(): Promise<string | undefined> {
  const engine = await findEngine(10_000)
  if (!engine) return 'no Docker engine answers'
  const { ImageName } = await import('testcontainers')
  const wanted = [process.env['SLO_POSTGRES_IMAGE'] ?? 'postgres:18', process.env['SLO_REDIS_IMAGE'] ?? 'redis:8']
  for (const image of wanted) {
    if (!(await engine.image.exists(ImageName.fromString(image)))) {
      return `the Docker engine has no image ${image}; name another in SLO_POSTGRES_IMAGE, SLO_REDIS_IMAGE`
    }
  }
  return undefined
}
