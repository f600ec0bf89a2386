import { randomUUID } from 'node:crypto'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { constantArrivalRate } from '../load/builders.ts'
import { Random } from '../load/random.ts'
import { ArrivalSchedule } from '../load/schedule.ts'
import { redactText } from '../options/redact.ts'
import type { FanOutRecord, PublicationRecord } from '../run/fan-out-record.ts'
import type { GeneratorHealth } from '../run/generator.ts'
import type { Invalidity } from '../run/verdict.ts'
import { formatCount, formatDuration, formatRate, formatRatio } from '../stats/units.ts'
import { Histogram } from '../stats/histogram.ts'
import { nowUs } from './clock.ts'
import { DeliveryLedger } from './delivery-ledger.ts'
import type { FanOutPlan } from './fan-out-options.ts'
import { Identifier } from './identifier.ts'
import { LocalPool } from './local-pool.ts'
import type { Publication } from './publication.ts'
import { publishOnSchedule } from './publisher.ts'
import type { PoolEvents, SocketPool } from './socket-pool.ts'
import { Subscribers } from './subscribers.ts'

const QUIET_MS = 500
const CLOSE_WITHIN_MS = 2000

interface Delivery {
  readonly publication: Publication | undefined
  readonly sequence: number | undefined
}

/** One fan-out from the first handshake to the last closed socket. */
export class FanOut {
  readonly #plan: FanOutPlan
  readonly #seed: number
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  readonly #groups: string[] = []
  readonly #groupOf: (string | undefined)[] = []
  readonly #subscribers: Subscribers
  readonly #identifier: Identifier<Delivery>
  readonly #slips = new Histogram()
  #pool: SocketPool | undefined
  #ledger: DeliveryLedger
  #startUs = 0
  #lastMessageUs = 0
  #sendFailure: string | undefined
  #brokenBy: { error: unknown } | undefined

  constructor(plan: FanOutPlan, { seed, signal }: { seed: number; signal: AbortSignal }) {
    this.#plan = plan
    this.#seed = seed
    this.#signal = AbortSignal.any([signal, this.#stop.signal])
    this.#ledger = new DeliveryLedger({ clients: plan.clients, lateAfterMs: plan.lateAfterMs })
    this.#identifier = new Identifier(plan.identify, ({ id, sequence }) => {
      return { publication: this.#ledger.find(String(id)), sequence }
    })
    this.#subscribers = new Subscribers(plan, this, (events) => this.#createPool(events))
  }

  /** @throws whatever a function of the scenario threw; sockets are closed all the same */
  async run(): Promise<FanOutRecord> {
    const generator = watchGenerator()
    let endUs = 0
    try {
      this.#groupClients()
      await this.#subscribers.open(this.#signal)
      generator.start()
      this.#startUs = nowUs()
      if (this.#subscribers.everSubscribedCount > 0 && !this.#signal.aborted) await this.#publishAll()
      endUs = nowUs()
      await this.#settle()
    } finally {
      this.#subscribers.stop()
      await this.#pool?.close(this.#signal.aborted ? 0 : CLOSE_WITHIN_MS)
    }
    if (this.#brokenBy) throw this.#brokenBy.error
    return this.#record(endUs, generator.stop(this.#pool?.maxOpen ?? 0, this.#slips))
  }

  #createPool(events: PoolEvents): SocketPool {
    const { url, clients, handshakeTimeoutMs, rejectUnauthorized } = this.#plan
    this.#pool = new LocalPool(
      { url, clients, handshakeTimeoutMs, rejectUnauthorized, localAddress: () => undefined },
      events,
    )
    return this.#pool
  }

  #groupClients(): void {
    const { group, clients } = this.#plan
    if (group === undefined) return
    const groupOf = Array.from({ length: clients }, (_, client) => group(client))
    this.#groupOf.push(...groupOf)
    this.#groups.push(...new Set(groupOf))
  }

  subscribed(client: number, isAgain: boolean): void {
    if (isAgain) this.#ledger.reconnected(client)
    else this.#ledger.subscribe(client, this.#groupOf[client])
  }

  message(client: number, data: Buffer, isBinary: boolean, atUs: number): void {
    const delivery = this.#identifier.identify(data, isBinary)
    if (delivery === undefined || delivery === 'other') return
    this.#lastMessageUs = atUs
    this.#ledger.receive(client, delivery.publication, delivery.sequence, atUs)
  }

  broken(error: unknown): void {
    this.#brokenBy ??= { error }
    this.#stop.abort()
  }

  async #publishAll(): Promise<void> {
    const { publishRatePerSec, arrivals, warmupMs, durationMs } = this.#plan
    const load = constantArrivalRate({
      rate: publishRatePerSec,
      vus: 1,
      duration: warmupMs + durationMs,
      arrivals,
    })
    const schedule = new ArrivalSchedule(load, new Random(this.#seed))
    const due = { [Symbol.iterator]: () => ({ next: () => toIteratorResult(schedule.next()) }) }
    this.#ledger.countFromUs = this.#startUs + warmupMs * 1000
    await publishOnSchedule(due, this.#startUs, (index, intendedUs) => this.#publish(index, intendedUs), this.#signal)
  }

  #publish(index: number, intendedUs: number): void {
    const id = randomUUID()
    const sequence = index + 1
    const group = this.#groups.length === 0 ? undefined : this.#groups[index % this.#groups.length]
    const publication = this.#ledger.publish({ id, sequence, group, intendedUs })
    if (publication.isCounted) this.#slips.record(nowUs() - intendedUs)
    const failed = (error: unknown) => {
      publication.isFailed = true
      this.#sendFailure ??= redactText(String(error))
    }
    try {
      Promise.resolve(this.#plan.send({ id, sequence, index, group })).catch(failed)
    } catch (error) {
      failed(error)
    }
  }

  async #settle(): Promise<void> {
    const deadlineUs = nowUs() + this.#plan.settleMs * 1000
    while (!this.#signal.aborted && nowUs() < deadlineUs) {
      const quietUs = nowUs() - this.#lastMessageUs
      if (this.#ledger.owed === 0 && quietUs > QUIET_MS * 1000) return
      if (this.#subscribers.subscribedCount === 0 && this.#plan.reconnectAfterMs === undefined) return
      await delay(50, undefined, { signal: this.#signal }).catch(() => undefined)
    }
  }

  #record(endUs: number, generator: GeneratorHealth): FanOutRecord {
    const { name, clients, warmupMs, durationMs, lateAfterMs, settleMs } = this.#plan
    const abortReason = this.#signal.aborted ? reasonOf(this.#signal) : undefined
    if (abortReason !== undefined) this.#ledger.cutOff(nowUs(), settleMs)
    const plannedMs = warmupMs + durationMs
    const lastedMs = abortReason === undefined ? plannedMs : Math.min(plannedMs, (endUs - this.#startUs) / 1000)
    const subscribers = this.#subscribers
    const sockets = {
      asked: clients,
      subscribed: subscribers.everSubscribedCount,
      failures: Object.fromEntries(subscribers.failures),
      closed: subscribers.closedCount,
      reconnected: subscribers.reconnectedCount,
    }
    return {
      name,
      load: this.#describe(),
      phases: [
        ...(warmupMs > 0 ? [{ name: 'warmup' as const, startMs: 0, endMs: warmupMs }] : []),
        { name: 'steady' as const, startMs: warmupMs, endMs: plannedMs },
      ],
      durationMs: lastedMs,
      countedMs: Math.max(0, lastedMs - warmupMs),
      abortReason,
      lateAfterMs,
      settleMs,
      sockets,
      connectTime: subscribers.connectTime,
      deliveries: this.#ledger.counts(this.#identifier.unidentified),
      publications: this.#ledger.publications
        .filter(({ isCounted }) => isCounted)
        .map((entry) => this.#toRecord(entry)),
      maxSlipMs: this.#slips.count === 0 ? 0 : this.#slips.maxUs / 1000,
      windows: this.#ledger.windows,
      clients: this.#ledger.clientTable(),
      closings: subscribers.closings,
      generator,
      invalidities: this.#invalidities(abortReason),
      connectInvalidities: [],
      notes: this.#notes(),
    }
  }

  #describe(): string {
    const { clients, publishRatePerSec, arrivals, warmupMs, durationMs } = this.#plan
    const parts = [
      `fan-out of ${formatRate(publishRatePerSec)} to ${formatCount(clients)} sockets`,
      formatDuration(durationMs),
      ...(warmupMs > 0 ? [`after ${formatDuration(warmupMs)} of warm-up`] : []),
      ...(arrivals === 'poisson' ? ['Poisson arrivals'] : []),
    ]
    return parts.join(', ')
  }

  #toRecord(publication: Publication): PublicationRecord {
    const { id, sequence, intendedUs, expected, onTime, late, missing, duplicate, outOfOrder, isFailed } = publication
    return {
      id,
      sequence,
      atMs: (intendedUs - this.#startUs) / 1000,
      expected: expected.size,
      onTime,
      late,
      missing,
      duplicate,
      outOfOrder,
      isFailed,
      p95Ms: publication.p95Ms,
      maxMs: Number.isNaN(publication.maxUs) ? undefined : publication.maxUs / 1000,
    }
  }

  #invalidities(abortReason: string | undefined): Invalidity[] {
    const { clients } = this.#plan
    const { everSubscribedCount: everSubscribed, failures } = this.#subscribers
    const found: Invalidity[] = []
    const why = [...failures].map(([kind, count]) => `${formatCount(count)} × ${kind}`).join(', ')
    if (abortReason !== undefined)
      found.push({ reason: 'aborted', finding: `stopped before its end: ${abortReason}`, remedy: 'let the run finish' })
    if (everSubscribed === 0)
      found.push({
        reason: 'no-samples',
        finding: `none of ${formatCount(clients)} sockets was subscribed${why === '' ? '' : ` (${why})`}; nothing was published`,
        remedy: 'see that the target listens at this address and path, and that headers and subscription are right',
      })
    else if (everSubscribed < clients * 0.99)
      found.push({
        reason: 'offered-rate-missed',
        finding: `only ${formatCount(everSubscribed)} of ${formatCount(clients)} sockets (${formatRatio(everSubscribed / clients)}) were subscribed: ${why}`,
        remedy:
          'the load asked for was not put on; lower connectRate, raise handshakeTimeout, or ask for fewer connections',
      })
    return found
  }

  #notes(): string[] {
    const notes: string[] = []
    const failed = this.#ledger.publications.filter(({ isFailed }) => isFailed).length
    if (failed > 0) notes.push(`${formatCount(failed)} publications failed to be sent: ${this.#sendFailure}`)
    const { unidentified, sample } = this.#identifier
    if (unidentified > 0) notes.push(`${formatCount(unidentified)} messages not identified, the first: ${sample}`)
    return notes
  }
}

function toIteratorResult(value: number | undefined): IteratorResult<number> {
  return value === undefined ? { done: true, value } : { done: false, value }
}

function reasonOf(signal: AbortSignal): string {
  const reason: unknown = signal.reason
  return reason instanceof Error ? reason.message : String(reason)
}

function watchGenerator() {
  const loop = monitorEventLoopDelay({ resolution: 10 })
  let cpu = process.cpuUsage()
  let utilization = performance.eventLoopUtilization()
  let startMs = performance.now()
  return {
    start() {
      loop.enable()
      cpu = process.cpuUsage()
      utilization = performance.eventLoopUtilization()
      startMs = performance.now()
    },
    stop(openSockets: number, slips: Histogram): GeneratorHealth {
      loop.disable()
      const used = process.cpuUsage(cpu)
      const at = (us: number) => us / 1000
      return {
        scheduleDelay:
          slips.count === 0
            ? undefined
            : { p50Ms: at(slips.percentileUs(0.5)), p99Ms: at(slips.percentileUs(0.99)), maxMs: at(slips.maxUs) },
        eventLoopDelay: {
          p50Ms: loop.percentile(50) / 1e6,
          p99Ms: loop.percentile(99) / 1e6,
          maxMs: loop.max / 1e6,
        },
        eventLoopUtilization: performance.eventLoopUtilization(utilization).utilization,
        cpuRatio: (used.user + used.system) / 1000 / (performance.now() - startMs),
        maxRssBytes: process.resourceUsage().maxRSS * 1024,
        openSockets,
        descriptorLimit: 0,
      }
    },
  }
}
