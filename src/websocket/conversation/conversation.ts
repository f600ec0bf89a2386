import { decided } from '../../execution/checked-function.ts'
import { Execution } from '../../execution/execution.ts'
import type { GeneratorLimits } from '../../execution/generator-limits.ts'
import type { RequestSeries } from '../../execution/request-scope.ts'
import { PhasedTimeline } from '../../execution/request-timeline.ts'
import type { Workload } from '../../execution/workload.ts'
import { Deadlines } from '../../load/deadlines.ts'
import { maxVusOf, meanOf } from '../../load/describe.ts'
import type { Load } from '../../load/load.ts'
import type { Random } from '../../load/random.ts'
import type { AssignedRows } from '../../load/rows/assigned-rows.ts'
import { isOwn, type Division } from '../../load/share.ts'
import { nextTurn, now, sleep } from '../../machine/clock.ts'
import type { RunSnapshot } from '../../results/snapshot.ts'
import { calculatedWarnings } from '../../runs/calculated-warnings.ts'
import type { HttpMeasurement, Readiness } from '../../runs/request-measurement.ts'
import { SlowestRequests } from '../../runs/slowest-requests.ts'
import { formatCount } from '../../stats/units.ts'
import { ConnectionRecording, recorded, type RecordedRun } from '../connection-recording.ts'
import type { ClientEvents } from '../fan-out/clients-plan.ts'
import { Clients } from '../fan-out/clients.ts'
import { Message } from '../message.ts'
import { checkedMessages } from '../returned-values.ts'
import { toPerformanceMs } from '../sockets/clock.ts'
import { createPool } from '../sockets/create-pool.ts'
import { diagnoseHandshakes, isRefusal, isRejection, fixFor } from '../sockets/failure-remedies.ts'
import { worstHealth } from '../sockets/generator-processes.ts'
import type { Placement } from '../sockets/socket-options.ts'
import type { SocketPool } from '../sockets/socket-pool.ts'
import { Closings } from './closings.ts'
import type { ConversationPlan } from './conversation-options.ts'
import { ConversationVu } from './conversation-vu.ts'
import { FirstMessages } from './first-messages.ts'

const CLOSE_WITHIN_MS = 2000
/** Time for the target to process `onOpen` messages that nothing acknowledges. */
const GREETING_DELAY_MS = 500
/** Limits of the time in which the response to the last step may still arrive, if another message was mistaken for it. */
const LISTEN_AT_LEAST_MS = 250
const LISTEN_AT_MOST_MS = 1000

export interface ConversationParts<D> {
  readonly plan: ConversationPlan<D> & Placement
  /** After scaling. */
  readonly load: Load
  /** Name of the scale that reduced the load, if one did. */
  readonly reducedTo: string | undefined
  readonly rows: AssignedRows<D>
  readonly random: Random
  /** Share of this generator; `undefined` if it carries the whole load. */
  readonly division?: Division | undefined
  readonly signal: AbortSignal
  /** Resolves when the load may begin; `undefined` for at once. */
  readonly ready: (() => Promise<void>) | undefined
  readonly limits: GeneratorLimits
  readonly onSnapshot: ((snapshot: RunSnapshot) => void) | undefined
}

/** Conversations of many VUs under one load, from the first connection to the last response. */
export class Conversation<D> implements Workload<ConversationVu<D>>, ClientEvents {
  readonly series: readonly RequestSeries[]
  readonly #parts: ConversationParts<D>
  readonly #execution: Execution<ConversationVu<D>>
  readonly #slowest: SlowestRequests
  readonly #clients: Clients<D>
  readonly #deadlines: Deadlines
  readonly #connections = {
    ...{ opened: 0, refused: 0, closedIdle: 0, replaced: 0, resetAfterUse: 0, openAtEnd: 0, maxOpen: 0 },
  }
  readonly #closings = new Closings()
  readonly #firsts = new FirstMessages()
  /** VUs by id; `undefined` for those of other generators. */
  readonly #byId: readonly (ConversationVu<D> | undefined)[]
  /** VUs of this generator. */
  readonly #vus: readonly ConversationVu<D>[]
  readonly #broken = new AbortController()
  /** VUs without a connection when the load began, by kind of failure. */
  #notReady: ReadonlyMap<string, number> = new Map()
  #pool!: SocketPool

  constructor(parts: ConversationParts<D>) {
    const { plan, load, rows, random, division, signal, ready, limits, onSnapshot } = parts
    const { name, warmupMs, timeoutMs: graceMs, maxQueueTimeMs, abortWhen } = plan
    this.#parts = parts
    this.#execution = new Execution(
      {
        name,
        kind: 'conversation',
        load,
        warmupMs,
        graceMs,
        maxQueueTimeMs,
        abortWhen,
        limits,
        random,
        division,
        signal,
        ready,
        onSnapshot,
        maxRequestsPerIteration: plan.steps.length,
        timesIterations: plan.steps.length > 1,
      },
      this,
    )
    const { phases } = this.#execution
    this.series = plan.steps.map((step) => {
      return { step: step.name, tag: undefined, timeline: new PhasedTimeline(phases) }
    })
    this.#slowest = new SlowestRequests(phases)
    this.#deadlines = new Deadlines(plan.timeoutMs)
    this.#clients = this.#createClients(maxVusOf(load))
    const context = {
      steps: plan.steps,
      series: this.series,
      slowest: this.#slowest,
      clients: this.#clients,
      deadlines: this.#deadlines,
      connections: this.#connections,
      closings: this.#closings,
      firsts: this.#firsts,
      execution: this.#execution,
    }
    this.#byId = Array.from({ length: maxVusOf(load) }, (_, id) => {
      if (!isOwn(plan.share, id)) return undefined
      return new ConversationVu(id, rows, () => random.fork(id), context)
    })
    this.#vus = this.#byId.filter((vu) => vu !== undefined)
  }

  /**
   * Applies the load. Does not reject because of the target.
   *
   * @returns the measurement, and the scenario's error if one ended the run
   */
  async run(): Promise<{ measurement: HttpMeasurement; scenarioError: { readonly error: unknown } | undefined }> {
    const executed = await this.#execution.run()
    const { plan, load, reducedTo, limits } = this.#parts
    const { taken, surplus, doubtful } = this.#firsts
    const firstMessages = { taken, surplus, doubtful }
    const { heartbeats } = this.#clients
    const diagnosis = await this.#diagnosis()
    const readiness = this.#readiness()
    const closings = this.#closings.counts
    const connections = {
      ...{ readiness, ...this.#connections },
      ...(closings === undefined ? {} : { closings }),
      ...(surplus > 0 ? { firstMessages } : {}),
    }
    const measurement = {
      ...executed,
      name: plan.name,
      kind: 'conversation' as const,
      load,
      ...(reducedTo === undefined ? {} : { reducedTo }),
      series: this.series,
      slowest: this.#slowest.toJSON(),
      steps: plan.steps.map(({ name }) => name),
      limits,
      connections,
      firstMessages: this.#firsts.record,
      ...(heartbeats === undefined ? {} : { heartbeats }),
      origin: plan.urls.map((url) => new URL(url).origin).join(', '),
      ...(diagnosis === undefined ? {} : { diagnosis }),
      generator: worstHealth(executed.generator, this.#pool.health),
      history: undefined,
      warnings: [
        ...calculatedWarnings({ load, vuUse: executed.vuUse, connections }, plan.share),
        ...this.#pool.lost,
        ...this.#clients.notes,
        ...notReadyNotes(this.#notReady, this.#vus.length),
      ],
    }
    return { measurement, scenarioError: this.#execution.scenarioError }
  }

  /** The reason why no connection was opened, with its fix; `undefined` if unknown. */
  async #diagnosis(): Promise<string | undefined> {
    const kinds = [...this.#clients.states.failures.keys()]
    if (this.#connections.opened > 0 || this.#parts.signal.aborted) return undefined
    const found = await diagnoseHandshakes(this.#parts.plan.urls[0]!, kinds)
    const fix = found ?? (kinds.some(isRefusal) ? undefined : fixFor(kinds))
    return fix && `no connection was opened (${kinds.join(', ')}): ${fix}`
  }

  #readiness(): Readiness {
    // A VU whose turn never came did not have to connect.
    const kinds = this.#clients.states.failuresOf((client) => this.#byId[client]!.iteration >= 0)
    const rejected = [...kinds].reduce((sum, [kind, count]) => (isRejection(kind) ? sum + count : sum), 0)
    const fix = fixFor([...kinds.keys()])
    return {
      began: this.#vus.filter(({ iteration }) => iteration >= 0).length,
      neverReady: Object.fromEntries(kinds),
      rejected,
      ...(fix === undefined ? {} : { fix }),
    }
  }

  get stepThinkMs(): number {
    return this.#parts.plan.steps.reduce((sum, { thinkTime }) => sum + meanOf(thinkTime), 0)
  }

  async open(): Promise<readonly ConversationVu<D>[]> {
    await this.#clients.open(AbortSignal.any([this.#parts.signal, this.#broken.signal]))
    this.#notReady = this.#clients.states.failures
    this.#pool.watch()
    return this.#vus
  }

  async close(): Promise<void> {
    await this.#listen()
    this.#connections.openAtEnd = this.#clients.states.subscribedCount
    this.#clients.stop()
    this.#deadlines.stop()
    this.#pool.unwatch()
    const isCut = this.#parts.signal.aborted || this.#broken.signal.aborted
    for (const vu of this.#vus) vu.finish()
    await this.#pool.close(isCut ? 0 : CLOSE_WITHIN_MS)
  }

  /** If another message was mistaken for a response, the real one arrives after the last step. */
  async #listen(): Promise<void> {
    if (this.#firsts.taken === 0) return
    const signal = AbortSignal.any([this.#parts.signal, this.#broken.signal])
    const ms = Math.min(LISTEN_AT_MOST_MS, Math.max(LISTEN_AT_LEAST_MS, 2 * this.#firsts.longestMs))
    await sleep(ms, undefined, { signal }).catch(() => undefined)
    // If the process is late, messages that arrived in time are read only now: once in this turn, and what they cause in the next.
    await nextTurn()
    await nextTurn()
  }

  get inFlight(): number {
    let count = 0
    for (const vu of this.#vus) if (vu.isInFlight) count++
    return count
  }

  get openSockets(): number {
    return this.#pool.openCount
  }

  dropped(): RequestSeries {
    return this.series[0]!
  }

  subscribed(client: number): void {
    this.#connections.maxOpen = Math.max(this.#connections.maxOpen, this.#clients.states.subscribedCount)
    this.#byId[client]!.connected()
  }

  lost(client: number, why: string): void {
    this.#byId[client]!.disconnected(why)
  }

  failed(client: number, kind: string): void {
    this.#byId[client]!.notConnected(kind)
  }

  message(client: number, data: Buffer, isBinary: boolean, atUs: number, framed?: Message): void {
    this.#byId[client]!.heard(framed ?? new Message(data, isBinary), toPerformanceMs(atUs))
  }

  broken(error: unknown): void {
    this.#execution.scenarioFailed(error)
    this.#broken.abort()
  }

  get #recordedRun(): RecordedRun {
    const execution = this.#execution
    return {
      metrics: execution.metrics,
      phases: execution.phases,
      get elapsedMs() {
        return now() - execution.startMs
      },
      get isOver() {
        return execution.isOver
      },
      scenarioFailed: (error) => this.broken(error),
    }
  }

  #createClients(clients: number): Clients<D> {
    const { plan } = this.#parts
    const { onOpen, isReady, handshake } = plan
    const recording = new ConnectionRecording(this.#recordedRun)
    const clientsPlan = {
      ...plan,
      clients,
      vuOf: (client: number) => this.#byId[client]!.vu,
      ...recorded<D>(recording, {
        handshake,
        subscribe: onOpen && ((vu) => checkedMessages('onOpen', onOpen(vu))),
        isSubscribed: isReady && ((message, vu) => decided('isReady', isReady(message, vu))),
      }),
      acknowledgedBy: 'isReady' as const,
      subscribeTimeoutMs: plan.readyTimeoutMs,
      joinDelayMs: onOpen === undefined ? 0 : GREETING_DELAY_MS,
      reconnectAfterMs: undefined,
    }
    return new Clients<D>(clientsPlan, this, (events) => (this.#pool = createPool(clientsPlan, events)))
  }
}

/** Notes about VUs that had no connection when the load began. Each connects when its next iteration is due. */
function notReadyNotes(kinds: ReadonlyMap<string, number>, vus: number): readonly string[] {
  const count = [...kinds.values()].reduce((sum, each) => sum + each, 0)
  if (count === 0) return []
  const shown = [...kinds].map(([kind, each]) => `${formatCount(each)} × ${kind}`).join(', ')
  return [`${formatCount(count)} of ${formatCount(vus)} VUs had no connection when the load began (${shown})`]
}
