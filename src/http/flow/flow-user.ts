import { assertionProblem } from '../../execution/checked-function.ts'
import { callFlow } from '../../execution/custom-metrics/recording-context.ts'
import type { FirstError, Span } from '../../execution/iteration-times.ts'
import { ScenarioError } from '../../execution/scenario-error.ts'
import type { RunningExecution } from '../../execution/workload.ts'
import type { Random } from '../../load/random.ts'
import { now } from '../../machine/clock.ts'
import { fixBy, OptionsError } from '../../options/problems.ts'
import { Exchange } from '../exchange.ts'
import { HttpUser, type VuContext, type VuIdentity } from '../http-user.ts'
import { isReadFirst, readBody } from '../request-body.ts'
import { flowMistakesOf, isFlowRequestSpec } from '../request-options.ts'
import { BodyError } from '../response-body.ts'
import type { HttpResponse } from '../response.ts'
import type { RequestKind } from '../steps.ts'
import type { FlowRequestSpec } from '../types.ts'
import { FlowIteration } from './flow-iteration.ts'
import type { FlowPlan, JourneyPlan } from './flow-plan.ts'
import { handled } from './handled.ts'
import { drawJourney, type Journey } from './mix.ts'
import { RequestFailedError, RunEndedError } from './request-failed-error.ts'

/** What all VUs of a run with a flow share. */
export interface FlowVuContext<D> extends VuContext<D> {
  /** Flows of the run, of which each iteration is one. */
  readonly journeys: readonly Journey<D>[]
  readonly plan: FlowPlan
  /** Maximum number of connections of one VU to each host. */
  readonly connectionsPerVu: number
  /** Creates the connection of an exchange of this VU. */
  connect(exchange: Exchange<D>, vu: FlowUser<D>): void
}

/** A request in flight, and the promise that the flow awaits. */
interface Pending {
  readonly kind: RequestKind
  readonly response: PromiseWithResolvers<HttpResponse>
}

/** A VU whose iterations are calls of a function, which sends the requests. */
export class FlowUser<D> extends HttpUser<D> {
  /** Number of requests of the iteration that ended in an error. */
  errors = 0
  lastError: FirstError | undefined
  /** Whether a request of the latest iteration got no connection. */
  #wasUnconnected = false
  readonly #all: FlowVuContext<D>
  readonly #instance: number
  /** Further connections, opened when they are needed. */
  readonly #extra: Exchange<D>[] = []
  /** The request in flight on the VU's first connection. */
  #pending: Pending | undefined
  /** Those in flight on the others. */
  readonly #extraPending = new Map<Exchange<D>, Pending>()
  #iteration: FlowIteration<D> | undefined
  /** Index of the journey of the iteration. */
  #journey = 0
  /** Own stream: the journeys must not depend on how many numbers the flows draw. */
  #journeyRandom: Random | undefined
  readonly #groups = new Set<Span>()
  /** Exchanges whose request waits until the VU may send again. */
  #waiting: Set<Exchange<D>> | undefined
  #isClosed = false
  /** Exchange of the last request that was sent. */
  #last: Exchange<D>

  constructor(identity: VuIdentity, fork: () => Random, all: FlowVuContext<D>) {
    super(identity, fork, all, true)
    this.#all = all
    this.#instance = identity.instance
    this.#last = this.exchange
  }

  get execution(): RunningExecution<HttpUser<D>> {
    return this.#all.execution
  }

  get inFlight(): number {
    return (this.#pending === undefined ? 0 : 1) + this.#extraPending.size
  }

  /** 0 if all requests of the latest iteration were connected: a connection that failed before may not be needed again. */
  override get failedAttempts(): number {
    if (!this.isBusy && !this.#wasUnconnected) return 0
    return Math.max(super.failedAttempts, ...this.#extra.map(({ failedAttempts }) => failedAttempts))
  }

  override begin(intendedMs: number, iterationInTest: number): void {
    const { journeys } = this.#all
    if (journeys.length > 1)
      this.#journey = drawJourney(journeys, (this.#journeyRandom ??= this.random.fork('journeys')))
    this.journey = this.#plan.name
    super.begin(intendedMs, iterationInTest)
  }

  /** Plan of the iteration's journey. */
  get #plan(): JourneyPlan {
    return this.#all.plan.journeys[this.#journey]!
  }

  protected sendFirst(intendedMs: number): void {
    this.errors = 0
    this.lastError = undefined
    this.#wasUnconnected = false
    const iteration = new FlowIteration(this, intendedMs)
    this.#iteration = iteration
    let returned: unknown
    try {
      returned = callFlow(this.#all.journeys[this.#journey]!.flow, iteration)
    } catch (error) {
      this.#threw(iteration, error)
      return
    }
    if (!isThenable(returned)) this.#returned(iteration, returned)
    else
      returned.then(
        (value) => this.#returned(iteration, value),
        (error: unknown) => this.#threw(iteration, error),
      )
  }

  /** Sends a request of the flow. @param dueMs its intended start since the start of the run */
  send(spec: FlowRequestSpec, dueMs: number): Promise<HttpResponse> {
    try {
      this.#assertNoneInFlight('request()')
      const isFirst = this.#iteration!.requests === 0
      const kind = this.#kindOf(spec, 'request()', isFirst)
      // A pause after a response that the connection needs is not part of the latency, as between steps.
      const settledMs = isFirst ? 0 : this.exchange.settledMs(spec.host) - this.execution.startMs
      return this.#send(this.exchange, kind, spec, Math.max(dueMs, settledMs))
    } catch (error) {
      return this.#fail(error)
    }
  }

  /** Sends requests at the same time, one for each connection; further ones as soon as one of them is free. */
  async requestAll(specs: readonly FlowRequestSpec[], dueMs: number): Promise<HttpResponse[]> {
    const responses: HttpResponse[] = []
    const errors: { readonly at: number; readonly error: RequestFailedError }[] = []
    let ended = 0
    try {
      this.#assertNoneInFlight('request.all()')
      if (!Array.isArray(specs)) throw notAList(specs)
      const isFirst = this.#iteration!.requests === 0
      const all = specs.map((spec, at) => {
        return { at, spec, kind: this.#kindOf(spec, `request.all()[${at}]`, isFirst && at === 0) }
      })
      const queue = all.values()
      const sendOneAfterAnother = async (exchange: Exchange<D>): Promise<void> => {
        for (const { at, spec, kind } of queue) {
          try {
            responses[at] = await this.#send(exchange, kind, spec, dueMs)
          } catch (error) {
            if (!(error instanceof RequestFailedError)) throw error
            errors.push({ at, error })
          }
          ended++
          if (this.execution.isOver) return
        }
      }
      await Promise.all(this.#exchanges(specs.length).map(sendOneAfterAnother))
    } catch (error) {
      if (!(error instanceof RunEndedError)) this.execution.scenarioFailed(error)
      throw error
    }
    const [first] = errors.toSorted((a, b) => a.at - b.at)
    if (first !== undefined) throw first.error
    if (ended < specs.length) throw this.#iteration!.stopped()
    return responses
  }

  succeeded(_: number, response: HttpResponse | undefined, exchange: Exchange<D>): void {
    this.#last = exchange
    this.hadGoodResponse = true
    this.#take(exchange)?.response.resolve(response!)
  }

  failed(_: number, error: FirstError, response: HttpResponse | undefined, exchange: Exchange<D>): void {
    this.#last = exchange
    this.errors++
    this.lastError = error
    this.#wasUnconnected ||= error.kind === 'connect'
    this.hadError(error.kind, error.detail)
    const pending = this.#take(exchange)
    if (pending === undefined) return
    void handled(pending.response.promise)
    pending.response.reject(RequestFailedError.of(pending.kind.name, error, response))
  }

  /** Turns the request into an error, also if the flow catches the error of its body. */
  override unreadable(error: BodyError, exchange: Exchange<D>): void {
    const detail = exchange.masked(error.message)
    if (this.#isClosed || !exchange.turnToError(detail)) return
    this.errors++
    this.lastError = { kind: 'body', detail }
    this.hadError('body', detail)
  }

  /** Begins to time a group. @throws {ScenarioError} for more than 100 names */
  beginGroup(name: string, dueMs: number): Span {
    const span = this.beginSpan(dueMs, now(), name)!
    this.#groups.add(span)
    return span
  }

  groupEnded(span: Span): void {
    this.#groups.delete(span)
  }

  override cut(nowMs: number): void {
    for (const span of this.#groups) span.cut(nowMs)
    super.cut(nowMs)
  }

  /** Ends the waits of the flow, because no more requests may be sent. */
  override stop(): void {
    for (const exchange of this.#waiting ?? []) this.#refuse(exchange, this.#iteration?.stopped())
    this.#waiting?.clear()
    this.#iteration?.stop()
  }

  override closed(): void {
    this.#isClosed = true
    for (const exchange of [this.exchange, ...this.#extraPending.keys()])
      this.#refuse(exchange, this.#iteration?.stopped())
    this.stop()
  }

  /** @throws {OptionsError} naming every mistake in the request */
  #kindOf(spec: FlowRequestSpec, path: string, isFirst: boolean): RequestKind {
    if (!isFlowRequestSpec(spec) || typeof spec.path !== 'string') throw flowMistakesOf(path, spec)
    return this.#plan.kindOf(spec, isFirst)
  }

  /** @throws {ScenarioError} if a request is in flight */
  #assertNoneInFlight(call: string): void {
    const pending = this.#anyPending()
    if (pending === undefined) return
    throw new ScenarioError(
      `flow: ${call} was called while ${pending.kind.name} was in flight: a VU sends one request after another\n` +
        'Fix: await each request(), or send several at the same time by request.all([…])',
    )
  }

  /** @throws {OptionsError} naming every mistake in the request */
  #send(exchange: Exchange<D>, kind: RequestKind, spec: FlowRequestSpec, dueMs: number): Promise<HttpResponse> {
    const position = this.#iteration!.requests
    this.#iteration!.sent()
    const response = Promise.withResolvers<HttpResponse>()
    if (exchange === this.exchange) this.#pending = { kind, response }
    else this.#extraPending.set(exchange, { kind, response })
    if (this.waitsUntilMs > 0 && this.waitsUntilMs > now()) this.#sendLater(exchange, kind, spec, position)
    else {
      exchange.setIntendedStart(dueMs, this.countedUntilMs)
      this.#sendNow(exchange, kind, spec, position)
    }
    return response.promise
  }

  #sendNow(exchange: Exchange<D>, kind: RequestKind, spec: FlowRequestSpec, position: number): void {
    try {
      if (isReadFirst(spec.body)) void this.#readAndSend(exchange, kind, spec, position)
      else exchange.send(kind, this.#plan.seriesOf(kind, spec.tag), spec, position)
    } catch (error) {
      this.#take(exchange)
      throw error
    }
  }

  /** Sends a request when the VU may send again, which is when it is due. */
  #sendLater(exchange: Exchange<D>, kind: RequestKind, spec: FlowRequestSpec, position: number): void {
    const { execution } = this
    const waiting = (this.#waiting ??= new Set())
    waiting.add(exchange)
    execution.pacer.at(this.waitsUntilMs, (dueMs) => {
      if (!waiting.delete(exchange)) return
      try {
        exchange.setIntendedStart(dueMs - execution.startMs, this.countedUntilMs)
        this.#sendNow(exchange, kind, spec, position)
      } catch (error) {
        execution.scenarioFailed(error)
      }
    })
  }

  /** Reads the body before the send. This is the generator's time: the latency includes it, the service time does not. */
  async #readAndSend(exchange: Exchange<D>, kind: RequestKind, spec: FlowRequestSpec, position: number): Promise<void> {
    const { timeoutMs, execution } = this.#all
    try {
      const body = await readBody(spec.body, timeoutMs)
      const series = this.#plan.seriesOf(kind, spec.tag)
      if (!execution.isOver) {
        exchange.send(kind, series, { ...spec, body }, position)
        return
      }
      exchange.countDropped(series)
      this.#refuse(exchange, this.#iteration!.stopped())
    } catch (error) {
      execution.scenarioFailed(error)
      this.#refuse(exchange, error)
    }
  }

  #refuse(exchange: Exchange<D>, error: unknown): void {
    const pending = this.#take(exchange)
    if (pending === undefined) return
    void handled(pending.response.promise)
    pending.response.reject(error)
  }

  #take(exchange: Exchange<D>): Pending | undefined {
    if (exchange !== this.exchange) {
      const pending = this.#extraPending.get(exchange)
      this.#extraPending.delete(exchange)
      return pending
    }
    const pending = this.#pending
    this.#pending = undefined
    return pending
  }

  #anyPending(): Pending | undefined {
    if (this.#pending !== undefined || this.#extraPending.size === 0) return this.#pending
    return this.#extraPending.values().next().value
  }

  protected override closeIdle(): void {
    super.closeIdle()
    for (const exchange of this.#extra) exchange.closeIdle()
  }

  /** @returns at most `connectionsPerVu` */
  #exchanges(count: number): readonly Exchange<D>[] {
    const needed = Math.min(count, this.#all.connectionsPerVu)
    while (this.#extra.length < needed - 1) {
      const exchange = new Exchange(this.#all, this, this.#instance, true)
      this.#all.connect(exchange, this)
      this.#extra.push(exchange)
    }
    return [this.exchange, ...this.#extra].slice(0, needed)
  }

  /** @param value what the flow returned or resolved to */
  #returned(iteration: FlowIteration<D>, value: unknown): void {
    const forgotten = this.#inFlight() ?? iteration.forgotten
    iteration.end()
    if (iteration.isStopped) this.#cutShort()
    else if (forgotten !== undefined) this.execution.scenarioFailed(notAwaited(forgotten))
    else if (typeof value === 'boolean' || typeof value === 'string')
      this.execution.scenarioFailed(verdictReturned(value))
    else if (iteration.requests === 0) this.execution.scenarioFailed(new ScenarioError(NO_REQUEST))
    else this.#end()
  }

  #threw(iteration: FlowIteration<D>, error: unknown): void {
    const forgotten = this.#inFlight()
    iteration.end()
    if (iteration.isStopped) this.#cutShort()
    else if (!this.#isOfTarget(iteration, error)) {
      if (iteration.requests === 0) this.registerSecrets()
      else this.#last.registerSecrets()
      this.execution.scenarioFailed(error)
    } else if (forgotten !== undefined) this.execution.scenarioFailed(notAwaited(forgotten))
    else this.#end()
  }

  /** Ends the iteration. Its VU stays busy until it may send again, which is not part of the iteration's time. */
  #end(): void {
    const nowMs = now()
    if (this.waitsUntilMs <= nowMs || this.execution.isOver) {
      this.end(nowMs)
      return
    }
    this.endTime(nowMs)
    this.execution.pacer.at(this.waitsUntilMs, (dueMs) => this.end(dueMs, nowMs))
  }

  /** Ends an iteration that the end of the run has interrupted. */
  #cutShort(): void {
    const nowMs = now()
    this.cut(nowMs)
    this.end(nowMs)
  }

  #inFlight(): string | undefined {
    const pending = this.#anyPending()
    return pending && `the request ${pending.kind.name}`
  }

  /**
   * Whether an error that a flow threw is the target's: of a request, of a body that cannot be read, or of an assertion on
   * a response. An assertion turns the last request into an error, as in a check; {@link unreadable} has done so already.
   */
  #isOfTarget({ requests }: FlowIteration<D>, error: unknown): boolean {
    if (error instanceof RequestFailedError) return this.errors > 0
    if (requests === 0) return false
    if (error instanceof BodyError) return true
    const problem = assertionProblem(error)
    if (problem === undefined) return false
    const detail = this.#last.masked(problem)
    if (this.#last.turnToError(detail)) this.hadError('body', detail)
    return true
  }

  #fail(error: unknown): Promise<never> {
    this.execution.scenarioFailed(error)
    // oxlint-disable-next-line promise/no-promise-in-callback -- not a callback: `error` is what happened
    return handled(Promise.reject(error))
  }
}

const NO_REQUEST =
  'flow: an iteration sent no request, so nothing was measured\nFix: send at least one request in each iteration: await request({ path: … })'

function notAwaited(what: string): ScenarioError {
  return new ScenarioError(
    `flow: an iteration ended before ${what} had\nFix: await every request(), group() and sleep(), and every function that calls them`,
  )
}

/** A check may return these values, a flow may not: an iteration would count as good although the flow returned `false`. */
function verdictReturned(value: boolean | string): ScenarioError {
  return new ScenarioError(
    `flow: the function returned ${typeof value === 'string' ? 'a string' : value}, which would be ignored: a flow returns nothing\n` +
      'Fix: assert on the response, expect(response.status).toBe(200), or set check of the request',
  )
}

function notAList(received: unknown): OptionsError {
  const rule = 'must be an array of requests'
  const example = `request.all([{ path: '/a' }, { path: '/b' }])`
  return new OptionsError('request.all()', [{ path: 'requests', received, rule, fix: fixBy(example) }])
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
