import type { Entry } from './shared-log.ts'

/** Silence after which a generator that applies load is lost. */
export const RUNNING_SILENCE_MS = 1_500
/** Silence after which a generator is lost otherwise: it may prepare or evaluate for seconds without a pause. */
export const IDLE_SILENCE_MS = 15_000
/** Time between two beats of a generator. */
export const BEAT_MS = 250
/** A gap in the log without any entry: the log was unreachable, and nobody can be judged by their silence. */
const GAP_MS = 1_000
/** Time for all generators to reconnect after a gap. */
const RECONNECT_MS = 3_000

/** A generator as the log describes it. */
export interface Member {
  readonly token: string
  readonly node: string
  readonly state: 'here' | 'left' | 'lost'
  readonly isRunning: boolean
  /** Time of its last entry. */
  readonly lastMs: number
}

/**
 * Members of a rendezvous. A function of the log alone, including its times: no clock of a generator is involved.
 *
 * | state | `hello` | any entry | `leave` | `lost`, `gone`, `exited` |
 * |---|---|---|---|---|
 * | absent | here | ignored | ignored | ignored; lost by `exited` |
 * | here | refused if by another process | lastMs | left | lost |
 * | left, lost | refused if by another process | ignored | ignored | ignored |
 */
export class Members {
  readonly count: number
  /** By index; `undefined` if the generator has not come yet. */
  readonly all: (Member | undefined)[]
  #previousMs: number | undefined
  /** Number of generators that the first one expects, and so all. */
  #agreedCount: number | undefined
  /** Silence before this time is not counted. */
  #countedFromMs = Number.NEGATIVE_INFINITY

  constructor(count: number) {
    this.count = count
    this.all = Array.from({ length: count })
  }

  /** Applies an entry. @returns false if it must be ignored: its author is not a member */
  apply({ from, by, fact }: Entry, atMs: number): boolean {
    if (this.#previousMs !== undefined && atMs - this.#previousMs > GAP_MS) this.#countedFromMs = atMs + RECONNECT_MS
    this.#previousMs = atMs
    if (fact.kind === 'gone') {
      const index = this.all.findIndex((member) => member?.token === fact.who)
      this.#end(index, 'lost')
      return index !== -1
    }
    if (fact.kind === 'exited') {
      this.all[fact.who] ??= { token: '', node: fact.node, state: 'here', isRunning: false, lastMs: atMs }
      this.#end(fact.who, 'lost')
      return true
    }
    if (fact.kind === 'hello') this.#agreedCount ??= fact.count
    if (fact.kind === 'hello' && this.all[from] === undefined && fact.count === this.#agreedCount)
      this.all[from] = { token: by, node: fact.node, state: 'here', isRunning: false, lastMs: atMs }
    const member = this.all[from]
    if (member?.token !== by) return false
    if (member.state === 'here') {
      const isRunning = fact.kind === 'beat' ? fact.isRunning : member.isRunning
      this.all[from] = { ...member, isRunning, lastMs: atMs }
    }
    if (fact.kind === 'leave') this.#end(from, 'left')
    if (fact.kind === 'lost') this.#end(fact.who, 'lost')
    return true
  }

  /** Indexes of the generators that have been silent for too long. @param atMs time of the last entry */
  silent(atMs: number): readonly number[] {
    return this.#indexesOf((member) => {
      if (member?.state !== 'here') return false
      const limitMs = member.isRunning ? RUNNING_SILENCE_MS : IDLE_SILENCE_MS
      return atMs - Math.max(member.lastMs, this.#countedFromMs) > limitMs
    })
  }

  /** Indexes of the generators that are lost or have left. */
  get ended(): readonly number[] {
    return this.#indexesOf((member) => member !== undefined && member.state !== 'here')
  }

  #end(index: number, state: 'left' | 'lost'): void {
    const member = this.all[index]
    if (member?.state === 'here') this.all[index] = { ...member, state, isRunning: false }
  }

  #indexesOf(wanted: (member: Member | undefined) => boolean): readonly number[] {
    return this.all.flatMap((member, index) => (wanted(member) ? [index] : []))
  }
}
