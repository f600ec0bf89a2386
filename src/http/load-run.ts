import { calledEachTime, rejectUnmatched } from '../execution/checked-function.ts'
import { declareTimings } from '../execution/custom-metrics/timings.ts'
import { Execution } from '../execution/execution.ts'
import type { GeneratorLimits } from '../execution/generator-limits.ts'
import type { RequestSeries } from '../execution/request-scope.ts'
import type { Executed, RunningExecution, Workload } from '../execution/workload.ts'
import { History } from '../history/history.ts'
import { Deadlines } from '../load/deadlines.ts'
import { isOpen, maxVusOf } from '../load/describe.ts'
import type { Load } from '../load/load.ts'
import type { Random } from '../load/random.ts'
import type { AssignedRows } from '../load/rows/assigned-rows.ts'
import { ownIds, WHOLE, type Division } from '../load/share.ts'
import { nextTurn, sleep } from '../machine/clock.ts'
import type { RunSnapshot } from '../results/snapshot.ts'
import type { HttpMeasurement } from '../runs/request-measurement.ts'
import { SlowestRequests } from '../runs/slowest-requests.ts'
import type { Auth } from './auth/auth.ts'
import { Tokens } from './auth/tokens.ts'
import { openClients, type ClientParts, type OpenClients } from './clients.ts'
import { Connection, type ConnectionCounts, type RequestOwner } from './connection.ts'
import { loadCookiePackage, VuCookies } from './cookies.ts'
import type { Endpoint } from './endpoint.ts'
import type { Exchange } from './exchange.ts'
import { FlowPlan } from './flow/flow-plan.ts'
import { FlowUser } from './flow/flow-user.ts'
import type { Journey } from './flow/mix.ts'
import { hostsOf, type Host, type HostLocation, type Hosts } from './hosts.ts'
import type { HttpUser, VuIdentity } from './http-user.ts'
import { KeepAlive, SETTLE_MS } from './keep-alive.ts'
import { openAll } from './open-connections.ts'
import type { RunOptions } from './options.ts'
import type { ConnectionRoute } from './preflight.ts'
import { Recording } from './recording.ts'
import { RequestEncoder, type HeaderFields } from './request-encoder.ts'
import { flowMistakesOf, mistakesOf } from './request-options.ts'
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
  readonly hosts: readonly HostLocation[]
  readonly rows: AssignedRows<D>
  readonly random: Random
  /** Share of this generator; `undefined` if it carries the whole load. */
  readonly division?: Division | undefined
  /** Resolves when the load may begin; `undefined` for at once. */
  readonly ready: (() => Promise<void>) | undefined
  readonly signal: AbortSignal
  readonly limits: GeneratorLimits
  readonly runId: string | undefined
  readonly onSnapshot: ((snapshot: RunSnapshot) => void) | undefined
}

/** One run from its first connection to its last response. */
export class LoadRun<D> implements Workload<HttpUser<D>> {
  readonly #parts: LoadRunParts<D>
  readonly #execution: Execution<HttpUser<D>>
  readonly #deadlines: Deadlines
  readonly #plan: Plan<D> | FlowPlan
  /** Flows of the run; empty if its iterations are steps. */
  readonly #journeys: readonly Journey<D>[]
  readonly #slowest: SlowestRequests
  readonly #counts: ConnectionCounts = {
    ...{ opened: 0, refused: 0, closedIdle: 0, replaced: 0, redirects: 0, open: 0, maxOpen: 0 },
    ...{ resetAfterUse: 0, resetIdleMs: undefined },
  }
  /** One for each instance of the target. */
  readonly #keepAlives: readonly KeepAlive[]
  readonly #recording: Recording<D> | undefined
  readonly #encoders: readonly RequestEncoder[]
  readonly #hosts: Hosts
  readonly #vus: HttpUser<D>[] = []
  #tokens: Tokens<D> | undefined
  #clients: OpenClients | undefined
  #countsAtEnd: ConnectionCounts | undefined

  constructor(parts: LoadRunParts<D>) {
    const { options, instances, name, load, limits, random, division, ready, signal, onSnapshot } = parts
    const { warmupMs, maxQueueTimeMs, abortWhen, timeoutMs: graceMs, journeys, steps } = options
    this.#parts = parts
    this.#journeys = journeys
    this.#execution = new Execution(
      {
        ...{ name, kind: 'http', load, warmupMs, graceMs, maxQueueTimeMs, abortWhen, limits, random, signal },
        ...{ division, ready, onSnapshot },
        maxRequestsPerIteration: journeys.length > 0 ? undefined : slotsOf(steps),
        timesIterations: journeys.length > 0 || steps.length > 1 || steps.some(({ group }) => group !== undefined),
      },
      this,
    )
    this.#slowest = new SlowestRequests(this.#execution.phases)
    if (options.timings) declareTimings(this.#execution.metrics)
    this.#deadlines = new Deadlines(options.timeoutMs)
    const acceptEncoding =
      options.acceptEncoding.length === 0 ? {} : { 'accept-encoding': options.acceptEncoding.join(', ') }
    const isForOneRequest = options.connections === 'per-request'
    this.#encoders = instances.map(({ host, isSecure, pathPrefix, headers }) => {
      const own = options.auth === undefined ? headers : authHeaders(options.auth)
      const common = { ...own, ...acceptEncoding, ...options.headers }
      return new RequestEncoder({ host, isSecure, pathPrefix, headers: common, isForOneRequest })
    })
    this.#hosts = hostsOf(parts.hosts, { ...acceptEncoding, ...options.headers }, isForOneRequest)
    const { phases } = this.#execution
    this.#plan =
      journeys.length === 0
        ? new Plan(steps, options.expectStatus, { encoders: this.#encoders, hosts: this.#hosts }, phases)
        : new FlowPlan(journeys, options.expectStatus, phases)
    this.#keepAlives = instances.map(() => new KeepAlive())
    this.#recording = this.#makeRecording()
  }

  /**
   * Applies the load. Never rejects because of the target.
   *
   * @returns the measurement, and the scenario's error if it ended the run
   */
  async run(): Promise<{ measurement: HttpMeasurement; scenarioError: { readonly error: unknown } | undefined }> {
    const executed = await this.#execute()
    const { name, load, reducedTo, limits, instances } = this.#parts
    const { open: openAtEnd, redirects, ...counts } = this.#countsAtEnd ?? this.#counts
    const measurement = {
      ...executed,
      name,
      kind: 'http' as const,
      load,
      ...(reducedTo === undefined ? {} : { reducedTo }),
      series: this.#plan.series,
      slowest: this.#slowest.toJSON(),
      steps: this.#plan.names,
      ...this.#weighted,
      ...(this.#plan instanceof FlowPlan ? { hasFlow: true as const } : {}),
      limits,
      connections: {
        ...counts,
        openAtEnd,
        idleTimeoutMs: this.#idleTimeoutMs,
        ...(redirects === 0 ? {} : { redirects }),
      },
      origin: [...instances, ...this.#parts.hosts.map(({ endpoint }) => endpoint)]
        .map(({ origin }) => origin)
        .join(', '),
      history: this.#recording?.history,
    }
    return { measurement, scenarioError: this.#execution.scenarioError }
  }

  async open(execution: RunningExecution<HttpUser<D>>): Promise<readonly HttpUser<D>[]> {
    const { load, rows, random, division, placeOf, signal, options } = this.#parts
    const { tracedRatio, timeoutMs, maxBodyBytes, redirects, cookies: scope } = options
    const { connections, connectionsPerVu, retryAfterMs } = options
    const journeys = this.#journeys
    const cookies = scope === undefined ? undefined : await loadCookiePackage()
    const plan = this.#plan
    const shared = {
      encoders: this.#encoders,
      hosts: this.#hosts,
      connectHost: this.#connectHost,
      recording: this.#recording,
      slowest: this.#slowest,
      traces: tracedRatio === undefined ? undefined : new TraceContext(tracedRatio),
      namesSteps: journeys.length > 0 || options.steps.length > 1,
      timeoutMs,
      rows,
      maxBodyBytes,
      hasTimings: options.timings,
      redirects,
      connections,
      retryAfterMs,
      counts: this.#counts,
      mistakesOf: journeys.length === 0 ? mistakesOf : flowMistakesOf,
      createCookies: cookies && (() => new VuCookies(cookies, scope!)),
      execution,
    }
    const connect = (exchange: Exchange<D>, vu: HttpUser<D>) => this.#clients!.add(this.#connectionOf(exchange, vu.id))
    const createVu = (identity: VuIdentity, fork: () => Random) =>
      plan instanceof FlowPlan
        ? new FlowUser(identity, fork, { ...shared, journeys, plan, connectionsPerVu, connect })
        : new VirtualUser(identity, fork, shared, plan)
    const share = division?.share ?? WHOLE
    const ids = ownIds(share, maxVusOf(load))
    this.#clients = openClients(ids.length, (position) => {
      const id = ids[position]!
      const { instance } = placeOf(id)
      const vu = createVu({ id, instance }, () => random.fork(id))
      this.#vus.push(vu)
      return this.#connectionOf(vu.exchange, id)
    })
    await this.#authenticate(execution)
    const [first, ...others] = this.#vus.map(({ exchange }) => exchange.connection)
    const isKept = connections === 'per-vu'
    if (first !== undefined) await openAll(isKept ? [first, ...others] : [first], share, signal)
    // By then, a target that sends before a request has done so.
    await sleep(SETTLE_MS)
    if (!isKept) {
      // Opened only to see whether the target sends first: no request uses it.
      first?.closeIdle()
      this.#counts.opened = 0
      this.#counts.maxOpen = 0
    }
    return this.#vus
  }

  async close(): Promise<void> {
    await sleep(this.#lingerMs)
    this.#countsAtEnd = { ...this.#counts }
    this.#tokens?.stop()
    this.#clients?.close()
    for (const vu of this.#vus) vu.closed()
    this.#deadlines.stop()
    // Flows that were waiting end in the meantime.
    if (this.#plan instanceof FlowPlan) await nextTurn()
  }

  /** Fetches the first tokens of the VUs. @throws {ScenarioError} if one cannot be fetched */
  async #authenticate(execution: RunningExecution<HttpUser<D>>): Promise<void> {
    const { options, signal } = this.#parts
    const refresh = options.auth?.tokens
    if (refresh === undefined || signal.aborted) return
    const tokens = new Tokens<D>(refresh, options.timeoutMs, (error) => execution.scenarioFailed(error))
    this.#tokens = tokens
    signal.addEventListener('abort', () => tokens.stop(), { once: true })
    const found = await tokens.first(this.#vus.map(({ vu }) => vu))
    for (const [at, vu] of this.#vus.entries()) vu.token = found[at]
  }

  onOver(): void {
    for (const vu of this.#vus) vu.stop()
  }

  get inFlight(): number {
    let count = 0
    for (const vu of this.#vus) count += vu.inFlight
    return count
  }

  get openSockets(): number {
    return this.#counts.open
  }

  get stepThinkMs(): number {
    return this.#plan instanceof FlowPlan ? 0 : this.#plan.thinkMs
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

  /** Journeys of a mix, for the measurement. */
  get #weighted(): Pick<HttpMeasurement, 'journeys'> {
    const named = this.#journeys.flatMap(({ name, weight }) => (name === undefined ? [] : { name, weight }))
    return named.length === 0 ? {} : { journeys: named }
  }

  /** Shortest limit of all instances. */
  get #idleTimeoutMs(): number | undefined {
    const seen = this.#keepAlives.flatMap(({ limitMs }) => limitMs ?? [])
    return seen.length === 0 ? undefined : Math.min(...seen)
  }

  /** Runs a flow as functions that are called for each request: `expect.soft()` works like `expect()` in it. */
  async #execute(): Promise<Executed> {
    if (!(this.#plan instanceof FlowPlan)) return this.#execution.run()
    const { unmatched } = calledEachTime
    const unmatchedBefore = unmatched.size
    calledEachTime.flows++
    try {
      const executed = await this.#execution.run()
      if (unmatched.size > unmatchedBefore) rejectUnmatched('flow')
      return executed
    } finally {
      calledEachTime.flows--
      if (calledEachTime.flows === 0) unmatched.clear()
    }
  }

  /** Parts of the client whose connection an exchange uses. @param index index of its VU */
  #connectionOf(exchange: Exchange<D>, index: number): ClientParts {
    const { instances, placeOf, options } = this.#parts
    const { instance, route } = placeOf(index)
    const endpoint = instances[instance]!
    const keepAlive = this.#keepAlives[instance]!
    const [deadlines, counts, { maxBodyBytes }] = [this.#deadlines, this.#counts, options]
    const isForOneRequest = options.connections === 'per-request'
    return {
      ready(client) {
        const shared = { deadlines, counts, keepAlive, maxBodyBytes, isForOneRequest, hasTimings: options.timings }
        exchange.connection = new Connection(client, { endpoint, route, ...shared, owner: exchange })
      },
      close: () => exchange.connection.close(),
    }
  }

  readonly #connectHost = (host: Host, vu: number, owner: RequestOwner): Connection => {
    const [deadlines, counts, options] = [this.#deadlines, this.#counts, this.#parts.options]
    const { maxBodyBytes, connections, timings: hasTimings } = options
    const { endpoint, keepAlive } = host
    let connection!: Connection
    this.#clients!.add({
      ready(client) {
        const isForOneRequest = connections === 'per-request'
        const shared = { deadlines, counts, keepAlive, maxBodyBytes, isForOneRequest, hasTimings, owner }
        connection = new Connection(client, { endpoint, route: host.routeOf(vu), ...shared })
      },
      close: () => connection.close(),
    })
    return connection
  }

  #makeRecording(): Recording<D> | undefined {
    const { options, name, runId } = this.#parts
    if (options.record === undefined) return undefined
    const steps = this.#plan.names
    const history = new History({ steps, run: name, ...(runId === undefined ? {} : { runId }) })
    return new Recording(options.record, history, () => this.#execution.startMs)
  }
}

/** Number of requests of an iteration without an error: adjacent weighted steps are alternatives. */
function slotsOf(steps: readonly { readonly weight?: number }[]): number {
  return steps.filter(({ weight }, at) => weight === undefined || steps[at - 1]?.weight === undefined).length
}

/** Headers of an authentication, which replace those of credentials in the base URL. */
function authHeaders({ header }: Auth<never>): HeaderFields {
  return header === undefined ? {} : { authorization: header }
}
