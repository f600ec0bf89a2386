import { AsyncDisposableStack } from '@whatwg-node/disposablestack'
import { now } from '../machine/clock.ts'
import { settledInTime } from '../machine/unsettled.ts'
import { Problems } from '../options/problems.ts'
import { checkEnvironment } from './environment-mistakes.ts'
import { allMessages, asError, settleAll } from './failure.ts'
import { Reaper } from './reaper/reaper.ts'
import { assertAllowedStore } from './remote.ts'
import { RunningEnvironment, type Environment } from './running-environment.ts'
import type { Service, ServiceContext, StartedService } from './service.ts'
import type { StartedTarget, TargetContext } from './target/started-target.ts'
import type { Target } from './target/target.ts'
import type { WatchedFiles } from './target/watched-files.ts'

export type { Environment, EnvironmentDetails, TargetDetails } from './running-environment.ts'

/** Time that the start of a service has to end when it is stopped. */
const STOP_MS = 3_000
/** Time limit of cleaning up one service. */
const CLEAN_UP_MS = 60_000

/** Options of {@link startEnvironment}. */
export interface EnvironmentOptions {
  readonly services?: readonly Service[]
  readonly target?: Target
  /** Scale of the load. `'full'`, or a factor of 1 or more, requires that a remote target is allowed twice. @default `'smoke'` */
  readonly scale?: 'smoke' | 'pr' | 'full' | number
  /** Files of the target, in watch mode. @default none; the target is then restarted only if it has exited */
  readonly watched?: WatchedFiles
}

/** Abort signal, log and environment variables of a start. */
export interface EnvironmentContext {
  /** Cancels the start. @default none */
  readonly signal?: AbortSignal
  /** Receives one line for each service and the target. @default nothing is printed */
  readonly log?: (line: string) => void
  /** Environment variables. @default `process.env` */
  readonly env?: NodeJS.ProcessEnv
}

/**
 * Starts the services in parallel, then the target with the environment variables that they provide.
 *
 * @throws {OptionsError} if options are invalid: all mistakes in one error, before anything is started
 * @throws {StartError} if a service or the target does not start; what had started is cleaned up first
 */
export async function startEnvironment(
  { services = [], target, scale = 'smoke', watched }: EnvironmentOptions,
  { signal = new AbortController().signal, log = () => {}, env = process.env }: EnvironmentContext = {},
): Promise<Environment> {
  const problems = new Problems()
  checkEnvironment(problems, { services, target }, env)
  problems.throwIfAny('definePerfConfig()')
  await using stack = new AsyncDisposableStack()
  const reaper = stack.use(await Reaper.start({ log }))
  const context: ServiceContext = { signal, log, env, reaper, isTargetExternal: target?.isExternal(env) ?? false }
  const running = await startServices(services, context, stack)
  const fullScale = scale === 'full' || (typeof scale === 'number' && scale >= 1)
  watched?.remember()
  const startedTarget =
    target && (await startTarget(target, { signal, log, env, reaper, services: running, fullScale }))
  if (startedTarget) {
    stack.use(startedTarget)
    log(startedTarget.summary)
  }
  return new RunningEnvironment(running, target, startedTarget, stack.move(), watched)
}

async function startTarget(target: Target, context: TargetContext): Promise<StartedTarget> {
  try {
    return await target.start(context)
  } catch (error) {
    context.signal.throwIfAborted()
    throw new StartError([asError(error)])
  }
}

/** The target, or one or more services, did not start. The message includes every reason. Everything is cleaned up by then. */
export class StartError extends Error {
  /** Name of the class. */
  override readonly name = 'StartError'
  readonly errors: readonly Error[]

  constructor(errors: readonly Error[]) {
    const count = errors.length === 1 ? '' : ` ${errors.length} services could not be started:`
    super(allMessages(`the environment did not start.${count}`, errors), { cause: errors[0] })
    this.errors = errors
  }
}

async function startServices(
  services: readonly Service[],
  context: ServiceContext,
  stack: AsyncDisposableStack,
): Promise<readonly StartedService[]> {
  const { values: running, errors } = await settleAll(
    services.map(async (service) => {
      const sinceMs = now()
      const started = await startService(service, context)
      try {
        assertAllowedStore(service, started)
      } catch (error) {
        await cleanUp(started)
        throw error
      }
      context.log(`${started.summary} (${((now() - sinceMs) / 1000).toFixed(1)} s)`)
      return started
    }),
  )
  stack.defer(() => disposeAll(running))
  context.signal.throwIfAborted()
  if (errors.length > 0) throw new StartError(errors)
  return running
}

/** Does not wait for a service of the user that ignores the signal. If it starts all the same, it is cleaned up. */
async function startService(service: Service, context: ServiceContext): Promise<StartedService> {
  const { signal } = context
  const starting = service.start(context)
  try {
    return await settledInTime(starting, { name: `${service.name}: start()`, signal })
  } catch (error) {
    if (!signal.aborted) throw error
    // A start that observes the signal cleans up what it has begun.
    const name = `${service.name}: start()`
    const ended = { name, signal: new AbortController().signal, timeoutMs: STOP_MS }
    const isOver = starting.then(cleanUp).catch(() => {})
    await settledInTime(isOver, ended).catch(() => context.log(`${name} did not end when it was stopped`))
    throw error
  }
}

async function cleanUp(service: StartedService): Promise<void> {
  const { signal } = new AbortController()
  return settledInTime(service[Symbol.asyncDispose](), {
    name: `${service.name}: [Symbol.asyncDispose]()`,
    signal,
    timeoutMs: CLEAN_UP_MS,
  })
}

async function disposeAll(running: readonly StartedService[]): Promise<void> {
  const { errors } = await settleAll(running.map((service) => cleanUp(service)))
  if (errors.length > 0) throw new AggregateError(errors, allMessages('services could not be cleaned up', errors))
}
