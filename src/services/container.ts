import type { GenericContainer, StartedTestContainer } from 'testcontainers'
import { MissingPackageError } from '../options/optional-package.ts'
import { findEngine, loadTestcontainers, removeContainers, SERVICE_LABEL } from './engine.ts'
import { asError } from './failure.ts'
import { LogTail } from './log-tail.ts'
import { EngineError, ServiceError, type ServiceContext } from './service.ts'
import { waitFor } from './waiting.ts'

const START_MS = 60_000

/** A container that runs, and what it prints. */
export interface RunningContainer {
  readonly started: StartedTestContainer
  readonly log: LogTail
  /** Whether it still prints, that is, runs. */
  readonly isRunning: () => boolean
  /** Freezes every process in it. @returns the function that lets them go on */
  readonly pause: () => Promise<() => Promise<void>>
  /** Removes it with its volumes. */
  readonly remove: () => Promise<void>
}

/**
 * Starts a container under our labels; when that fails, nothing of it is left.
 * @param make sets image, command and what to wait for
 * @throws {EngineError} if the image is missing, or the engine cannot run a container of it
 * @throws {ServiceError} if the container ends at once, or is not ready within a minute
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
    // An engine that has gone away leaves it to the reaper, or to the next run.
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
      // The reaper removes it; the library's own reaper would be one more image to pull.
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
        remedy: `See what the engine says above, or set ${variables.provider}=embedded.`,
        cause: error,
      })
    }
    throw new ServiceError(name, {
      problem: `the container of image ${image} did not get ready: ${asError(error).message}`,
      details: `Its last lines:\n${log.quote()}`,
      remedy: `See its last lines above: a setting it does not know is named there. Or use another image (${variables.image}), or ${variables.provider}=embedded.`,
    })
  }
}

async function pause(name: string, id: string): Promise<() => Promise<void>> {
  const engine = await findEngine()
  if (engine === undefined) {
    const remedy = 'Start the engine again, or use another provider.'
    throw new ServiceError(name, { problem: 'the Docker engine no longer responds', remedy })
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
      remedy: `Get it there (docker pull ${image}), name one that is there in ${variables.image}, or set ${variables.provider}=embedded.`,
    })
  }
}

function oneLine(error: unknown): string {
  return asError(error).message.trim().replaceAll(/\s+/g, ' ')
}

/** Does not wait for what cannot be called off; `undo` is run when the signal came first, and again once it is done. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal, undo: () => Promise<void>): Promise<T> {
  const outcome = await waitFor(work, { signal })
  if (outcome !== 'aborted') return work
  void work.then(undo, undo).catch(() => {})
  throw asError(signal.reason)
}
