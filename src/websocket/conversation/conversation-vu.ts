import { checkProblem, decision } from '../../execution/checked-function.ts'
import type { RequestSeries } from '../../execution/request-scope.ts'
import { VirtualUserBase } from '../../execution/virtual-user-base.ts'
import type { RunningExecution } from '../../execution/workload.ts'
import type { Deadlines, Timed } from '../../load/deadlines.ts'
import type { Random } from '../../load/random.ts'
import { now } from '../../machine/clock.ts'
import type { ConnectionFigures } from '../../runs/request-measurement.ts'
import type { SlowestRequests } from '../../runs/slowest-requests.ts'
import type { ErrorKind } from '../../stats/timeline.ts'
import type { Clients } from '../fan-out/clients.ts'
import { expectsResponse, isResponseTo, type Message, type Outgoing } from '../message.ts'
import type { Step } from './conversation-options.ts'
import { nothingSaid, type FirstMessages } from './first-messages.ts'

/** What all VUs of a conversation share. */
export interface ConversantSurroundings<D> {
  readonly steps: readonly Step<D>[]
  /** Where each step is counted, in the same order. */
  readonly series: readonly RequestSeries[]
  readonly slowest: SlowestRequests
  readonly clients: Clients<D>
  readonly deadlines: Deadlines
  readonly connections: { -readonly [Key in keyof ConnectionFigures]: ConnectionFigures[Key] }
  readonly firsts: FirstMessages
  readonly execution: RunningExecution<ConversationVu<D>>
}

/** How far a step has got. */
type Progress = 'none' | 'connecting' | 'sent'

/** One VU: says its part of each step over its connection, awaits the response, and counts how each ended. */
export class ConversationVu<D> extends VirtualUserBase<D> implements Timed {
  failedAttempts = 0
  /** A WebSocket's close is announced: nothing to wait for. */
  readonly settleMs = 0
  deadlineMs = 0
  earlier: Timed | undefined
  later: Timed | undefined
  readonly #all: ConversantSurroundings<D>
  #place = 0
  #progress: Progress = 'none'
  #isConnected = false
  #isConnecting = false
  #sent: Outgoing = ''
  #sentMs = 0
  /** On this connection, in a step of which the first message to come is the response. */
  readonly #saidLast = nothingSaid()
  #takesFirst = false
  /** The protocol itself says which message is the response. */
  #isNumbered = false
  /** Messages since then that were no response. */
  #notTaken = 0

  constructor(id: number, data: D, fork: () => Random, surroundings: ConversantSurroundings<D>) {
    super(id, data, fork, surroundings.execution)
    this.#all = surroundings
  }

  get isInFlight(): boolean {
    return this.#progress !== 'none'
  }

  protected sendFirst(intendedMs: number): void {
    this.#place = 0
    this.#begin(intendedMs)
  }

  /** The connection is open, and its greeting was taken. */
  connected(): void {
    this.#isConnecting = false
    this.#isConnected = true
    this.failedAttempts = 0
    this.#all.connections.opened++
    if (this.#progress === 'connecting') this.#say()
  }

  /** No connection was to be had. */
  notConnected(kind: string): void {
    this.#isConnecting = false
    this.failedAttempts++
    this.#all.connections.refused++
    if (this.#progress === 'connecting') this.#fail('connect', CODES[kind] ?? kind)
  }

  /** The other side has closed the connection. */
  disconnected(why: string): void {
    this.#isConnected = false
    this.#all.firsts.closed(this.#saidLast)
    if (this.#progress === 'sent') this.#fail('reset', why)
    else this.#all.connections.closedIdle++
  }

  /** A message came. @param atMs of `performance.now()` */
  heard(message: Message, atMs: number): void {
    if (this.#progress !== 'sent') return this.#all.firsts.received(this.#saidLast)
    const { isResponse, check } = this.#step
    const context = { vu: this.vu, iteration: this.iteration, sent: this.#sent }
    let wrong: string | undefined
    try {
      if (
        !(isResponse === undefined
          ? isResponseTo(message, this.#sent)
          : decision('isResponse', isResponse(message, context)))
      ) {
        this.#notTaken++
        return this.#all.firsts.received(this.#saidLast)
      }
      // The timer is late wherever the process is: a response that came after its time is none the less late.
      if (atMs > this.deadlineMs) return this.expire()
      if (this.#takesFirst) this.#all.firsts.took(this.#saidLast, atMs - this.#sentMs)
      wrong = check === undefined ? message.failure : checkProblem(check, message, context)
    } catch (error) {
      // What the target sent may be what a parser choked on: its error. Anything else is the scenario's.
      if (!(error instanceof SyntaxError)) return this.#all.execution.scenarioFailed(error)
      wrong = 'check threw SyntaxError'
    }
    if (wrong !== undefined) this.#fail('body', wrong, atMs)
    else this.#responded(atMs)
  }

  expire(): void {
    const { connections } = this.#all
    if (this.#progress === 'sent' && this.#notTaken > 0)
      connections.notTaken = (connections.notTaken ?? 0) + this.#notTaken
    // Unless the protocol numbers its responses, a late one may be taken for the next, also by an `isResponse` that goes by
    // its type: only a new connection is free of it.
    if (this.#progress === 'sent' && !this.#isNumbered) this.hangUp()
    this.#fail('timeout', 'timeout')
  }

  /** The run is over. */
  finish(): void {
    this.#all.firsts.closed(this.#saidLast)
  }

  hangUp(): void {
    this.#isConnected = false
    this.#all.firsts.closed(this.#saidLast)
    this.#all.clients.drop(this.id)
  }

  get #step(): Step<D> {
    return this.#all.steps[this.#place]!
  }

  #begin(intendedMs: number): void {
    const { execution, series, deadlines, clients } = this.#all
    if (execution.isOver) return this.end(now())
    const { send } = this.#step
    this.setIntendedStart(intendedMs)
    try {
      const context = { vu: this.vu, iteration: this.iteration, random: this.random }
      this.#sent = typeof send === 'function' ? send(context) : send
    } catch (error) {
      execution.scenarioFailed(error)
      return
    }
    this.countSent(series[this.#place]!)
    this.#sentMs = now()
    deadlines.set(this, this.#sentMs)
    if (this.#isConnected) return this.#say()
    this.#progress = 'connecting'
    if (!this.#isConnecting) {
      this.#isConnecting = true
      clients.reopen(this.id)
    }
  }

  #say(): void {
    this.#progress = 'sent'
    this.#notTaken = 0
    const isForProtocol = this.#step.isResponse === undefined
    this.#isNumbered = isForProtocol && expectsResponse(this.#sent)
    this.#takesFirst = isForProtocol && !this.#isNumbered
    if (this.#takesFirst) this.#all.firsts.said(this.#saidLast, this.#place)
    this.#all.clients.send(this.id, this.#sent)
  }

  /** Runs in arrow form, as the pacer calls it. */
  readonly #resume = (dueMs: number): void => this.#goOn(dueMs)

  #responded(endMs: number): void {
    const { thinkTime } = this.#step
    const latencyUs = this.#observe(endMs, 'responded') * 1000
    const window = this.#all.series[this.#place]!.timeline.at(this.countedMs)
    window.recordGood(latencyUs, (endMs - this.#sentMs) * 1000)
    this.#place++
    const thinkMs = this.draw(thinkTime)
    if (thinkMs > 0) this.#all.execution.pacer.at(endMs + thinkMs, this.#resume)
    else this.#goOn(endMs)
  }

  #goOn(atMs: number): void {
    if (this.#place < this.#all.steps.length) this.#begin(atMs - this.#all.execution.startMs)
    else this.end(atMs)
  }

  #fail(kind: ErrorKind, detail: string, endMs = now()): void {
    const { execution, series } = this.#all
    const latencyUs = this.#observe(endMs, kind) * 1000
    const window = series[this.#place]!.timeline.at(this.countedMs)
    window.recordError(kind, latencyUs, (endMs - this.#sentMs) * 1000)
    window.countDetail(detail)
    execution.tally.countError(kind, detail)
    this.hasError = true
    this.end(endMs)
  }

  /** @returns the latency of the step in milliseconds */
  #observe(endMs: number, ending: ErrorKind | 'responded'): number {
    const { slowest, deadlines } = this.#all
    this.#progress = 'none'
    deadlines.clear(this)
    const latencyMs = this.countEnded(this.#step.name, ending, endMs)
    if (slowest.wants(this.countedMs, latencyMs))
      slowest.keep({ atMs: this.intendedMs, label: this.#step.name, latencyMs })
    return latencyMs
  }
}

/** Failures of a handshake by the codes that hints and the blame for an abort go by. */
const CODES: Readonly<Record<string, string>> = { refused: 'ECONNREFUSED', reset: 'ECONNRESET' }
