import { checkProblem, decision } from '../../execution/checked-function.ts'
import { metricContext } from '../../execution/custom-metrics/recording-context.ts'
import { RequestCounter } from '../../execution/request-counter.ts'
import type { RequestSeries } from '../../execution/request-scope.ts'
import { VirtualUserBase } from '../../execution/virtual-user-base.ts'
import type { RunningExecution } from '../../execution/workload.ts'
import type { Deadlines, Timed } from '../../load/deadlines.ts'
import type { Random } from '../../load/random.ts'
import type { AssignedRows } from '../../load/rows/assigned-rows.ts'
import { now } from '../../machine/clock.ts'
import type { ConnectionFigures } from '../../runs/request-measurement.ts'
import type { SlowestRequests } from '../../runs/slowest-requests.ts'
import type { ErrorKind } from '../../stats/timeline.ts'
import type { Clients } from '../fan-out/clients.ts'
import { expectsResponse, isResponseTo, type Message, type Outgoing } from '../message.ts'
import { checkedMessage } from '../returned-values.ts'
import type { Closings } from './closings.ts'
import type { Step } from './conversation-options.ts'
import { noMessages, type FirstMessages } from './first-messages.ts'

/** What all VUs of a conversation share. */
export interface ConversationVuContext<D> {
  readonly steps: readonly Step<D>[]
  /** The series of each step, in the order of `steps`. */
  readonly series: readonly RequestSeries[]
  readonly slowest: SlowestRequests
  readonly clients: Clients<D>
  readonly deadlines: Deadlines
  readonly connections: { -readonly [Key in keyof ConnectionFigures]: ConnectionFigures[Key] }
  readonly closings: Closings
  readonly firsts: FirstMessages
  readonly execution: RunningExecution<ConversationVu<D>>
}

/** State of the current step. */
type Progress = 'none' | 'connecting' | 'sent'

/** A VU that sends the message of each step over its connection, waits for the response, and counts the outcome. */
export class ConversationVu<D> extends VirtualUserBase<D> implements Timed {
  failedAttempts = 0
  /** 0, as a WebSocket announces that it closes. */
  readonly settleMs = 0
  deadlineMs = 0
  earlier: Timed | undefined
  later: Timed | undefined
  readonly #context: ConversationVuContext<D>
  readonly #counter: RequestCounter
  #stepIndex = 0
  #progress: Progress = 'none'
  #isConnected = false
  #isConnecting = false
  #sent: Outgoing = ''
  #sentMs = 0
  /** When the last response arrived. */
  #respondedMs = 0
  /** Messages of this connection, for steps whose response is the first message received. */
  readonly #lastMessages = noMessages()
  #takesFirst = false
  /** Whether the protocol itself identifies the response. */
  #isNumbered = false
  /** Messages since the send that were not the response. */
  #notTaken = 0

  constructor(id: number, rows: AssignedRows<D>, fork: () => Random, context: ConversationVuContext<D>) {
    super(id, rows, fork, context.execution)
    this.#context = context
    this.#counter = new RequestCounter(context.execution)
  }

  get isInFlight(): boolean {
    return this.#progress !== 'none'
  }

  protected sendFirst(intendedMs: number): void {
    this.#stepIndex = 0
    this.#begin(intendedMs)
  }

  /** Called when the connection is open and ready. */
  connected(): void {
    this.#isConnecting = false
    this.#isConnected = true
    this.failedAttempts = 0
    this.#context.connections.opened++
    if (this.#progress === 'connecting') this.#send()
  }

  /** Called when no connection could be opened. */
  notConnected(kind: string): void {
    this.#isConnecting = false
    this.failedAttempts++
    this.#context.connections.refused++
    if (this.#progress === 'connecting') this.#fail('connect', CODES[kind] ?? kind)
  }

  /** Called when the target has closed the connection. */
  disconnected(why: string): void {
    this.#isConnected = false
    this.#context.firsts.closed(this.#lastMessages)
    if (this.#progress === 'sent') this.#fail('reset', why)
    else {
      this.#context.connections.closedIdle++
      this.#context.closings.add(why)
    }
  }

  /** Called with each message received. @param atMs time of receipt, as `performance.now()` */
  heard(message: Message, atMs: number): void {
    if (this.#progress !== 'sent') return this.#context.firsts.received(this.#lastMessages)
    const { isResponse, check, softChecks } = this.#step
    const { vu, iteration, iterationInTest } = this
    const context = { vu, iteration, iterationInTest, sent: this.#sent }
    let wrong: string | undefined
    let areCounted = false
    metricContext.current = this.#counter
    try {
      if (
        !(isResponse === undefined
          ? isResponseTo(message, this.#sent)
          : decision('isResponse', isResponse(message, context)))
      ) {
        this.#notTaken++
        return this.#context.firsts.received(this.#lastMessages)
      }
      // If the process is late, so is the timer: a response after its deadline is a time-out even if the timer has not fired.
      if (atMs > this.deadlineMs) return this.expire()
      if (this.#takesFirst) this.#context.firsts.took(this.#lastMessages, atMs - this.#sentMs)
      for (const [name, softCheck] of softChecks) this.#countSoftCheck(name, softProblem(softCheck, message, context))
      areCounted = true
      wrong = check === undefined ? message.failure : checkProblem(check, message, context)
    } catch (error) {
      // A SyntaxError comes from parsing what the target sent. Any other error is the scenario's.
      if (!(error instanceof SyntaxError)) return this.#context.execution.scenarioFailed(error)
      wrong = 'check threw SyntaxError'
      if (!areCounted) for (const [name] of softChecks) this.#countSoftCheck(name, wrong)
    } finally {
      metricContext.current = undefined
    }
    if (wrong !== undefined) this.#fail('body', wrong, atMs)
    else this.#responded(atMs)
  }

  expire(): void {
    const { connections } = this.#context
    if (this.#progress === 'connecting') this.failedAttempts++
    if (this.#progress === 'sent' && this.#notTaken > 0)
      connections.notTaken = (connections.notTaken ?? 0) + this.#notTaken
    // Unless the protocol numbers its responses, a late response can be mistaken for the next one, also by an `isResponse`
    // that checks only the type. Only a new connection rules that out.
    if (this.#progress === 'sent' && !this.#isNumbered) this.hangUp()
    this.#fail('timeout', 'timeout')
  }

  /** Called at the end of the run. */
  finish(): void {
    this.#context.firsts.closed(this.#lastMessages)
  }

  hangUp(): void {
    this.#isConnected = false
    this.#context.firsts.closed(this.#lastMessages)
    this.#context.clients.drop(this.id)
  }

  get #step(): Step<D> {
    return this.#context.steps[this.#stepIndex]!
  }

  /** The option `send` of the step, as errors name it. */
  get #sendName(): string {
    return this.#context.steps.length === 1 ? 'steps.send' : `steps[${this.#stepIndex}].send`
  }

  #begin(intendedMs: number): void {
    const { execution, series, deadlines, clients } = this.#context
    if (execution.isOver) return this.end(now())
    const { send } = this.#step
    this.#counter.setIntendedStart(intendedMs, this.countedUntilMs)
    metricContext.current = this.#counter
    try {
      const { vu, iteration, iterationInTest, random } = this
      const context = { vu, iteration, iterationInTest, random }
      this.#sent = typeof send === 'function' ? checkedMessage(this.#sendName, send(context)) : send
    } catch (error) {
      execution.scenarioFailed(error)
      return
    } finally {
      metricContext.current = undefined
    }
    this.#counter.countSent(series[this.#stepIndex]!)
    this.#sentMs = now()
    deadlines.set(this, this.#sentMs)
    if (this.#isConnected) return this.#send()
    this.#progress = 'connecting'
    if (!this.#isConnecting) {
      this.#isConnecting = true
      clients.reopen(this.id)
    }
  }

  #send(): void {
    this.#progress = 'sent'
    this.#notTaken = 0
    const isForProtocol = this.#step.isResponse === undefined
    this.#isNumbered = isForProtocol && expectsResponse(this.#sent)
    this.#takesFirst = isForProtocol && !this.#isNumbered
    if (this.#takesFirst) this.#context.firsts.said(this.#lastMessages, this.#stepIndex)
    this.#context.clients.send(this.id, this.#sent)
  }

  /** An arrow function, as the pacer calls it without `this`. */
  readonly #resume = (dueMs: number): void => this.#proceed(dueMs)

  #responded(endMs: number): void {
    const { thinkTime } = this.#step
    const latencyUs = this.#observe(endMs, 'responded') * 1000
    const { window } = this.#counter
    window.recordGood(latencyUs, (endMs - this.#sentMs) * 1000)
    this.hadGoodResponse = true
    this.#stepIndex++
    const thinkMs = this.draw(thinkTime)
    this.#respondedMs = endMs
    if (thinkMs > 0) this.#context.execution.pacer.at(endMs + thinkMs, this.#resume)
    else this.#proceed(endMs)
  }

  #proceed(atMs: number): void {
    if (this.#stepIndex < this.#context.steps.length) this.#begin(atMs - this.#context.execution.startMs)
    else this.end(atMs, this.#respondedMs)
  }

  #countSoftCheck(name: string, problem: string | undefined): void {
    const { metrics, countedMs } = this.#counter
    try {
      metrics.at({ kind: 'softCheck', name, unit: undefined }, countedMs).record(problem === undefined, problem)
    } catch (error) {
      this.#context.execution.scenarioFailed(error)
    }
  }

  #fail(kind: ErrorKind, detail: string, endMs = now()): void {
    // A message of the wrong content has been checked already.
    if (kind !== 'body') for (const [name] of this.#step.softChecks) this.#countSoftCheck(name, kind)
    const { execution } = this.#context
    const latencyUs = this.#observe(endMs, kind) * 1000
    const { window } = this.#counter
    window.recordError(kind, latencyUs, (endMs - this.#sentMs) * 1000)
    window.countDetail(detail)
    execution.tally.countError(kind, detail)
    this.hadError(kind, detail)
    this.end(endMs)
  }

  /** @returns the latency of the step in milliseconds */
  #observe(endMs: number, ending: ErrorKind | 'responded'): number {
    const { slowest, deadlines } = this.#context
    this.#progress = 'none'
    deadlines.clear(this)
    const latencyMs = this.#counter.countEnded(this.#step.name, ending, this.#sentMs, endMs)
    if (slowest.wants(this.#counter.countedMs, latencyMs))
      slowest.keep({ atMs: this.#counter.intendedMs, label: this.#step.name, latencyMs })
    return latencyMs
  }
}

/**
 * Problem that a soft check finds in a response; `undefined` if it passes.
 *
 * @throws any error that the function throws, except one from parsing the message
 */
function softProblem<D>(
  check: NonNullable<Step<D>['check']>,
  message: Message,
  context: Parameters<typeof check>[1],
): string | undefined {
  try {
    return checkProblem(check, message, context)
  } catch (error) {
    if (error instanceof SyntaxError) return 'check threw SyntaxError'
    throw error
  }
}

/** Codes of failed handshakes, as hints and the cause of an abort use them. */
const CODES: Readonly<Record<string, string>> = { refused: 'ECONNREFUSED', reset: 'ECONNRESET' }
