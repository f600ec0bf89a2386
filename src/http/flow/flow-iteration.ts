import type { MetricRecorder } from '../../execution/custom-metrics/metric-recorder.ts'
import type { RecordingContext } from '../../execution/custom-metrics/recording-context.ts'
import type { FirstError, Span } from '../../execution/iteration-times.ts'
import { ScenarioError } from '../../execution/scenario-error.ts'
import type { RunningExecution } from '../../execution/workload.ts'
import type { ThinkTime } from '../../load/load.ts'
import type { Random } from '../../load/random.ts'
import type { Vu } from '../../load/vu.ts'
import { now } from '../../machine/clock.ts'
import { durationMs } from '../../options/checks.ts'
import { fixBy, OptionsError } from '../../options/problems.ts'
import { isText } from '../../options/values.ts'
import { WatchedPromise } from '../../results/watched-promise.ts'
import type { HttpResponse } from '../response.ts'
import type { FlowContext, FlowRequester, FlowRequestSpec } from '../types.ts'
import { handled } from './handled.ts'
import { RunEndedError } from './request-failed-error.ts'

/** Number of calls after the end of the run that reject. A flow that catches them all, in a loop, is then left waiting. */
const MAX_REJECTIONS = 100

type Sleep = PromiseWithResolvers<void>

/** VU of an iteration: sends its requests, and counts them. */
export interface IterationOwner<D> {
  readonly vu: Vu<D>
  readonly iteration: number
  readonly iterationInTest: number
  readonly random: Random
  readonly execution: Pick<RunningExecution<never>, 'pacer' | 'startMs' | 'isOver' | 'scenarioFailed' | 'metrics'>
  /** Latest time since the start of the run at which requests of the iteration are counted. */
  readonly countedUntilMs: number
  /** Number of requests of the iteration that ended in an error. */
  readonly errors: number
  readonly lastError: FirstError | undefined
  draw(time: ThinkTime): number
  send(spec: FlowRequestSpec, dueMs: number): Promise<HttpResponse>
  requestAll(specs: readonly FlowRequestSpec[], dueMs: number): Promise<HttpResponse[]>
  beginGroup(name: string, dueMs: number): Span
  groupEnded(span: Span): void
}

/** The functions that a flow is called with, for one iteration. */
export class FlowIteration<D> implements FlowContext<D>, RecordingContext {
  readonly vu: Vu<D>
  readonly iteration: number
  readonly iterationInTest: number
  /** Whether a call was rejected because the run has ended. */
  isStopped = false
  /** Number of requests that the flow has sent. */
  requests = 0
  readonly #user: IterationOwner<D>
  /** Intended start of the first request, in milliseconds since the start of the run. */
  #dueMs: number
  /** Intended start of the last request, or of the iteration before its first request. */
  #lastDueMs: number
  /** Delay of the generator after the last sleep, which counts for the next request. */
  #lateMs = 0
  #isEnded = false
  #rejections = 0
  #sleeps: Set<Sleep> | undefined
  /** Sleeps and groups, of which some were not awaited so far. */
  #calls: { readonly call: string; readonly promise: WatchedPromise<unknown> }[] | undefined
  #openGroups = 0
  #requester: FlowRequester | undefined

  constructor(user: IterationOwner<D>, dueMs: number) {
    this.#user = user
    this.#dueMs = dueMs
    this.#lastDueMs = dueMs
    this.vu = user.vu
    this.iteration = user.iteration
    this.iterationInTest = user.iterationInTest
  }

  // The functions are created when the flow takes them: most iterations need only one or two of them.
  get request(): FlowRequester {
    if (this.#requester !== undefined) return this.#requester
    const requester = (spec: FlowRequestSpec) => this.#request(spec)
    requester.all = (specs: readonly FlowRequestSpec[]) => this.#requestAll(specs)
    return (this.#requester = requester)
  }

  get group(): FlowContext<D>['group'] {
    return (name, steps) => this.#group(name, steps)
  }

  get sleep(): FlowContext<D>['sleep'] {
    return (duration) => this.#sleep(duration)
  }

  get metrics(): MetricRecorder {
    return this.#user.execution.metrics
  }

  get countedMs(): number {
    return Math.min(this.#lastDueMs, this.#user.countedUntilMs)
  }

  scenarioFailed(error: unknown): void {
    this.#user.execution.scenarioFailed(error)
  }

  get elapsedMs(): number {
    return now() - this.#user.execution.startMs
  }

  mayRecord(call: string): boolean {
    return !this.#isEnded || !this.#isOver(call)
  }

  get random(): Random {
    return this.#user.random
  }

  #group<T>(name: string, steps: () => T | Promise<T>): Promise<T> {
    if (this.#isOver('group()')) return this.#refuse()
    return this.#watched('group()', this.#timed(name, steps))
  }

  #sleep(duration: Parameters<FlowContext<D>['sleep']>[0]): Promise<void> {
    if (this.#isOver('sleep()')) return this.#refuse()
    const ms = this.#lengthOf(duration)
    if (ms === undefined) return this.#fail(wrongDuration(duration))
    const sleep = Promise.withResolvers<void>()
    const sleeps = (this.#sleeps ??= new Set())
    sleeps.add(sleep)
    this.#user.execution.pacer.at(now() + ms, (dueMs) => {
      if (!sleeps.delete(sleep)) return
      if (this.requests === 0) this.#dueMs += ms
      else this.#lateMs = now() - dueMs
      sleep.resolve()
    })
    return this.#watched('sleep()', sleep.promise)
  }

  /** Call that was not awaited; `undefined` if all were. */
  get forgotten(): string | undefined {
    if (this.#sleeps !== undefined && this.#sleeps.size > 0) return 'sleep()'
    if (this.#openGroups > 0) return 'group()'
    return this.#calls?.find(({ promise }) => !promise.isAwaited)?.call
  }

  /** The error of calls after the end of the run. */
  stopped(): RunEndedError {
    this.isStopped = true
    return new RunEndedError('the run has ended')
  }

  /** Ends the iteration: later calls are errors. */
  end(): void {
    this.#isEnded = true
    this.#sleeps?.clear()
  }

  /** Wakes the flow up because the run has ended. */
  stop(): void {
    for (const sleep of this.#sleeps ?? []) sleep.reject(this.stopped())
    this.#sleeps?.clear()
  }

  #request(spec: FlowRequestSpec): Promise<HttpResponse> {
    if (this.#isOver('request()')) return this.#refuse()
    return this.#user.send(spec, this.#dueNow())
  }

  #requestAll(specs: readonly FlowRequestSpec[]): Promise<HttpResponse[]> {
    if (this.#isOver('request.all()')) return this.#refuse()
    return handled(this.#user.requestAll(specs, this.#dueNow()))
  }

  /** Intended start of the request that the flow sends now. */
  #dueNow(): number {
    return (this.#lastDueMs = this.#nextDueMs())
  }

  /** Intended start of what the flow calls now. */
  #nextDueMs(): number {
    const calledMs = now() - this.#user.execution.startMs
    return this.requests === 0 ? Math.min(this.#dueMs, calledMs) : calledMs - this.#lateMs
  }

  /** Called when a request has been sent or queued: the next one is due when the flow asks for it. */
  sent(): void {
    this.requests++
    this.#lateMs = 0
  }

  async #timed<T>(name: string, steps: () => T | Promise<T>): Promise<T> {
    if (!isText(name))
      return this.#fail(
        new ScenarioError("group(): the name must be a non-empty string, as in group('checkout', async () => { … })"),
      )
    if (typeof steps !== 'function')
      return this.#fail(
        new ScenarioError(
          `group(): ${JSON.stringify(name)} needs a function, as in group('checkout', async () => { … })`,
        ),
      )
    let span
    try {
      span = this.#user.beginGroup(name, this.#nextDueMs())
    } catch (error) {
      return this.#fail(error)
    }
    const { errors } = this.#user
    this.#openGroups++
    try {
      const value = await steps()
      span.end(now(), this.#user.errors === errors ? undefined : this.#user.lastError)
      return value
    } catch (error) {
      if (error instanceof RunEndedError) span.cut(now())
      else
        span.end(
          now(),
          this.#user.errors === errors ? { kind: 'body', detail: 'an error in the group' } : this.#user.lastError,
        )
      throw error
    } finally {
      this.#openGroups--
      this.#user.groupEnded(span)
    }
  }

  #watched<T>(call: string, promise: Promise<T>): Promise<T> {
    const watched = WatchedPromise.over(promise)
    if (this.#calls?.every(({ promise: earlier }) => earlier.isAwaited)) this.#calls = undefined
    ;(this.#calls ??= []).push({ call, promise: watched })
    return watched
  }

  #lengthOf(duration: Parameters<FlowContext<D>['sleep']>[0]): number | undefined {
    if (typeof duration !== 'object' || duration === null) return durationMs(duration)
    const [minMs, maxMs] = [durationMs(duration.min), durationMs(duration.max)]
    if (minMs === undefined || maxMs === undefined || minMs > maxMs) return undefined
    return this.#user.draw({ minMs, maxMs })
  }

  /** Whether nothing may be called any more. A call after the end of the iteration ends the run. */
  #isOver(call: string): boolean {
    if (this.#user.execution.isOver) return true
    if (!this.#isEnded) return false
    this.#user.execution.scenarioFailed(
      new ScenarioError(
        `flow: ${call} was called after the iteration had ended\nFix: await every request(), group() and sleep(), and every function that calls them`,
      ),
    )
    return true
  }

  #refuse(): Promise<never> {
    const error = this.stopped()
    if (++this.#rejections > MAX_REJECTIONS) return new Promise(() => {})
    return handled(Promise.reject(error))
  }

  #fail(error: unknown): Promise<never> {
    this.#user.execution.scenarioFailed(error)
    // oxlint-disable-next-line promise/no-promise-in-callback -- not a callback: `error` is what happened
    return handled(Promise.reject(error))
  }
}

function wrongDuration(received: unknown): OptionsError {
  const rule = `must be a duration ('2m', '1.5s', '500ms', or a number of milliseconds), or { min, max }`
  return new OptionsError('sleep()', [{ path: 'duration', received, rule, fix: fixBy(`sleep('200ms')`) }])
}
