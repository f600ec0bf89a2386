import type { GenericContainer, StartedTestContainer } from 'testcontainers'
import { MissingPackageError } from '../options/optional-package.ts'
import { findEngine, loadTestcontainers, removeContainers, SERVICE_LABEL } from './engine.ts'
import { asError } from './failure.ts'
import { LogTail } from './log-tail.ts'
import { EngineError, ServiceError, type ServiceContext } from './service.ts'
import { waitFor } from './waiting.ts'

const START_MS = 60_000

/** A running container and its output. */
export interface RunningContainer {
  readonly started: StartedTestContainer
  readonly log: LogTail
  /** Whether the container runs, judged by its log stream. */
  readonly isRunning: () => boolean
  /** Freezes every process in the container. @returns a function that resumes them */
  readonly pause: () => Promise<() => Promise<void>>
  /** Removes the container and its volumes. */
  readonly remove: () => Promise<void>
}

/**
 * Starts a container with the labels of this run; removes it if the start fails.
 * @param make returns the container with its image, command and wait strategy
 * @throws {EngineError} if the image is missing, or the engine cannot run a container of it
 * @throws {ServiceError} if the container exits immediately, or is not ready within a minute
 */
export async function startContainer(
  name: string,
  image: string,
  variables: { readonly image: string; readonly provider: string },
  make: () => Promise<GenericContainer>,
  context: ServiceContext,
): Promise<RunningContainer> {
  const labels = { ...context.reaper.labels, [SERVICE_LABEL]: name }
  const release = context.reaper.watchContainers()
  const remove = async () => {
    const removed = await removeContainers(Object.entries(labels).map(([key, value]) => `${key}=${value}`))
    // If the engine no longer responds, the reaper or the next run removes the container.
    if (removed !== undefined) release()
  }
  const log = new LogTail()
  let running = false
  let hasRun = false
  try {
    await pull(name, image, variables, context)
    const container = await make()
    container
      .withLabels(labels)
      .withStartupTimeout(START_MS)
      // Our reaper removes the container; the library's reaper would be one more image to pull.
      .withAutoCleanup(false)
      .withLogConsumer((stream) => {
        running = true
        hasRun = true
        stream.on('data', (chunk: Buffer) => log.write(chunk.toString('utf8')))
        stream.on('end', () => (running = false))
      })
    const started = await unlessAborted(container.start(), context.signal, remove)
    return { started, log, isRunning: () => running, pause: () => pause(name, started.getId()), remove }
  } catch (error) {
    await remove()
    context.signal.throwIfAborted()
    if (error instanceof ServiceError || error instanceof MissingPackageError) throw error
    if (!hasRun) {
      throw new EngineError(name, {
        problem: `the Docker engine cannot run the image ${image}: ${oneLine(error)}`,
        fix: `resolve the engine's error above, or set ${variables.provider}=embedded`,
        cause: error,
      })
    }
    throw new ServiceError(name, {
      problem: `the container of image ${image} did not become ready: ${asError(error).message}`,
      details: `Its last lines:\n${log.quote()}`,
      fix: `check its last lines above, which name any unknown setting; or set ${variables.image} to another image, or ${variables.provider}=embedded`,
    })
  }
}

async function pause(name: string, id: string): Promise<() => Promise<void>> {
  const engine = await findEngine()
  if (engine === undefined) {
    const fix = 'start the engine again, or use another provider'
    throw new ServiceError(name, { problem: 'the Docker engine no longer responds', fix })
  }
  const container = engine.container.dockerode.getContainer(id)
  await container.pause()
  return async () => {
    await container.unpause()
  }
}

async function pull(
  name: string,
  image: string,
  variables: { readonly image: string; readonly provider: string },
  { log, signal }: ServiceContext,
): Promise<void> {
  const engine = await findEngine(10_000)
  const { ImageName } = await loadTestcontainers()
  const reference = ImageName.fromString(image)
  if (!engine || (await engine.image.exists(reference))) return
  log(`${name}: pulling ${image}`)
  try {
    await unlessAborted(engine.image.pull(reference), signal, async () => {})
  } catch (error) {
    signal.throwIfAborted()
    throw new EngineError(name, {
      problem: `the Docker engine has no image ${image}, and it cannot be pulled: ${oneLine(error)}`,
      fix: `pull it (docker pull ${image}), set ${variables.image} to an image that the engine has, or set ${variables.provider}=embedded`,
    })
  }
}

function oneLine(error: unknown): string {
  return asError(error).message.trim().replaceAll(/\s+/g, ' ')
}

/** Rejects as soon as the signal aborts. The work itself cannot be cancelled, so `undo` runs once it has finished. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal, undo: () => Promise<void>): Promise<T> {
  const outcome = await waitFor(work, { signal })
  if (outcome !== 'aborted') return work
  void work.then(undo, undo).catch(() => {})
  throw asError(signal.reason)
}
