import { durationOf, isOpen, maxVusOf, offeredIterations, phasesOf } from '../load/describe.ts'
import { driverFor, type DrivenVu, type Driver, type DriverContext } from '../load/drivers.ts'
import { Fifo } from '../load/fifo.ts'
import type { Load, Phase } from '../load/load.ts'
import { Pacer } from '../load/pacer.ts'
import type { Random } from '../load/random.ts'
import { samplesIn } from '../load/samples.ts'
import { shareOf, WHOLE, type Share } from '../load/share.ts'
import { phasesWithWarmUp, warmUpLoad } from '../load/warm-up.ts'
import { now } from '../machine/clock.ts'
import { OptionsError } from '../options/problems.ts'
import { AbortWatch, type AbortCause } from './abort-watch.ts'
import { MetricRecorder } from './custom-metrics/metric-recorder.ts'
import { GeneratorMonitor } from './generator-monitor.ts'
import { IterationTimes } from './iteration-times.ts'
import { SnapshotMaker } from './request-snapshots.ts'
import { RunMonitor } from './run-monitor.ts'
import { Tally } from './tally.ts'
import { fewOf, vuDemand } from './vu-demand.ts'
import type { Executed, ExecutionOptions, RunningExecution, Workload } from './workload.ts'

/**
 * Applies a load, or this generator's share of it, from the first connection to the last response: VUs begin iterations when
 * they are due.
 */
export class Execution<V extends DrivenVu> implements RunningExecution<V> {
  readonly pacer: Pick<Pacer, 'start' | 'at' | 'close'>
  readonly tally = new Tally()
  readonly iterationTimes: IterationTimes | undefined
  readonly metrics: MetricRecorder
  readonly #options: ExecutionOptions
  readonly #workload: Workload<V>
  readonly #share: Share
  readonly #phases: readonly Phase[]
  readonly #endMs: number
  readonly #generator: GeneratorMonitor
  readonly #monitor: RunMonitor
  readonly #idle = new Fifo<V>()
  readonly #numbered = { count: 0 }
  #vus: readonly V[] = []
  #driver: Driver<V> | undefined
  #startMs = Number.NaN
  /** Switches from the warm-up to the load; set only during the warm-up. */
  #startLoad: (() => void) | undefined
  #endedMs: number | undefined
  #busy = 0
  #mostBusy = 0
  readonly #fewVus: number
  #isOver = false
  #abortReason: string | undefined
  #abortCause: AbortCause | undefined
  #scenarioError: { readonly error: unknown } | undefined
  #finish!: () => void
  readonly #finished = new Promise<void>((resolve) => {
    this.#finish = resolve
  })

  /** @param pacer timing of tasks; replaced in tests */
  constructor(
    options: ExecutionOptions,
    workload: Workload<V>,
    pacer: Pick<Pacer, 'start' | 'at' | 'close'> = new Pacer(),
  ) {
    const { load, warmupMs, abortWhen, name, kind, limits } = options
    this.#options = options
    this.#workload = workload
    this.#share = options.division?.share ?? WHOLE
    this.pacer = pacer
    this.#phases = phasesWithWarmUp(load, warmupMs)
    this.#endMs = warmupMs + durationOf(load)
    this.iterationTimes = options.timesIterations ? new IterationTimes(this.#phases) : undefined
    this.metrics = new MetricRecorder(this.#phases)
    this.#fewVus = fewOf(shareOf(this.#share, maxVusOf(load)))
    this.#generator = new GeneratorMonitor(() => workload.openSockets)
    this.#monitor = new RunMonitor({
      pacer: this.pacer,
      snapshots: new SnapshotMaker({
        ...{ name, kind, load, limits, phases: this.#phases, plannedMs: this.#endMs },
        ...{ tally: this.tally, watch: this.#generator, series: () => workload.series },
      }),
      abortWatch: new AbortWatch(abortWhen, {
        tally: this.tally,
        phases: this.#phases,
        series: () => workload.series,
        maxRequests: maxRequestsIn(load, options.maxRequestsPerIteration),
      }),
      gaugesNow: () => ({ inFlight: workload.inFlight, vus: this.#driver?.activeVus ?? 0 }),
      onSnapshot: options.onSnapshot,
      onGivenUp: ({ reason, blame }) => this.#abort(reason, blame),
      onBroken: (error) => {
        this.#scenarioError ??= { error }
        this.#abort('abortWhen threw an error')
      },
    })
  }

  /** Phases including the warm-up. */
  get phases(): readonly Phase[] {
    return this.#phases
  }

  get startMs(): number {
    return this.#startMs
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Error of the scenario's code that aborted the run. */
  get scenarioError(): { readonly error: unknown } | undefined {
    return this.#scenarioError
  }

  /** Applies the load. Errors of the target never reject. */
  async run(): Promise<Executed> {
    const { signal } = this.#options
    const onAbort = () => this.#abort(reasonOf(signal))
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    try {
      const [vus] = await Promise.all([this.#workload.open(this), this.pacer.start()])
      this.#vus = vus
      for (const vu of this.#vus) this.#idle.push(vu)
      this.#monitor.prime()
      await this.#startTogether()
      await this.#finished
      await this.#driver?.settled
      return this.#executed()
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#generator.stop()
      await Promise.all([this.#workload.close(), this.pacer.close()])
    }
  }

  iterationBegan(): boolean {
    this.#busy++
    if (this.#busy > this.#mostBusy) this.#mostBusy = this.#busy
    return this.#busy <= this.#fewVus
  }

  countedUntilMs(beganMs: number): number {
    const { warmupMs } = this.#options
    return beganMs < warmupMs ? warmupMs - 1e-3 : Number.POSITIVE_INFINITY
  }

  iterationEnded(vu: V, endMs: number): void {
    this.#busy--
    // The pacer may be late: an iteration that begins now is due after the warm-up and belongs to the load.
    if (this.#startLoad !== undefined && endMs - this.#startMs >= this.#options.warmupMs) this.#startLoad()
    if (!vu.isBusy) this.#driver!.freed(vu, endMs)
    if (this.#busy === 0 && this.#endedMs !== undefined) this.#finish()
  }

  scenarioFailed(error: unknown): void {
    this.#scenarioError ??= { error }
    this.#abort(`the scenario failed: ${summaryOf(error)}`)
  }

  /** Begins with the runs in parallel and, with other generators, at the instant at which all of them begin. */
  async #startTogether(): Promise<void> {
    const { division, ready } = this.#options
    if (ready !== undefined) await Promise.race([ready(), this.#finished])
    if (division !== undefined && this.#abortReason === undefined) {
      const start = await Promise.race([division.startAt(), this.#finished])
      if (start !== undefined) this.pacer.at(start.atMs, () => this.#begin(start.atMs))
    } else this.#begin(now())
  }

  #begin(startMs: number): void {
    if (this.#abortReason !== undefined) return
    const { load, warmupMs } = this.#options
    this.#startMs = startMs
    const at = (ms: number, task: () => void) => this.pacer.at(this.#startMs + ms, task)
    const main = () => driverFor(load, warmupMs, this.#driverContext('load'))
    if (warmupMs > 0) {
      this.#generator.start()
      this.#drive(driverFor(warmUpLoad(load, warmupMs), 0, this.#driverContext('warm-up')))
      this.#startLoad = () => {
        this.#startLoad = undefined
        this.#driver!.stop()
        this.tally.forgetIterations()
        this.#generator.start()
        this.#drive(main())
      }
      at(warmupMs, () => this.#startLoad?.())
    } else {
      this.#generator.start()
      this.#drive(main())
    }
    at(this.#endMs, () => this.#end())
    this.#monitor.start(this.#startMs)
  }

  #drive(driver: Driver<V>): void {
    this.#driver = driver
    driver.start()
  }

  #driverContext(seedLabel: 'load' | 'warm-up'): DriverContext<V> {
    const { load, random, maxQueueTimeMs, division } = this.#options
    // Its own stream: the instants of arrivals must not depend on what was dropped.
    const forDropped = random.fork(`${seedLabel}, dropped by ${this.#share.index}`)
    return {
      vus: this.#vus,
      share: this.#share,
      claim: division?.claim,
      firstIteration: seedLabel === 'load' ? 0 : (offeredIterations(load) ?? 0),
      numbered: this.#numbered,
      idle: this.#idle,
      pacer: this.pacer,
      startMs: () => this.#startMs,
      random: random.fork(seedLabel),
      maxQueueTimeMs,
      stepThinkMs: this.#workload.stepThinkMs,
      onScheduled: (delayMs) => this.#generator.recordScheduleDelay(delayMs),
      onDropped: (dueMs) => this.#countDropped(dueMs, forDropped),
      onExhausted: () => this.#end(),
      onClaimFailed: (error) => this.#abort(`iterations could not be claimed: ${summaryOf(error)}`),
    }
  }

  #countDropped(dueMs: number, random: Random): void {
    const { journey, timeline } = this.#workload.dropped(random)
    const window = timeline.at(dueMs)
    window.offered++
    window.dropped++
    this.tally.offered++
    this.tally.dropped++
    this.iterationTimes?.dropped(dueMs, journey)
  }

  /** Ends the load: no new iterations begin, and those in progress may end. */
  #end(): void {
    if (this.#endedMs !== undefined) return
    this.#close()
    if (this.#busy === 0) {
      this.#finish()
      return
    }
    // Iterations with several steps may continue for the longest time of one request, then end with the current one.
    this.pacer.at(now() + this.#options.graceMs, () => {
      this.#isOver = true
      this.#workload.onOver?.()
      this.#finishWhenQuiet()
    })
  }

  #finishWhenQuiet(): void {
    if (this.#workload.inFlight === 0) this.#finish()
    else this.pacer.at(now() + 20, () => this.#finishWhenQuiet())
  }

  #abort(reason: string, blame?: AbortCause): void {
    if (this.#abortReason !== undefined) return
    this.#isOver = true
    // A failure of the target explains dropped requests; an interrupt does not.
    if (this.#endedMs === undefined) this.#close(blame === undefined)
    this.#abortReason = reason
    this.#abortCause = blame
    this.#workload.onOver?.()
    this.#finish()
  }

  #close(isInterrupted = false): void {
    const ranMs = Number.isNaN(this.#startMs) ? 0 : now() - this.#startMs
    this.#endedMs = Math.min(ranMs, this.#endMs)
    this.#startLoad = undefined
    this.#monitor.stop()
    this.#driver?.stop(isInterrupted)
    this.#generator.stop()
  }

  #executed(): Executed {
    const { load, graceMs, maxQueueTimeMs } = this.#options
    const endedMs = this.#endedMs!
    if (Number.isNaN(this.#startMs)) this.#startMs = now()
    const nowMs = now()
    for (const vu of this.#vus) if (vu.isBusy) vu.cut?.(nowMs)
    this.#monitor.tellLast()
    const vuUse = {
      iterations: this.tally.iterations,
      wereAllBusy: this.#vus.length > 0 && this.#mostBusy >= this.#vus.length,
      patienceMs: Math.min(graceMs, maxQueueTimeMs),
    }
    return {
      phases: phasesUntil(this.#phases, endedMs),
      gauges: this.#monitor.gauges,
      startMs: this.#startMs,
      durationMs: endedMs,
      iterations: this.iterationTimes?.series ?? [],
      metrics: this.metrics.series,
      generator: this.#generator.health(),
      abortReason: this.#abortReason,
      abortCause: this.#abortCause,
      vuUse,
      ...vuDemand(load, vuUse, this.#share),
    }
  }
}

/**
 * Upper bound of the requests in the judged phases of a load; `undefined` if it is unknown. Iterations of a phase may begin
 * before it, and their number is random with Poisson arrivals: six standard deviations are added.
 */
function maxRequestsIn(load: Load, perIteration: number | undefined): number | undefined {
  if (perIteration === undefined) return undefined
  if (load.kind === 'sharedIterations') return load.iterations * perIteration
  if (!isOpen(load)) return undefined
  const planned = samplesIn(load, 1)
  const spread = load.arrivals === 'poisson' ? 6 * Math.sqrt(planned) : 0
  const others = perIteration === 1 ? 0 : load.vus
  return Math.ceil((planned + spread + phasesOf(load).length + others) * perIteration)
}

/** Phases until the end of the run. None is removed, so that counts keep their index. */
function phasesUntil(phases: readonly Phase[], endedMs: number): readonly Phase[] {
  return phases.map(({ name, startMs, endMs }) => ({
    name,
    startMs: Math.min(startMs, endedMs),
    endMs: Math.min(endMs, endedMs),
  }))
}

/** Error of the scenario's code in one line. */
function summaryOf(error: unknown): string {
  if (error instanceof OptionsError) return error.problems.map(({ path, rule }) => `${path} ${rule}`)[0]!
  return error instanceof Error ? error.message.split('\n', 1)[0]! : String(error)
}

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : String(reason)
}
