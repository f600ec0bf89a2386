import { durationOf, maxVusOf } from '../load/describe.ts'
import type { Load, Phase } from '../load/load.ts'
import type { Random } from '../load/random.ts'
import { GeneratorWatch } from '../run/generator-watch.ts'
import type { GeneratorLimits } from '../run/generator-limits.ts'
import { History } from '../run/history.ts'
import type { AbortBlame, HttpMeasurement } from '../run/http-run.ts'
import { SlowestRequests } from '../run/slowest-requests.ts'
import type { RunSnapshot } from '../run/snapshot.ts'
import { ABORT_CHECK_MS, AbortWatch, type GivenUp } from './abort-watch.ts'
import { openClients, type OpenClients } from './clients.ts'
import { Connection, type ConnectionCounts } from './connection.ts'
import { Deadlines } from './deadlines.ts'
import { driverFor, type Driver, type DriverSurroundings } from './drivers.ts'
import type { Endpoint, Route } from './endpoint.ts'
import { Fifo } from './fifo.ts'
import type { RunOptions } from './options.ts'
import { Pacer } from './pacer.ts'
import { Recording } from './recording.ts'
import { RequestEncoder } from './request-encoder.ts'
import { openAll } from './set-up.ts'
import { SnapshotMaker } from './snapshots.ts'
import { Plan } from './steps.ts'
import { Tally } from './tally.ts'
import { TraceContext } from './trace-context.ts'
import { VirtualUser } from './virtual-user.ts'
import { vusNeeded } from './vus-needed.ts'
import { phasesWithWarmUp, warmUpLoad } from './warm-up.ts'

/** Everything one run needs, checked and at hand. */
export interface LoadRunParts<D> {
  readonly name: string
  /** After scaling. */
  readonly load: Load
  /** Name of the scale that reduced it. */
  readonly reducedTo: string | undefined
  readonly options: RunOptions<D>
  readonly endpoint: Endpoint
  readonly routeOf: (index: number) => Route
  readonly rows: readonly D[]
  readonly random: Random
  readonly signal: AbortSignal
  readonly limits: GeneratorLimits
  readonly runId: string | undefined
  readonly onSnapshot: ((snapshot: RunSnapshot) => void) | undefined
}

/** One run from its first connection to its last answer. */
export class LoadRun<D> {
  readonly #parts: LoadRunParts<D>
  readonly #phases: readonly Phase[]
  readonly #warmupMs: number
  readonly #endMs: number
  readonly #pacer = new Pacer()
  readonly #deadlines: Deadlines
  readonly #plan: Plan<D>
  readonly #tally = new Tally()
  readonly #slowest: SlowestRequests
  readonly #counts: ConnectionCounts = { opened: 0, refused: 0, closedIdle: 0, resent: 0, open: 0, maxOpen: 0 }
  readonly #watch = new GeneratorWatch(() => this.#counts.open)
  readonly #abortWatch: AbortWatch
  readonly #recording: Recording<D> | undefined
  readonly #snapshots: SnapshotMaker
  readonly #gauges: { inFlight: number; vus: number }[] = []
  readonly #vus: VirtualUser<D>[] = []
  readonly #idle = new Fifo<VirtualUser<D>>()
  readonly #encoder: RequestEncoder
  #driver: Driver<D> | undefined
  #startMs = Number.NaN
  #endedMs: number | undefined
  #busy = 0
  #isOver = false
  #abortReason: string | undefined
  #abortBlame: AbortBlame | undefined
  #scenarioError: { readonly error: unknown } | undefined
  #finish!: () => void
  readonly #finished = new Promise<void>((resolve) => {
    this.#finish = resolve
  })

  constructor(parts: LoadRunParts<D>) {
    const { load, options, endpoint, name } = parts
    this.#parts = parts
    this.#warmupMs = options.warmupMs
    this.#phases = phasesWithWarmUp(load, options.warmupMs)
    this.#endMs = options.warmupMs + durationOf(load)
    this.#slowest = new SlowestRequests(this.#phases)
    this.#deadlines = new Deadlines(options.timeoutMs)
    const { host, pathPrefix } = endpoint
    this.#encoder = new RequestEncoder({ host, pathPrefix, headers: { ...endpoint.headers, ...options.headers } })
    this.#plan = new Plan(options.steps, options.expectStatus, this.#encoder, this.#phases)
    this.#abortWatch = new AbortWatch(options.abortWhen, this.#tally)
    this.#recording = this.#makeRecording()
    this.#snapshots = new SnapshotMaker({
      name,
      load,
      phases: this.#phases,
      plannedMs: this.#endMs,
      limits: parts.limits,
      tally: this.#tally,
      watch: this.#watch,
      series: () => this.#plan.series,
    })
  }

  /**
   * Puts the load on. Never rejects for what the target does.
   *
   * @returns what was measured, and the scenario's own error where that ended the run
   */
  async run(): Promise<{ measurement: HttpMeasurement; scenarioError: { readonly error: unknown } | undefined }> {
    const { signal } = this.#parts
    const onAbort = () => this.#abort(reasonOf(signal))
    let clients: OpenClients | undefined
    try {
      await this.#pacer.start()
      clients = this.#openClients()
      await openAll(
        this.#vus.map(({ connection }) => connection),
        signal,
      )
      this.#begin()
      signal.addEventListener('abort', onAbort, { once: true })
      if (signal.aborted) onAbort()
      await this.#finished
      return { measurement: this.#measurement(), scenarioError: this.#scenarioError }
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#watch.stop()
      await this.#pacer.close()
      await clients?.close()
      this.#deadlines.stop()
    }
  }

  #openClients(): OpenClients {
    const { endpoint, load, rows, random, routeOf } = this.#parts
    const surroundings = this.#surroundings()
    return openClients(`http://${endpoint.host}`, maxVusOf(load), (index) => {
      const row = rows[index % rows.length] as D
      const vu = new VirtualUser(index, row, () => random.fork(index), surroundings)
      this.#vus.push(vu)
      this.#idle.push(vu)
      return {
        ready: (client) => {
          const route = routeOf(index)
          const [deadlines, counts] = [this.#deadlines, this.#counts]
          vu.connection = new Connection(client, { endpoint, route, deadlines, counts, owner: vu })
        },
        close: () => vu.connection.close(),
      }
    })
  }

  #surroundings() {
    const { tracedRatio } = this.#parts.options
    return {
      plan: this.#plan,
      encoder: this.#encoder,
      pacer: this.#pacer,
      recording: this.#recording,
      tally: this.#tally,
      slowest: this.#slowest,
      traces: tracedRatio === undefined ? undefined : new TraceContext(tracedRatio),
      startMs: () => this.#startMs,
      isOver: () => this.#isOver,
      iterationBegan: () => {
        this.#busy++
      },
      iterationEnded: (vu: VirtualUser<D>, endMs: number) => {
        this.#busy--
        this.#driver!.freed(vu, endMs)
        if (this.#busy === 0 && this.#endedMs !== undefined) this.#finish()
      },
      scenarioFailed: (error: unknown) => {
        this.#scenarioError ??= { error }
        this.#abort(`the scenario failed: ${error instanceof Error ? error.message.split('\n', 1)[0] : String(error)}`)
      },
    }
  }

  #begin(): void {
    const { load } = this.#parts
    this.#startMs = performance.now()
    this.#snapshots.startMs = this.#startMs
    const at = (ms: number, task: () => void) => this.#pacer.at(this.#startMs + ms, task)
    const main = () => driverFor(load, this.#warmupMs, this.#driverSurroundings('load'))
    if (this.#warmupMs > 0) {
      this.#watch.start()
      this.#drive(driverFor(warmUpLoad(load, this.#warmupMs), 0, this.#driverSurroundings('warm-up')))
      at(this.#warmupMs, () => {
        this.#driver!.stop()
        this.#tally.forgetIterations()
        this.#watch.start()
        this.#drive(main())
      })
    } else {
      this.#watch.start()
      this.#drive(main())
    }
    at(this.#endMs, () => this.#end())
    this.#everySecond(1)
    this.#lookForAbort(ABORT_CHECK_MS)
  }

  #drive(driver: Driver<D>): void {
    this.#driver = driver
    driver.start()
  }

  #driverSurroundings(seedLabel: string): DriverSurroundings<D> {
    const { random, options } = this.#parts
    const own = random.fork(seedLabel)
    return {
      vus: this.#vus,
      idle: this.#idle,
      pacer: this.#pacer,
      startMs: () => this.#startMs,
      random: own,
      dropAfterMs: options.dropAfterMs,
      onScheduled: (delayMs) => this.#watch.recordScheduleDelay(delayMs),
      onDropped: (dueMs) => this.#countDropped(dueMs, own),
      onExhausted: () => this.#end(),
    }
  }

  #countDropped(dueMs: number, random: Random): void {
    const window = this.#plan.dropped(random).timeline.at(dueMs)
    window.offered++
    window.dropped++
    this.#tally.offered++
    this.#tally.dropped++
  }

  #everySecond(second: number): void {
    this.#pacer.at(this.#startMs + second * 1000, () => {
      if (this.#endedMs !== undefined) return
      const inFlight = this.#inFlight()
      const vus = this.#driver!.activeVus
      this.#gauges.push({ inFlight, vus })
      const snapshot = this.#snapshots.make('running', inFlight, vus)
      this.#parts.onSnapshot?.(snapshot)
      this.#abortIf(() => this.#abortWatch.checkSnapshot(snapshot))
      this.#everySecond(second + 1)
    })
  }

  #lookForAbort(ms: number): void {
    this.#pacer.at(this.#startMs + ms, () => {
      if (this.#endedMs !== undefined) return
      this.#abortIf(() => this.#abortWatch.check())
      this.#lookForAbort(ms + ABORT_CHECK_MS)
    })
  }

  #abortIf(look: () => GivenUp | undefined): void {
    try {
      const found = look()
      if (found !== undefined) this.#abort(found.reason, found.blame)
    } catch (error) {
      this.#scenarioError ??= { error }
      this.#abort('abortWhen threw an error')
    }
  }

  /** The load's time is over: nothing new begins, what was begun may end. */
  #end(): void {
    if (this.#endedMs !== undefined) return
    this.#driver!.stop()
    this.#close()
    if (this.#busy === 0) {
      this.#finish()
      return
    }
    // Iterations of several steps get as long as one request may take to go on; then each has its last.
    const graceMs = this.#parts.options.timeoutMs
    this.#pacer.at(performance.now() + graceMs, () => {
      this.#isOver = true
      this.#finishWhenQuiet()
    })
  }

  #finishWhenQuiet(): void {
    if (this.#inFlight() === 0) this.#finish()
    else this.#pacer.at(performance.now() + 20, () => this.#finishWhenQuiet())
  }

  #abort(reason: string, blame?: AbortBlame): void {
    if (this.#abortReason !== undefined) return
    this.#isOver = true
    if (this.#endedMs === undefined) {
      this.#driver?.stop()
      this.#close()
    }
    this.#abortReason = reason
    this.#abortBlame = blame
    this.#finish()
  }

  #close(): void {
    this.#endedMs = Math.min(performance.now() - this.#startMs, this.#endMs)
    this.#watch.stop()
  }

  #inFlight(): number {
    let count = 0
    for (const { connection } of this.#vus) if (connection.isInFlight) count++
    return count
  }

  #makeRecording(): Recording<D> | undefined {
    const { options, runId } = this.#parts
    if (options.record === undefined) return undefined
    const steps = options.steps.map(({ name }) => name)
    const history = new History({ steps, ...(runId === undefined ? {} : { runId }) })
    return new Recording(options.record, history, () => this.#startMs)
  }

  #measurement(): HttpMeasurement {
    const { name, load, reducedTo, limits, endpoint, options, onSnapshot } = this.#parts
    const endedMs = this.#endedMs!
    onSnapshot?.(this.#snapshots.make('ended', this.#inFlight(), this.#driver!.activeVus))
    const phases = cut(this.#phases, endedMs)
    const { open, ...counts } = this.#counts
    return {
      name,
      load,
      ...(reducedTo === undefined ? {} : { reducedTo }),
      phases,
      series: this.#plan.series,
      slowest: this.#slowest.toJSON(),
      steps: options.steps.map((step) => step.name),
      gauges: this.#gauges,
      startMs: this.#startMs,
      durationMs: endedMs,
      generator: this.#watch.health(),
      limits,
      connections: { ...counts, openAtEnd: open },
      origin: endpoint.origin,
      abortReason: this.#abortReason,
      abortBlame: this.#abortBlame,
      history: this.#recording?.history,
      ...vusNeeded(load, this.#tally),
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

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : String(reason)
}
