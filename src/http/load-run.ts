import { Execution } from '../execution/execution.ts'
import type { GeneratorLimits } from '../execution/generator-limits.ts'
import type { RequestSeries } from '../execution/request-scope.ts'
import type { RunningExecution, Workload } from '../execution/workload.ts'
import { History } from '../history/history.ts'
import { Deadlines } from '../load/deadlines.ts'
import { isOpen, maxVusOf } from '../load/describe.ts'
import type { Load } from '../load/load.ts'
import type { Random } from '../load/random.ts'
import { ownIds, WHOLE, type Division } from '../load/share.ts'
import { sleep } from '../machine/clock.ts'
import type { RunSnapshot } from '../results/snapshot.ts'
import type { HttpMeasurement } from '../runs/request-measurement.ts'
import { SlowestRequests } from '../runs/slowest-requests.ts'
import { openClients, type OpenClients } from './clients.ts'
import { Connection, type ConnectionCounts } from './connection.ts'
import type { Endpoint } from './endpoint.ts'
import { KeepAlive, SETTLE_MS } from './keep-alive.ts'
import { openAll } from './open-connections.ts'
import type { RunOptions } from './options.ts'
import type { ConnectionRoute } from './preflight.ts'
import { Recording } from './recording.ts'
import { RequestEncoder } from './request-encoder.ts'
import { Plan } from './steps.ts'
import { TraceContext } from './trace-context.ts'
import { VirtualUser } from './virtual-user.ts'

/** Longest wait for surplus responses. */
const LINGER_MS = 250

/** Validated input of one run. */
export interface LoadRunParts<D> {
  readonly name: string
  /** The load after scaling. */
  readonly load: Load
  /** Name of the scale that reduced the load. */
  readonly reducedTo: string | undefined
  readonly options: RunOptions<D>
  /** Instances of the target; at least one. */
  readonly instances: readonly Endpoint[]
  readonly placeOf: (index: number) => ConnectionRoute
  readonly rows: readonly D[]
  readonly random: Random
  /** Share of this generator; `undefined` if it carries the whole load. */
  readonly division?: Division | undefined
  readonly signal: AbortSignal
  readonly limits: GeneratorLimits
  readonly runId: string | undefined
  readonly onSnapshot: ((snapshot: RunSnapshot) => void) | undefined
}

/** One run from its first connection to its last response. */
export class LoadRun<D> implements Workload<VirtualUser<D>> {
  readonly #parts: LoadRunParts<D>
  readonly #execution: Execution<VirtualUser<D>>
  readonly #deadlines: Deadlines
  readonly #plan: Plan<D>
  readonly #slowest: SlowestRequests
  readonly #counts: ConnectionCounts = {
    ...{ opened: 0, refused: 0, closedIdle: 0, replaced: 0, open: 0, maxOpen: 0 },
    ...{ resetAfterUse: 0, resetIdleMs: undefined },
  }
  /** One for each instance of the target. */
  readonly #keepAlives: readonly KeepAlive[]
  readonly #recording: Recording<D> | undefined
  readonly #encoders: readonly RequestEncoder[]
  readonly #vus: VirtualUser<D>[] = []
  #clients: OpenClients | undefined
  #countsAtEnd: ConnectionCounts | undefined

  constructor(parts: LoadRunParts<D>) {
    const { options, instances, name, load, limits, random, division, signal, onSnapshot } = parts
    const { warmupMs, maxQueueTimeMs, abortWhen, timeoutMs: graceMs } = options
    this.#parts = parts
    this.#execution = new Execution(
      {
        ...{ name, kind: 'http', load, warmupMs, graceMs, maxQueueTimeMs, abortWhen, limits, random },
        ...{ division, signal, onSnapshot },
      },
      this,
    )
    this.#slowest = new SlowestRequests(this.#execution.phases)
    this.#deadlines = new Deadlines(options.timeoutMs)
    const acceptEncoding =
      options.acceptEncoding.length === 0 ? {} : { 'accept-encoding': options.acceptEncoding.join(', ') }
    this.#encoders = instances.map(({ host, pathPrefix, headers }) => {
      return new RequestEncoder({ host, pathPrefix, headers: { ...headers, ...acceptEncoding, ...options.headers } })
    })
    this.#plan = new Plan(options.steps, options.expectStatus, this.#encoders, this.#execution.phases)
    this.#keepAlives = instances.map(() => new KeepAlive())
    this.#recording = this.#makeRecording()
  }

  /**
   * Applies the load. Never rejects because of the target.
   *
   * @returns the measurement, and the scenario's error if it ended the run
   */
  async run(): Promise<{ measurement: HttpMeasurement; scenarioError: { readonly error: unknown } | undefined }> {
    const executed = await this.#execution.run()
    const { name, load, reducedTo, limits, instances, options } = this.#parts
    const { open: openAtEnd, ...counts } = this.#countsAtEnd ?? this.#counts
    const measurement = {
      ...executed,
      name,
      kind: 'http' as const,
      load,
      ...(reducedTo === undefined ? {} : { reducedTo }),
      series: this.#plan.series,
      slowest: this.#slowest.toJSON(),
      steps: options.steps.map((step) => step.name),
      limits,
      connections: { ...counts, openAtEnd, idleTimeoutMs: this.#idleTimeoutMs },
      origin: instances.map(({ origin }) => origin).join(', '),
      history: this.#recording?.history,
    }
    return { measurement, scenarioError: this.#execution.scenarioError }
  }

  async open(execution: RunningExecution<VirtualUser<D>>): Promise<readonly VirtualUser<D>[]> {
    const { instances, load, rows, random, division, placeOf, signal, options } = this.#parts
    const { tracedRatio, timeoutMs, maxBodyBytes } = options
    const surroundings = {
      plan: this.#plan,
      encoders: this.#encoders,
      recording: this.#recording,
      slowest: this.#slowest,
      traces: tracedRatio === undefined ? undefined : new TraceContext(tracedRatio),
      timeoutMs,
      maxBodyBytes,
      execution,
    }
    const share = division?.share ?? WHOLE
    const ids = ownIds(share, maxVusOf(load))
    this.#clients = openClients(ids.length, (position) => {
      const id = ids[position]!
      const row = rows[id % rows.length] as D
      const { instance, route } = placeOf(id)
      const vu = new VirtualUser({ id, data: row, instance }, () => random.fork(id), surroundings)
      this.#vus.push(vu)
      return {
        ready: (client) => {
          const endpoint = instances[instance]!
          const keepAlive = this.#keepAlives[instance]!
          const [deadlines, counts] = [this.#deadlines, this.#counts]
          const shared = { deadlines, counts, keepAlive, maxBodyBytes }
          vu.connection = new Connection(client, { endpoint, route, ...shared, owner: vu })
        },
        close: () => vu.connection.close(),
      }
    })
    await openAll(
      this.#vus.map(({ connection }) => connection),
      share,
      signal,
    )
    // By then, a target that sends before a request has done so.
    await sleep(SETTLE_MS)
    return this.#vus
  }

  async close(): Promise<void> {
    await sleep(this.#lingerMs)
    this.#countsAtEnd = { ...this.#counts }
    this.#clients?.close()
    this.#deadlines.stop()
  }

  get inFlight(): number {
    let count = 0
    for (const { connection, isReadingBody } of this.#vus) if (connection.isInFlight || isReadingBody) count++
    return count
  }

  get openSockets(): number {
    return this.#counts.open
  }

  get stepThinkMs(): number {
    return this.#plan.thinkMs
  }

  get series(): readonly RequestSeries[] {
    return this.#plan.series
  }

  dropped(random: Random): RequestSeries {
    return this.#plan.dropped(random)
  }

  /**
   * Wait for bytes after the last response of a connection, which are an error. In a closed model without think time, a
   * surplus response that arrives after the next request was written is mistaken for the response to that request, and so
   * on, until one is left over at the end: it arrives as late as responses do.
   */
  get #lingerMs(): number {
    if (isOpen(this.#parts.load)) return SETTLE_MS
    const { meanMs = 0 } = this.#execution.tally.responseTimes
    return Math.max(SETTLE_MS, Math.min(LINGER_MS, 2 * meanMs))
  }

  /** Shortest limit of all instances. */
  get #idleTimeoutMs(): number | undefined {
    const seen = this.#keepAlives.flatMap(({ limitMs }) => limitMs ?? [])
    return seen.length === 0 ? undefined : Math.min(...seen)
  }

  #makeRecording(): Recording<D> | undefined {
    const { options, name, runId } = this.#parts
    if (options.record === undefined) return undefined
    const steps = options.steps.map((step) => step.name)
    const history = new History({ steps, run: name, ...(runId === undefined ? {} : { runId }) })
    return new Recording(options.record, history, () => this.#execution.startMs)
  }
}
