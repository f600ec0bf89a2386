import { performance } from 'node:perf_hooks'
import { Problems } from '../options/problems.ts'
import { asError, settleAll } from './failure.ts'
import { changedSince, fingerprint, watchedGlobs } from './file-watch.ts'
import { Guardian } from './guardian.ts'
import type { Service, ServiceContext, StartedService } from './service.ts'
import type { StartedTarget, Target, TargetContext, TargetExit, TargetInstance } from './target.ts'

/** What {@link startEnvironment} starts. */
export interface EnvironmentOptions {
  readonly services?: readonly Service[]
  readonly target?: Target
  /** The load to come. `'full'`, or a factor of 1 and more, needs a remote target to be allowed twice. Default: `'smoke'`. */
  readonly scale?: 'smoke' | 'pr' | 'full' | number
}

/** Where messages go, what gives up the start, where variables come from. */
export interface EnvironmentContext {
  /** Default: none. */
  readonly signal?: AbortSignal
  /** Gets one line for each thing started. Default: nothing is printed. */
  readonly log?: (line: string) => void
  /** Default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv
}

/** Plain data for the workers. Holds secrets: not for a log or a report. */
export interface EnvironmentDetails {
  /** By name; without those that were not started. */
  readonly services: Readonly<Record<string, ServiceDetails>>
  /** Not set when there is no target. */
  readonly target?: TargetDetails
}

export interface ServiceDetails {
  readonly provider: string
  readonly summary: string
  readonly connection: Readonly<Record<string, string>>
}

export interface TargetDetails {
  readonly provider: 'command' | 'external'
  readonly instances: readonly TargetInstance[]
}

/** Everything around the load, running. Disposing puts it away: the target first, then the services. */
export interface Environment extends AsyncDisposable {
  /** As of now: after `restartTarget` the pids are others. */
  readonly details: EnvironmentDetails
  /** One line for each service and the target, without secrets. */
  readonly summaries: readonly string[]
  /** Services that can be reset, back to the state after their start, in parallel. The target is not restarted. */
  reset(): Promise<void>
  /** @throws {ServiceError} when the target runs elsewhere or does not get ready again */
  restartTarget(): Promise<void>
  /** Restarts the target if it has ended, or one of its files changed since it was started. @returns whether it did */
  restartTargetIfChanged(): Promise<boolean>
  /** Globs whose files are the target's own, relative to its folder; empty when it is not ours to restart. */
  readonly targetGlobs: readonly string[]
  /** Calls `listener` for every instance of the target that ends unasked. @returns the function that stops it */
  onTargetExit(listener: (exit: TargetExit) => void): () => void
  /** The last lines an instance of the target printed, without secrets. */
  targetLog(instance?: number): readonly string[]
}

/**
 * Starts the services in parallel, then the target with the environment they give it.
 *
 * @throws {OptionsError} when options cannot be used, all mistakes at once, before anything is started
 * @throws {StartError} when something could not be started; everything that was is put away before
 */
export async function startEnvironment(
  { services = [], target, scale = 'smoke' }: EnvironmentOptions,
  { signal = new AbortController().signal, log = () => {}, env = process.env }: EnvironmentContext = {},
): Promise<Environment> {
  checkOptions(services, target)
  await using stack = new AsyncDisposableStack()
  const guardian = stack.use(await Guardian.start({ log }))
  const context: ServiceContext = { signal, log, env, guardian, targetIsExternal: target?.isExternal(env) ?? false }
  const running = await startServices(services, context, stack)
  const fullScale = scale === 'full' || (typeof scale === 'number' && scale >= 1)
  const startedTarget =
    target && (await startTarget(target, { signal, log, env, guardian, services: running, fullScale }))
  if (startedTarget) {
    stack.use(startedTarget)
    log(startedTarget.summary)
  }
  return new RunningEnvironment(running, target, startedTarget, stack.move())
}

async function startTarget(target: Target, context: TargetContext): Promise<StartedTarget> {
  try {
    return await target.start(context)
  } catch (error) {
    context.signal.throwIfAborted()
    throw new StartError([asError(error)])
  }
}

/** One or more things could not be started; the message holds all of theirs. Everything is put away by then. */
export class StartError extends Error {
  override readonly name = 'StartError'
  readonly errors: readonly Error[]

  constructor(errors: readonly Error[]) {
    const count = errors.length === 1 ? '' : ` ${errors.length} things could not be started:`
    super(allMessages(`the environment did not start.${count}`, errors), { cause: errors[0] })
    this.errors = errors
  }
}

function checkOptions(services: readonly Service[], target: Target | undefined): void {
  const problems = new Problems()
  const names = services.map(({ name }) => name)
  for (const [index, service] of services.entries()) {
    problems.adopt(`services.${service.name}`, service.problems ?? [])
    if (names.indexOf(service.name) !== index) {
      problems.add(
        `services[${index}].name`,
        service.name,
        'must differ from the names of the other services',
        `name: '${service.name}-2'`,
      )
    }
  }
  problems.adopt('target', target?.problems ?? [])
  problems.throwIfAny('startEnvironment()')
}

async function startServices(
  services: readonly Service[],
  context: ServiceContext,
  stack: AsyncDisposableStack,
): Promise<readonly StartedService[]> {
  const { values: running, errors } = await settleAll(
    services.map(async (service) => {
      const sinceMs = performance.now()
      const started = await service.start(context)
      context.log(`${started.summary} (${((performance.now() - sinceMs) / 1000).toFixed(1)} s)`)
      return started
    }),
  )
  stack.defer(() => disposeAll(running))
  context.signal.throwIfAborted()
  if (errors.length > 0) throw new StartError(errors)
  return running
}

async function disposeAll(running: readonly StartedService[]): Promise<void> {
  const { errors } = await settleAll(running.map(async (service) => service[Symbol.asyncDispose]()))
  if (errors.length > 0) throw new AggregateError(errors, allMessages('services could not be put away', errors))
}

function allMessages(title: string, errors: readonly Error[]): string {
  return `${title}\n\n${errors.map(({ message }) => message).join('\n\n')}`
}

class RunningEnvironment implements Environment {
  readonly targetGlobs: readonly string[]
  readonly #services: readonly StartedService[]
  readonly #target: StartedTarget | undefined
  readonly #stack: AsyncDisposableStack
  readonly #folder: string
  #files: ReadonlyMap<string, string>

  constructor(
    services: readonly StartedService[],
    target: Target | undefined,
    started: StartedTarget | undefined,
    stack: AsyncDisposableStack,
  ) {
    this.#services = services
    this.#target = started
    this.#stack = stack
    this.#folder = target?.options.cwd ?? process.cwd()
    this.targetGlobs = started?.provider === 'command' && target ? watchedGlobs(target.options, this.#folder) : []
    this.#files = fingerprint(this.targetGlobs, this.#folder)
  }

  get details(): EnvironmentDetails {
    const present = this.#services.filter(({ provider }) => provider !== 'absent')
    return {
      services: Object.fromEntries(
        present.map(({ name, provider, summary, connection }) => [name, { provider, summary, connection }]),
      ),
      ...(this.#target ? { target: { provider: this.#target.provider, instances: this.#target.instances } } : {}),
    }
  }

  get summaries(): readonly string[] {
    return [...this.#services, ...(this.#target ? [this.#target] : [])].map(({ summary }) => summary)
  }

  async reset(): Promise<void> {
    const { errors } = await settleAll(this.#services.map(async (service) => service.reset?.()))
    if (errors.length > 0) throw new AggregateError(errors, allMessages('services could not be reset', errors))
  }

  async restartTarget(): Promise<void> {
    this.#files = fingerprint(this.targetGlobs, this.#folder)
    await this.#target?.restart()
  }

  async restartTargetIfChanged(): Promise<boolean> {
    if (this.#target === undefined) return false
    const changed = changedSince(this.#files, fingerprint(this.targetGlobs, this.#folder))
    if (!changed && this.#target.running) return false
    await this.restartTarget()
    return true
  }

  onTargetExit(listener: (exit: TargetExit) => void): () => void {
    return this.#target?.onExit(listener) ?? (() => {})
  }

  targetLog(instance = 0): readonly string[] {
    return this.#target?.log(instance) ?? []
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}
