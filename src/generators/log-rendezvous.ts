import { randomBytes } from 'node:crypto'
import { clearInterval, clearTimeout, setInterval, setTimeout } from '../machine/clock.ts'
import { clockBetween, measureOffset, type ClockOffset } from './clock-offset.ts'
import { Counters } from './counters.ts'
import { GeneratorError, MissingGeneratorsError } from './errors.ts'
import { Meeting } from './meeting.ts'
import { BEAT_MS, Members } from './members.ts'
import { OnceKeys } from './once-keys.ts'
import type {
  AbortCause,
  AbortReason,
  LocalInstant,
  Rendezvous,
  RunTally,
  SecondTally,
  StartSkew,
} from './rendezvous.ts'
import type { Entry, Fact, SharedLog } from './shared-log.ts'
import { startSkew, type Start } from './start-skew.ts'
import { Tallies } from './tallies.ts'

/** Largest part of `gather()`. */
const MAX_PART_BYTES = 64 * 1024 * 1024
/** A start follows the agreement on it by at least so many of the worst round trip. */
const LEAD_ROUND_TRIPS = 20
/** Time for the last entries to be stored when a generator leaves. */
const LEAVE_MS = 2_000

/** Options of {@link joinRendezvous}. */
export interface JoinOptions {
  readonly index: number
  readonly count: number
  /** Name of this machine. */
  readonly node: string
  /** Names the run in errors. */
  readonly runId: string
  /** Longest wait for a generator that does not come, in milliseconds. */
  readonly timeoutMs: number
}

/**
 * Joins the rendezvous of a log.
 *
 * @throws {GeneratorError} if another process already is this generator, or expects another number of generators
 */
export async function joinRendezvous(log: SharedLog, options: JoinOptions): Promise<Rendezvous> {
  const rendezvous = new LogRendezvous(log, options)
  try {
    await rendezvous.joined
  } catch (error) {
    await log[Symbol.asyncDispose]()
    throw error
  }
  return rendezvous
}

/** The run whose start was agreed on last. */
interface CurrentRun {
  readonly key: string
  readonly startMs: number
  readonly tallies: Tallies
  decided: AbortReason | undefined
}

class LogRendezvous implements Rendezvous {
  readonly index: number
  readonly count: number
  readonly joined: Promise<void>
  readonly #options: JoinOptions
  readonly #log: SharedLog
  readonly #token = randomBytes(9).toString('base64url')
  readonly #members: Members
  readonly #meetings = new Map<string, Meeting>()
  readonly #once: OnceKeys
  readonly #counters = new Counters()
  readonly #offsets = new Map<string, ClockOffset>()
  /** Number of the last entry of each author. */
  readonly #seen = new Map<string, number>()
  readonly #tallyListeners = new Set<(sums: RunTally) => void>()
  readonly #abortListeners = new Set<(reason: AbortReason) => void>()
  readonly #join = Promise.withResolvers<void>()
  readonly #beats: NodeJS.Timeout
  #sent = 0
  #run: CurrentRun | undefined
  /** Whether this generator applies load, between the agreement on a start and the next meeting. */
  #isRunning = false
  /** Why no run can continue. */
  #fatal: AbortReason | undefined
  #broken: GeneratorError | undefined
  /** Generators that this one has reported as lost. */
  readonly #reported = new Set<number>()

  constructor(log: SharedLog, options: JoinOptions) {
    this.index = options.index
    this.count = options.count
    this.joined = this.#join.promise
    this.#options = options
    this.#log = log
    this.#members = new Members(options.count)
    this.#once = new OnceKeys(options.index, {
      log,
      members: this.#members,
      publish: (fact) => this.#append(fact),
      timeoutMs: options.timeoutMs,
    })
    log.read({
      onEntry: (entry, atMs) => this.#onEntry(entry, atMs),
      onBroken: (problem, fix) => this.#onBroken(problem, fix),
    })
    this.#append({ kind: 'hello', node: options.node, count: options.count })
    this.#beats = setInterval(() => this.#offerBeat(), BEAT_MS)
    this.#beats.unref()
  }

  get nodes(): readonly (string | undefined)[] {
    return this.#members.all.map((member) => member?.node)
  }

  async once<T>(key: string, compute: () => Promise<T>, { by }: { readonly by?: number } = {}): Promise<T> {
    this.#throwIfBroken()
    return this.#once.get(key, compute, by)
  }

  async barrier<R>(key: string, mine: R): Promise<readonly R[]> {
    this.#endRun()
    const { values } = await this.#meet(key, mine)
    return values as readonly R[]
  }

  async startAt(key: string): Promise<LocalInstant> {
    const before = await this.#offset()
    const meetingKey = startKey(key)
    this.#offsets.set(meetingKey, before)
    const start = await this.#meet(meetingKey, { roundTripMs: before.worstRoundTripMs })
    return { atMs: this.#startOf(start.values, start.atMs) - before.offsetMs, errorMs: before.errorMs }
  }

  async startSkew(key: string, startedMs: number): Promise<StartSkew> {
    this.#endRun()
    const before = this.#offsets.get(startKey(key))
    if (before === undefined) throw new Error(`startAt(${JSON.stringify(key)}) must come before startSkew()`)
    this.#offsets.delete(startKey(key))
    const clock = clockBetween(before, await this.#offset())
    const mine: Start = { startedMs: clock.toSharedMs(startedMs), errorMs: clock.errorMs }
    const { values } = await this.#meet(`the skew of ${key}`, mine)
    return { ...startSkew(values as readonly Start[]), driftPpm: clock.driftPpm, clock }
  }

  async gather(key: string, part: Uint8Array): Promise<readonly Uint8Array[]> {
    this.#endRun()
    if (part.byteLength > MAX_PART_BYTES)
      throw new GeneratorError(
        `generator ${this.index + 1} has ${megabytes(part.byteLength)} MB of evidence for ${key}; at most ${megabytes(MAX_PART_BYTES)} MB can be exchanged`,
        'record less: a shorter duration, fewer steps and tags, or a ledger key for fewer requests; or use more generators',
      )
    this.#throwIfBroken()
    await this.#log.put(partKey(key, this.index), part)
    const meetingKey = evidenceKey(key)
    try {
      await this.#meet(meetingKey, part.byteLength)
    } catch (error) {
      if (!(error instanceof MissingGeneratorsError)) throw error
      const parts = await this.#parts(key, [...this.#meetings.get(meetingKey)!.values.keys()], part)
      const [problem = '', fix = ''] = error.message.split('\nFix: ')
      throw new MissingGeneratorsError(problem, fix, error.missing, parts)
    }
    return this.#parts(
      key,
      Array.from({ length: this.count }, (_, index) => index),
      part,
    )
  }

  add(key: string, amount: number): Promise<number> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken)
    const before = this.#counters.await()
    this.#append({ kind: 'add', key, amount })
    return before
  }

  beat(tally: SecondTally): void {
    if (this.#run === undefined) return
    // Also after an exchange in the middle of a run.
    this.#isRunning = true
    this.#append({ kind: 'tally', run: this.#run.key, tally })
  }

  onTally(listener: (sums: RunTally) => void): Disposable {
    return listen(this.#tallyListeners, listener)
  }

  abort(cause: AbortCause): void {
    this.#append({ kind: 'abort', run: cause.kind === 'decided' ? (this.#run?.key ?? null) : null, cause })
  }

  onAbort(listener: (reason: AbortReason) => void): Disposable {
    const known = this.#fatal ?? this.#run?.decided
    if (known !== undefined) listener(known)
    return listen(this.#abortListeners, listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#broken === undefined) {
      this.#append({ kind: 'leave' })
      await within(LEAVE_MS, this.#log.flushed())
    }
    clearInterval(this.#beats)
    await this.#log[Symbol.asyncDispose]()
  }

  #onEntry(entry: Entry, atMs: number): void {
    const { from, by, n, fact } = entry
    if (n !== undefined) {
      if (n <= (this.#seen.get(by) ?? 0)) return
      this.#seen.set(by, n)
    }
    const isMember = this.#members.apply(entry, atMs)
    if (fact.kind === 'hello' && by === this.#token) this.#onHello(isMember)
    if (isMember) this.#apply(from, fact)
    for (const index of this.#members.silent(atMs)) this.#report(index)
    this.#settle(atMs)
  }

  #apply(from: number, fact: Fact): void {
    switch (fact.kind) {
      case 'claim':
      case 'value':
        return this.#once.apply(from, fact)
      case 'add':
        return this.#counters.apply(fact.key, fact.amount, from === this.index)
      case 'ready':
        this.#meeting(fact.key).values.set(from, fact.value)
        if (fact.key === evidenceKey(this.#run?.key ?? '')) this.#run!.tallies.end(from)
        return
      case 'expired':
        this.#meetings.get(fact.key)?.expire(this.#members, this.#options.timeoutMs)
        this.#once.expire(fact.key)
        return
      case 'tally':
        if (fact.run === this.#run?.key) this.#run.tallies.add(from, fact.tally)
        return
      case 'abort':
        return this.#onAbort(from, fact.run, fact.cause)
      case 'lost':
      case 'exited':
        return this.#onLost(fact.who)
      case 'gone':
        return this.#onLost(this.#members.all.findIndex((member) => member?.token === fact.who))
      case 'leave':
        this.#run?.tallies.end(from)
        if (this.#isRunning && from !== this.index) this.#end({ kind: 'left', generator: from + 1 })
        return
      case 'hello':
      case 'beat':
    }
  }

  #onHello(isMember: boolean): void {
    if (isMember) return this.#join.resolve()
    const { index, count, runId } = this.#options
    const other = this.#members.all[index]
    if (other === undefined)
      return this.#join.reject(
        new GeneratorError(
          `generator ${index + 1} of run ${runId} expects ${count} generators, but the others expect another number`,
          'set the same number for every generator, e.g. PERF_GENERATOR=1/8 to PERF_GENERATOR=8/8',
        ),
      )
    const state =
      other.state === 'here' ? 'is already running' : other.state === 'left' ? 'has already ended' : 'was lost'
    this.#join.reject(
      new GeneratorError(
        `generator ${index + 1} of ${count} of run ${runId} ${state} on ${other.node}: two commands have the same run id, or a scheduler has restarted the generator`,
        'set another PERF_RUN_ID for every run, number the generators differently, and forbid restarts: a generator that comes later cannot make up for its part of the load',
      ),
    )
  }

  #onLost(index: number): void {
    const member = this.#members.all[index]
    if (member?.state !== 'lost') return
    const atMs = this.#run && member.lastMs - this.#run.startMs
    this.#run?.tallies.end(index)
    this.#end({ kind: 'lost', generator: index + 1, node: member.node, atMs })
  }

  #onAbort(from: number, run: string | null, cause: AbortCause): void {
    const reason = { ...cause, generator: from + 1 }
    if (cause.kind === 'stopped') return this.#end(reason)
    if (this.#run === undefined || this.#run.key !== run || this.#run.decided !== undefined) return
    this.#run.decided = reason
    if (this.#fatal === undefined) this.#tell(reason)
  }

  /** No run can continue. The first reason counts. */
  #end(reason: AbortReason): void {
    if (this.#fatal !== undefined) return
    this.#fatal = reason
    if (this.#run?.decided === undefined) this.#tell(reason)
  }

  #tell(reason: AbortReason): void {
    for (const listener of this.#abortListeners) listener(reason)
  }

  #onBroken(problem: string, fix: string): void {
    const error = new GeneratorError(problem, fix)
    this.#broken = error
    this.#join.reject(error)
    for (const meeting of this.#meetings.values()) meeting.fail(error)
    this.#once.fail(error)
    this.#counters.fail(error)
    this.#end({ kind: 'unreachable', problem })
  }

  /** Every generator that sees the silence reports it; the first report in the log counts. */
  #report(index: number): void {
    if (this.#reported.has(index)) return
    this.#reported.add(index)
    this.#append({ kind: 'lost', who: index, lastMs: this.#members.all[index]!.lastMs })
  }

  #settle(atMs: number): void {
    for (const [key, meeting] of this.#meetings) {
      if (meeting.isSettled) continue
      meeting.settle(this.#members, atMs, key.startsWith(EVIDENCE))
      if (!meeting.isSettled || !key.startsWith(START) || meeting.values.size < this.count) continue
      const startMs = this.#startOf([...meeting.values.values()], atMs)
      this.#run = { key: key.slice(START.length), startMs, tallies: new Tallies(this.count), decided: undefined }
      this.#isRunning = true
      // At once: the others tolerate a longer silence of a generator that is not known to run.
      this.#offerBeat()
    }
    this.#once.settle()
    if (this.#run === undefined) return
    for (const sums of this.#run.tallies.complete()) for (const listener of this.#tallyListeners) listener(sums)
  }

  #startOf(values: readonly unknown[], atMs: number): number {
    const worstMs = Math.max(...values.map((value) => (value as { roundTripMs: number }).roundTripMs))
    return atMs + Math.max(this.#log.leadMs, LEAD_ROUND_TRIPS * worstMs)
  }

  async #meet(key: string, value: unknown) {
    this.#throwIfBroken()
    const meeting = this.#meeting(key)
    if (meeting.isMine) throw new Error(`generator ${this.index + 1} has already come to ${key}: every key must be new`)
    meeting.isMine = true
    this.#append({ kind: 'ready', key, value })
    const timer = setTimeout(() => this.#append({ kind: 'expired', key }), this.#options.timeoutMs)
    try {
      return await meeting.outcome
    } finally {
      clearTimeout(timer)
    }
  }

  #meeting(key: string): Meeting {
    const meeting = this.#meetings.get(key) ?? new Meeting(key)
    this.#meetings.set(key, meeting)
    return meeting
  }

  #parts(key: string, indexes: readonly number[], own: Uint8Array): Promise<readonly Uint8Array[]> {
    const sorted = indexes.toSorted((one, other) => one - other)
    return Promise.all(sorted.map(async (index) => (index === this.index ? own : this.#log.get(partKey(key, index)))))
  }

  #offset(): Promise<ClockOffset> {
    return measureOffset(() => this.#log.readClock())
  }

  #endRun(): void {
    this.#isRunning = false
  }

  #throwIfBroken(): void {
    if (this.#broken !== undefined) throw this.#broken
  }

  #append(fact: Fact): void {
    this.#log.append({ from: this.index, by: this.#token, n: ++this.#sent, fact })
  }

  #offerBeat(): void {
    this.#log.offer({ from: this.index, by: this.#token, fact: { kind: 'beat', isRunning: this.#isRunning } })
  }
}

const START = 'the start of '
const EVIDENCE = 'the evidence of '

function startKey(key: string): string {
  return START + key
}

function evidenceKey(key: string): string {
  return EVIDENCE + key
}

function partKey(key: string, index: number): string {
  return `part:${index}:${key}`
}

function megabytes(bytes: number): string {
  return String(Math.ceil(bytes / 1024 / 1024))
}

function listen<Listener>(listeners: Set<Listener>, listener: Listener): Disposable {
  listeners.add(listener)
  return { [Symbol.dispose]: () => void listeners.delete(listener) }
}

async function within(limitMs: number, task: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, limitMs)
  await Promise.race([task, promise])
  clearTimeout(timer)
}
