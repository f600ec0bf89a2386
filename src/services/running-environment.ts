import type { Disruption } from '../control/disruption.ts'
import type { Store } from '../machine/store-kinds.ts'
import { plainTls, type TlsOptions } from '../machine/tls.ts'
import { settledInTime } from '../machine/unsettled.ts'
import { disrupt } from './disrupt.ts'
import { allMessages, settleAll } from './failure.ts'
import { ServiceError, kindOf, type StartedService } from './service.ts'
import type { StartedTarget, TargetExit, TargetInstance } from './target/started-target.ts'
import type { Target } from './target/target.ts'
import { shortList, type WatchedFiles } from './target/watched-files.ts'

/** Time limit of the reset of one service, shorter than that of the worker that requested it. */
const RESET_MS = 300_000

/** Environment of the workers, as plain data. Contains secrets: never logged or reported. */
export interface EnvironmentDetails {
  /** Started services, by name. */
  readonly services: Readonly<Record<string, ServiceDetails>>
  /** Stores that the ledger, `sql()` and capacity can read, including those that were not started. */
  readonly stores: readonly Store[]
  /** Not set if there is no target. */
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
  /** TLS options of every connection to the target, as plain text. Secret. */
  readonly tls?: TlsOptions
}

/** Running services and target. Disposing stops the target first, then the services. */
export interface Environment extends AsyncDisposable {
  /** Current details: `restartTarget` changes the pids. */
  readonly details: EnvironmentDetails
  /**
   * Resets all services that can be reset, or the one with that name, to the state after the start, in parallel. The
   * target is not restarted.
   * @throws {ServiceError} if there is no service with that name, or it cannot be reset
   */
  reset(service?: string): Promise<void>
  /** @throws {ServiceError} if the target is external or does not become ready again */
  restartTarget(): Promise<void>
  /**
   * Restarts the target if it has exited, or one of its files changed since the start.
   * @returns the reason; `undefined` if it was not restarted
   */
  restartTargetIfChanged(): Promise<string | undefined>
  /**
   * Disrupts the target or a service under load. When the environment is cleaned up, disruptions are cut short and undone
   * first.
   * @returns a description of the disruption
   * @throws {ServiceError} if it is not possible, or the target or service does not recover
   */
  disrupt(disruption: Disruption, signal?: AbortSignal): Promise<string>
  /** Calls `listener` for every instance of the target that exits unexpectedly. @returns a function that removes it */
  onTargetExit(listener: (exit: TargetExit) => void): () => void
}

/** Started services and target, and the stack that cleans them up. */
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
    const { errors } = await settleAll(services.map((service) => this.#resetOne(service)))
    if (errors.length > 0) throw new AggregateError(errors, allMessages('services could not be reset', errors))
  }

  async #resetOne(service: StartedService): Promise<void> {
    const limits = { name: `${service.name}: reset()`, signal: this.#ending.signal, timeoutMs: RESET_MS }
    return settledInTime(service.reset?.(), limits)
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
    return changed.length === 0 ? 'it had exited' : `${shortList(changed)} changed`
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
    problem: service === undefined ? 'there is no service with this name to reset' : 'it cannot be reset',
    fix: names.length === 0 ? 'remove the reset' : `name one that can be reset: ${names.join(', ')}`,
  })
}
