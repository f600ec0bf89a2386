import { durationOf, maxVusOf } from '../load/describe.ts'
import { driverFor, type DrivenVu, type Driver, type DriverSurroundings } from '../load/drivers.ts'
import { Fifo } from '../load/fifo.ts'
import type { Phase } from '../load/load.ts'
import { Pacer } from '../load/pacer.ts'
import type { Random } from '../load/random.ts'
import { phasesWithWarmUp, warmUpLoad } from '../load/warm-up.ts'
import { now } from '../machine/clock.ts'
import { OptionsError } from '../options/problems.ts'
import { AbortWatch, type AbortBlame } from './abort-watch.ts'
import { GeneratorMonitor } from './generator-monitor.ts'
import { SnapshotMaker } from './request-snapshots.ts'
import { RunMonitor } from './run-monitor.ts'
import { Tally } from './tally.ts'
import { fewOf, vuDemand } from './vu-demand.ts'
import type { Executed, ExecutionOptions, RunningExecution, Workload } from './workload.ts'

/** Puts a load on: has VUs begin iterations when they are due, from the first connection to the last response. */
export class Execution<V extends DrivenVu> implements RunningExecution<V> {
  readonly pacer: Pick<Pacer, 'start' | 'at' | 'close'>
  readonly tally = new Tally()
  readonly #options: ExecutionOptions
  readonly #workload: Workload<V>
  readonly #phases: readonly Phase[]
  readonly #endMs: number
  readonly #watch: GeneratorMonitor
  readonly #monitor: RunMonitor
  readonly #idle = new Fifo<V>()
  #vus: readonly V[] = []
  #driver: Driver<V> | undefined
  #startMs = Number.NaN
  /** Goes over from the warm-up to the load; absent before the one and after the other has begun. */
  #endWarmUp: (() => void) | undefined
  #endedMs: number | undefined
  #busy = 0
  #mostBusy = 0
  readonly #fewVus: number
  #isOver = false
  #abortReason: string | undefined
  #abortBlame: AbortBlame | undefined
  #scenarioError: { readonly error: unknown } | undefined
  #finish!: () => void
  readonly #finished = new Promise<void>((resolve) => {
    this.#finish = resolve
  })

  /** @param pacer keeps time; a test has one of its own */
  constructor(
    options: ExecutionOptions,
    workload: Workload<V>,
    pacer: Pick<Pacer, 'start' | 'at' | 'close'> = new Pacer(),
  ) {
    const { load, warmupMs, abortWhen, name, kind, limits } = options
    this.#options = options
    this.#workload = workload
    this.pacer = pacer
    this.#phases = phasesWithWarmUp(load, warmupMs)
    this.#endMs = warmupMs + durationOf(load)
    this.#fewVus = fewOf(maxVusOf(load))
    this.#watch = new GeneratorMonitor(() => workload.openSockets)
    this.#monitor = new RunMonitor({
      pacer: this.pacer,
      snapshots: new SnapshotMaker({
        ...{ name, kind, load, limits, phases: this.#phases, plannedMs: this.#endMs },
        ...{ tally: this.tally, watch: this.#watch, series: () => workload.series },
      }),
      abortWatch: new AbortWatch(abortWhen, this.tally),
      gaugesNow: () => ({ inFlight: workload.inFlight, vus: this.#driver?.activeVus ?? 0 }),
      onSnapshot: options.onSnapshot,
      onGivenUp: ({ reason, blame }) => this.#abort(reason, blame),
      onBroken: (error) => {
        this.#scenarioError ??= { error }
        this.#abort('abortWhen threw an error')
      },
    })
  }

  /** Warm-up included. */
  get phases(): readonly Phase[] {
    return this.#phases
  }

  get startMs(): number {
    return this.#startMs
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** What the scenario's own code threw, where that ended the run. */
  get scenarioError(): { readonly error: unknown } | undefined {
    return this.#scenarioError
  }

  /** Puts the load on. Never rejects for what the target does. */
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
      if (this.#abortReason === undefined) this.#begin()
      else this.#startMs = now()
      await this.#finished
      return this.#executed()
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#watch.stop()
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
    // The pacer may be late: what begins now is due after the warm-up, and is the load's own.
    if (this.#endWarmUp !== undefined && endMs - this.#startMs >= this.#options.warmupMs) this.#endWarmUp()
    if (!vu.isBusy) this.#driver!.freed(vu, endMs)
    if (this.#busy === 0 && this.#endedMs !== undefined) this.#finish()
  }

  scenarioFailed(error: unknown): void {
    this.#scenarioError ??= { error }
    this.#abort(`the scenario failed: ${summaryOf(error)}`)
  }

  #begin(): void {
    const { load, warmupMs } = this.#options
    this.#startMs = now()
    const at = (ms: number, task: () => void) => this.pacer.at(this.#startMs + ms, task)
    const main = () => driverFor(load, warmupMs, this.#driverSurroundings('load'))
    if (warmupMs > 0) {
      this.#watch.start()
      this.#drive(driverFor(warmUpLoad(load, warmupMs), 0, this.#driverSurroundings('warm-up')))
      this.#endWarmUp = () => {
        this.#endWarmUp = undefined
        this.#driver!.stop()
        this.tally.forgetIterations()
        this.#watch.start()
        this.#drive(main())
      }
      at(warmupMs, () => this.#endWarmUp?.())
    } else {
      this.#watch.start()
      this.#drive(main())
    }
    at(this.#endMs, () => this.#end())
    this.#monitor.start(this.#startMs)
  }

  #drive(driver: Driver<V>): void {
    this.#driver = driver
    driver.start()
  }

  #driverSurroundings(seedLabel: string): DriverSurroundings<V> {
    const { random, dropAfterMs } = this.#options
    const own = random.fork(seedLabel)
    return {
      vus: this.#vus,
      idle: this.#idle,
      pacer: this.pacer,
      startMs: () => this.#startMs,
      random: own,
      dropAfterMs,
      stepThinkMs: this.#workload.stepThinkMs,
      onScheduled: (delayMs) => this.#watch.recordScheduleDelay(delayMs),
      onDropped: (dueMs) => this.#countDropped(dueMs, own),
      onExhausted: () => this.#end(),
    }
  }

  #countDropped(dueMs: number, random: Random): void {
    const window = this.#workload.dropped(random).timeline.at(dueMs)
    window.offered++
    window.dropped++
    this.tally.offered++
    this.tally.dropped++
  }

  /** The load's time is over: nothing new begins, what was begun may end. */
  #end(): void {
    if (this.#endedMs !== undefined) return
    this.#close()
    if (this.#busy === 0) {
      this.#finish()
      return
    }
    // Iterations of several steps get as long as one request may take to go on; then each has its last.
    this.pacer.at(now() + this.#options.graceMs, () => {
      this.#isOver = true
      this.#finishWhenQuiet()
    })
  }

  #finishWhenQuiet(): void {
    if (this.#workload.inFlight === 0) this.#finish()
    else this.pacer.at(now() + 20, () => this.#finishWhenQuiet())
  }

  #abort(reason: string, blame?: AbortBlame): void {
    if (this.#abortReason !== undefined) return
    this.#isOver = true
    // The target's failure explains why requests were dropped; an interrupt says nothing of them.
    if (this.#endedMs === undefined) this.#close(blame === undefined)
    this.#abortReason = reason
    this.#abortBlame = blame
    this.#finish()
  }

  #close(isInterrupted = false): void {
    const ranMs = Number.isNaN(this.#startMs) ? 0 : now() - this.#startMs
    this.#endedMs = Math.min(ranMs, this.#endMs)
    this.#endWarmUp = undefined
    this.#monitor.stop()
    this.#driver?.stop(isInterrupted)
    this.#watch.stop()
  }

  #executed(): Executed {
    const { load, graceMs, dropAfterMs } = this.#options
    const endedMs = this.#endedMs!
    this.#monitor.tellLast()
    return {
      phases: cut(this.#phases, endedMs),
      gauges: this.#monitor.gauges,
      startMs: this.#startMs,
      durationMs: endedMs,
      generator: this.#watch.health(),
      abortReason: this.#abortReason,
      abortBlame: this.#abortBlame,
      ...vuDemand(load, this.tally, { mostBusy: this.#mostBusy, patienceMs: Math.min(graceMs, dropAfterMs) }),
    }
  }
}

/** Phases as far as the run got. Every phase stays, so that what was counted keeps its place. */
function cut(phases: readonly Phase[], endedMs: number): readonly Phase[] {
  return phases.map(({ name, startMs, endMs }) => ({
    name,
    startMs: Math.min(startMs, endedMs),
    endMs: Math.min(endMs, endedMs),
  }))
}

/** One line on what the scenario's own code threw. */
function summaryOf(error: unknown): string {
  if (error instanceof OptionsError) return error.problems.map(({ path, rule }) => `${path} ${rule}`)[0]!
  return error instanceof Error ? error.message.split('\n', 1)[0]! : String(error)
}

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : String(reason)
}
