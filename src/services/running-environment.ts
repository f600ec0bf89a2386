import type { Disruption } from '../control/disruption.ts'
import type { Store } from '../machine/store-kinds.ts'
import { plainTls, type TlsOptions } from '../machine/tls.ts'
import { disrupt } from './disrupt.ts'
import { allMessages, settleAll } from './failure.ts'
import { ServiceError, kindOf, type StartedService } from './service.ts'
import type { StartedTarget, TargetExit, TargetInstance } from './target/started-target.ts'
import type { Target } from './target/target.ts'
import { shortList, type WatchedFiles } from './target/watched-files.ts'

/** Plain data for the workers. Holds secrets: not for a log or a report. */
export interface EnvironmentDetails {
  /** By name; without those that were not started. */
  readonly services: Readonly<Record<string, ServiceDetails>>
  /** What the ledger, `sql()` and capacity can read, those included that were not started. */
  readonly stores: readonly Store[]
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
  /** Of every connection to it, as plain text. Secret. */
  readonly tls?: TlsOptions
}

/** Everything around the load, running. Disposing cleans it up: the target first, then the services. */
export interface Environment extends AsyncDisposable {
  /** As of now: after `restartTarget` the pids are others. */
  readonly details: EnvironmentDetails
  /**
   * Services that can be reset, or the one of that name, back to the state after their start, in parallel. The target is
   * not restarted.
   * @throws {ServiceError} if there is none of that name, or it cannot be reset
   */
  reset(service?: string): Promise<void>
  /** @throws {ServiceError} when the target runs elsewhere or does not get ready again */
  restartTarget(): Promise<void>
  /**
   * Restarts the target if it has ended, or one of its files changed since it was started.
   * @returns why it was restarted, and `undefined` if it was not
   */
  restartTargetIfChanged(): Promise<string | undefined>
  /**
   * Does something to the target or a service while load is on. What is under way when the environment is cleaned up is
   * cut short and undone before.
   * @returns what was done, in words
   * @throws {ServiceError} when it cannot be done, or what was disrupted does not come back
   */
  disrupt(disruption: Disruption, signal?: AbortSignal): Promise<string>
  /** Calls `listener` for every instance of the target that ends unasked. @returns the function that stops it */
  onTargetExit(listener: (exit: TargetExit) => void): () => void
}

/** Holds what was started, and the stack that cleans it up. */
export class RunningEnvironment implements Environment {
  readonly #services: readonly StartedService[]
  readonly #target: StartedTarget | undefined
  readonly #stack: AsyncDisposableStack
  readonly #tls: TlsOptions | undefined
  readonly #watched: WatchedFiles | undefined
  readonly #ending = new AbortController()
  readonly #disruptions = new Set<Promise<unknown>>()

  constructor(
    services: readonly StartedService[],
    target: Target | undefined,
    started: StartedTarget | undefined,
    stack: AsyncDisposableStack,
    watched?: WatchedFiles,
  ) {
    this.#services = services
    this.#target = started
    this.#stack = stack
    this.#tls = target?.options.tls
    this.#watched = started?.provider === 'command' ? watched : undefined
  }

  get details(): EnvironmentDetails {
    const present = this.#services.filter(({ provider }) => provider !== 'absent')
    return {
      services: Object.fromEntries(
        present.map(({ name, provider, summary, connection }) => [name, { provider, summary, connection }]),
      ),
      stores: this.#services.flatMap(storeOf),
      ...(this.#target && {
        target: {
          provider: this.#target.provider,
          instances: this.#target.instances,
          ...(this.#tls && { tls: plainTls(this.#tls) }),
        },
      }),
    }
  }

  async reset(name?: string): Promise<void> {
    const services = name === undefined ? this.#services : [resettable(this.#services, name)]
    const { errors } = await settleAll(services.map(async (service) => service.reset?.()))
    if (errors.length > 0) throw new AggregateError(errors, allMessages('services could not be reset', errors))
  }

  async restartTarget(): Promise<void> {
    this.#watched?.remember()
    await this.#target?.restart()
  }

  async restartTargetIfChanged(): Promise<string | undefined> {
    if (this.#target === undefined) return undefined
    const changed = this.#watched?.changed() ?? []
    if (changed.length === 0 && this.#target.running) return undefined
    await this.restartTarget()
    return changed.length === 0 ? 'it had ended' : `${shortList(changed)} changed`
  }

  async disrupt(disruption: Disruption, signal: AbortSignal = this.#ending.signal): Promise<string> {
    const cut = AbortSignal.any([signal, this.#ending.signal])
    cut.throwIfAborted()
    const done = disrupt({ services: this.#services, target: this.#target }, disruption, cut)
    this.#disruptions.add(done)
    try {
      return await done
    } finally {
      this.#disruptions.delete(done)
    }
  }

  onTargetExit(listener: (exit: TargetExit) => void): () => void {
    return this.#target?.onExit(listener) ?? (() => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(new Error('the environment is cleaned up'))
    await Promise.allSettled(this.#disruptions)
    await this.#stack.disposeAsync()
  }
}

function storeOf(service: StartedService): Store[] {
  const kind = kindOf(service)
  if (kind === undefined) return []
  const { name, provider, connection } = service
  const { url } = connection
  return [{ name, kind, isAbsent: provider === 'absent', ...(url !== undefined && { url }) }]
}

function resettable(services: readonly StartedService[], name: string): StartedService {
  const service = services.find((one) => one.name === name)
  if (service?.reset !== undefined) return service
  const names = services.filter(({ reset }) => reset !== undefined).map((one) => one.name)
  throw new ServiceError(name, {
    problem: service === undefined ? 'there is no service of this name to reset' : 'it cannot be reset',
    remedy: names.length === 0 ? 'Leave the reset out.' : `Name one of those that can: ${names.join(', ')}.`,
  })
}
