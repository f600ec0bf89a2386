import { clearInterval, setInterval, sleep } from '../machine/clock.ts'
import type { Vu } from '../load/vu.ts'
import { redactText } from '../options/redact.ts'
import type { FanOutRecord } from '../run/fan-out-record.ts'
import type { GeneratorLimits } from '../run/generator-limits.ts'
import { GeneratorWatch } from '../run/generator-watch.ts'
import type { GeneratorHealth } from '../run/generator.ts'
import type { RunSnapshot } from '../run/snapshot.ts'
import { nowUs } from './clock.ts'
import { DeliveryLedger } from './delivery-ledger.ts'
import { accountOf, describeFanOut } from './fan-out-account.ts'
import { limitsFor } from './fan-out-limits.ts'
import type { PlacedFanOut } from './fan-out-options.ts'
import { snapshotOf } from './fan-out-snapshot.ts'
import { Identifier } from './identifier.ts'
import type { Message } from './message.ts'
import { worstHealth } from './generator-processes.ts'
import type { Publication } from './publication.ts'
import { Publisher, type PublisherEvents } from './publisher.ts'
import type { SocketPool } from './socket-pool.ts'
import { Clients, type ClientEvents } from './clients.ts'
import { createPool } from './create-pool.ts'

/** Everything has come, and nothing did for so long: duplicates would have, too. */
const QUIET_MS = 500
const CLOSE_WITHIN_MS = 2000
const SNAPSHOT_EVERY_MS = 1000

export interface FanOutContext {
  readonly seed: number | string
  readonly limits: GeneratorLimits
  readonly signal: AbortSignal
  readonly onSnapshot?: ((snapshot: RunSnapshot) => void) | undefined
}

interface Delivery {
  readonly publication: Publication | undefined
  readonly sequence: number | undefined
}

/** One fan-out, from the first handshake to the last closed socket. */
export class FanOut<D> implements ClientEvents, PublisherEvents {
  readonly #plan: PlacedFanOut<D>
  readonly #context: FanOutContext
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  readonly #groupOf: readonly string[]
  readonly #clients: Clients<D>
  readonly #vus: readonly Vu<D>[]
  readonly #identifier: Identifier<Delivery>
  readonly #ledger: DeliveryLedger
  readonly #publisher: Publisher
  readonly #watch = new GeneratorWatch(() => this.#pool.openCount)
  #pool!: SocketPool
  #openingMs = 0
  #openingHealth: GeneratorHealth | undefined
  #startUs = 0
  #lastMessageUs = 0
  #isOver = false
  #brokenBy: { error: unknown } | undefined

  /** @throws whatever `group` throws */
  constructor(plan: PlacedFanOut<D>, rows: readonly D[], context: FanOutContext) {
    const { clients, group, lateAfterMs } = plan
    this.#plan = plan
    this.#context = context
    this.#signal = AbortSignal.any([context.signal, this.#stop.signal])
    this.#vus = Array.from({ length: clients }, (_, id) => ({ id, data: rows[id % rows.length] as D, vars: {} }))
    this.#groupOf = group === undefined ? [] : this.#vus.map((vu) => group(vu))
    this.#ledger = new DeliveryLedger({ clients, lateAfterMs })
    this.#publisher = new Publisher(plan, [...new Set(this.#groupOf)], context.seed, this)
    this.#identifier = new Identifier(plan.identify, ({ id, sequence, publishedAtMs }) => {
      const publication = this.#ledger.find(String(id))
      if (publication !== undefined && publishedAtMs !== undefined) publication.stampedAtMs = publishedAtMs
      return { publication, sequence }
    })
    const asked = { ...plan, vuOf: (client: number) => this.#vus[client]! }
    this.#clients = new Clients<D>(asked, this, (events) => (this.#pool = createPool(plan, events)))
  }

  /**
   * Puts the load on. Never rejects for what the target does.
   *
   * @returns what was measured, and what a function of the scenario threw where that ended the run
   */
  async run(): Promise<{ record: FanOutRecord; scenarioError: { readonly error: unknown } | undefined }> {
    const snapshots = setInterval(() => this.#show(), SNAPSHOT_EVERY_MS)
    let publishedMs = 0
    try {
      this.#watch.start()
      const openedFromUs = nowUs()
      await this.#clients.open(this.#signal)
      this.#openingMs = (nowUs() - openedFromUs) / 1000
      this.#openingHealth = this.#watch.health()
      if (this.#clients.states.everSubscribedCount > 0 && !this.#signal.aborted) {
        this.#watch.start()
        this.#pool.watch()
        await this.#publisher.run(this.#signal, (startUs) => {
          this.#startUs = startUs
        })
      }
      publishedMs = this.#elapsedMs()
      this.#watch.stop()
      this.#pool.unwatch()
      await this.#settle()
    } finally {
      this.#isOver = true
      this.#watch.stop()
      clearInterval(snapshots)
      this.#clients.stop()
      await this.#pool.close(this.#signal.aborted ? 0 : CLOSE_WITHIN_MS)
    }
    return { record: this.#account(publishedMs), scenarioError: this.#brokenBy }
  }

  subscribed(client: number, isAgain: boolean): void {
    if (isAgain) this.#ledger.reconnected(client)
    else this.#ledger.subscribe(client, this.#groupOf[client])
  }

  due(publication: Parameters<PublisherEvents['due']>[0]): Publication {
    this.#watch.recordScheduleDelay((nowUs() - publication.intendedUs) / 1000)
    return this.#ledger.publish(publication)
  }

  message(client: number, data: Buffer, isBinary: boolean, atUs: number, framed?: Message): void {
    const delivery = this.#identifier.identify(data, isBinary, framed)
    if (delivery === undefined || delivery === 'other') return
    this.#lastMessageUs = atUs
    this.#ledger.receive(client, delivery.publication, delivery.sequence, atUs)
  }

  broken(error: unknown): void {
    this.#brokenBy ??= { error }
    this.#stop.abort(`the scenario failed: ${wordsOf(error)}`)
  }

  async #settle(): Promise<void> {
    const deadlineUs = nowUs() + this.#plan.settleMs * 1000
    while (!this.#signal.aborted && nowUs() < deadlineUs) {
      const isQuiet = nowUs() - this.#lastMessageUs > QUIET_MS * 1000
      if (this.#ledger.owed === 0 && isQuiet) return
      if (this.#clients.states.subscribedCount === 0 && this.#plan.reconnectAfterMs === undefined) return
      await sleep(50, undefined, { signal: this.#signal }).catch(() => undefined)
    }
  }

  #account(publishedMs: number): FanOutRecord {
    const abortReason = this.#signal.aborted ? wordsOf(this.#signal.reason) : undefined
    if (abortReason !== undefined) this.#ledger.cutOff(nowUs(), this.#plan.settleMs)
    const record = accountOf({
      plan: this.#plan,
      ledger: this.#ledger,
      sockets: this.#clients.states,
      startUs: this.#startUs === 0 ? nowUs() : this.#startUs,
      publishedMs,
      openingMs: this.#openingMs,
      openingHealth: this.#openingHealth,
      abortReason,
      heartbeats: this.#clients.heartbeats,
      connectionNotes: this.#clients.notes,
      unidentified: { count: this.#identifier.unidentified, sample: this.#identifier.sample },
      sendFailure: this.#publisher.failure,
      generator: worstHealth(this.#watch.health(), this.#pool.health),
      lostProcesses: this.#pool.lost,
      limits: limitsFor(this.#plan.lateAfterMs, this.#context.limits),
    })
    this.#show()
    return record
  }

  #show(): void {
    const { onSnapshot } = this.#context
    onSnapshot?.(
      snapshotOf({
        plan: this.#plan,
        load: describeFanOut(this.#plan),
        elapsedMs: this.#elapsedMs(),
        isOver: this.#isOver,
        subscribed: this.#clients.states.subscribedCount,
        failures: this.#clients.states.failures,
        sent: this.#publisher.sent,
        expected: this.#ledger.expected,
        received: this.#ledger.received,
        windows: this.#ledger.windows,
        health: this.#watch.health(),
        limits: limitsFor(this.#plan.lateAfterMs, this.#context.limits),
      }),
    )
  }

  #elapsedMs(): number {
    const { warmupMs, durationMs } = this.#plan
    return this.#startUs === 0 ? 0 : Math.min(warmupMs + durationMs, (nowUs() - this.#startUs) / 1000)
  }
}

function wordsOf(reason: unknown): string {
  return redactText(reason instanceof Error ? reason.message.split('\n', 1)[0]! : String(reason))
}
