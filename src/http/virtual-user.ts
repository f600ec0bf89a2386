import { calledEachTime } from '../execution/checked-function.ts'
import { metricContext } from '../execution/custom-metrics/recording-context.ts'
import type { FirstError, Span } from '../execution/iteration-times.ts'
import type { Random } from '../load/random.ts'
import { now } from '../machine/clock.ts'
import { HttpUser, type VuContext, type VuIdentity } from './http-user.ts'
import { isReadFirst, readBody } from './request-body.ts'
import type { EncodedRequest } from './request-encoder.ts'
import { isRequestSpec, mistakesOf } from './request-options.ts'
import { drawStep, type Plan, type Step } from './steps.ts'
import type { RequestSpec } from './types.ts'

/** A VU that sends the requests of the steps of its iteration one after another. */
export class VirtualUser<D> extends HttpUser<D> {
  readonly #all: VuContext<D>
  readonly #plan: Plan<D>
  #isReadingBody = false
  #place = 0
  #step!: Step<D>
  #group: Span | undefined
  #groupName: string | undefined
  /** When the last request ended (`performance.now()`). */
  #doneMs = 0

  constructor(identity: VuIdentity, fork: () => Random, all: VuContext<D>, plan: Plan<D>) {
    super(identity, fork, all, false)
    this.#all = all
    this.#plan = plan
  }

  get inFlight(): number {
    return this.#isReadingBody || this.exchange.isInFlight ? 1 : 0
  }

  protected sendFirst(intendedMs: number): void {
    this.#place = 0
    this.#send(intendedMs)
  }

  succeeded(endMs: number): void {
    this.#doneMs = endMs
    this.hadGoodResponse = true
    const hasNext = this.#place < this.#plan.slots.length
    const waitMs = this.waitsUntilMs - endMs
    const thinkMs = Math.max(this.draw(this.#step.thinkTime), hasNext ? this.settleMs : 0, waitMs)
    if (waitMs > 0 && !hasNext) this.#endTimes()
    if (thinkMs > 0) this.#all.execution.pacer.at(endMs + thinkMs, this.#resume)
    else if (hasNext) this.#send(endMs - this.#all.execution.startMs)
    else this.#end(endMs)
  }

  failed(endMs: number, { kind, detail }: FirstError): void {
    this.#doneMs = endMs
    this.hadError(kind, detail)
    if (this.waitsUntilMs <= endMs) {
      this.#end(endMs)
      return
    }
    // The VU stays busy: it was asked to come back later.
    this.#place = this.#plan.slots.length
    this.#endTimes()
    this.#all.execution.pacer.at(this.waitsUntilMs, this.#resume)
  }

  override cut(nowMs: number): void {
    this.#group?.cut(nowMs)
    super.cut(nowMs)
  }

  /** An arrow function, because the pacer calls it. */
  readonly #resume = (dueMs: number): void => {
    const { execution } = this.#all
    if (this.#place === this.#plan.slots.length) this.#end(dueMs)
    else this.#send(dueMs - execution.startMs)
  }

  #send(intendedMs: number): void {
    const { traces, execution } = this.#all
    if (execution.isOver) {
      this.#stop()
      return
    }
    const step = drawStep(this.#plan.slots[this.#place++]!, () => this.random)
    this.#step = step
    if (step.group !== this.#groupName) this.#changeGroup(step.group, intendedMs)
    this.exchange.setIntendedStart(intendedMs, this.countedUntilMs)
    try {
      if (typeof step.request !== 'function') {
        this.#dispatch(step.request, traces === undefined ? step.constants![this.exchange.instance] : undefined)
        return
      }
      const spec = this.#callRequest(step.request)
      if (isReadFirst(spec.body)) void this.#readAndDispatch(spec)
      else this.#dispatch(spec)
    } catch (error) {
      execution.scenarioFailed(error)
    }
  }

  /** @throws {OptionsError} naming every mistake in the returned request */
  #callRequest(request: Extract<Step<D>['request'], (...args: never[]) => unknown>): RequestSpec {
    calledEachTime.isRunning = true
    metricContext.current = this.exchange
    let spec: unknown
    try {
      const { vu, iteration, iterationInTest, random } = this
      spec = request({ vu, iteration, iterationInTest, random })
    } finally {
      calledEachTime.isRunning = false
      metricContext.current = undefined
    }
    if (!isRequestSpec(spec)) throw mistakesOf(this.#step.path, spec)
    return spec
  }

  /** Reads the body before the send. This is the generator's time: the latency includes it, the service time does not. */
  async #readAndDispatch(spec: RequestSpec): Promise<void> {
    const { timeoutMs, execution } = this.#all
    this.#isReadingBody = true
    try {
      const body = await readBody(spec.body, timeoutMs)
      this.#isReadingBody = false
      if (execution.isOver) this.#drop(spec)
      else this.#dispatch({ ...spec, body })
    } catch (error) {
      this.#isReadingBody = false
      execution.scenarioFailed(error)
    }
  }

  /** @param encoded `undefined` if the request must be encoded for this send */
  #dispatch(spec: RequestSpec, encoded?: EncodedRequest): void {
    const step = this.#step
    this.exchange.send(step, this.#plan.seriesOf(step, spec.tag), spec, step.index, encoded)
  }

  /** Drops a request whose body was read only after the end of the run. */
  #drop(spec: RequestSpec): void {
    this.exchange.countDropped(this.#plan.seriesOf(this.#step, spec.tag))
    this.#stop()
  }

  #changeGroup(name: string | undefined, intendedMs: number): void {
    this.#endGroup()
    this.#groupName = name
    if (name !== undefined) this.#group = this.beginSpan(intendedMs, now(), name)
  }

  #endGroup(): void {
    this.#group?.end(this.#doneMs, this.error)
    this.#group = undefined
    this.#groupName = undefined
  }

  /** Ends the times of the iteration and its group before a wait that is not part of them. */
  #endTimes(): void {
    if (this.#groupName !== undefined) this.#endGroup()
    this.endTime(this.#doneMs)
  }

  #end(endMs: number): void {
    if (this.#groupName !== undefined) this.#endGroup()
    this.end(endMs, this.#doneMs)
  }

  /** Ends an iteration that has steps left, because the run has ended. */
  #stop(): void {
    const nowMs = now()
    this.cut(nowMs)
    this.#groupName = undefined
    this.end(nowMs)
  }
}
