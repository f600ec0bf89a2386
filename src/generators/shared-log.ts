import type { AbortCause, SecondTally } from './rendezvous.ts'

/** Facts that generators publish, in the order in which the log has them. Plain JSON. */
export type Fact =
  /** A generator has come. The first one with an index is that generator; another one is refused. */
  | { readonly kind: 'hello'; readonly node: string; readonly count: number }
  | { readonly kind: 'beat'; readonly isRunning: boolean }
  /** The first claim of a key computes its value. */
  | { readonly kind: 'claim'; readonly key: string }
  | { readonly kind: 'value'; readonly key: string; readonly value: OnceValue }
  /** A generator has come to a meeting: a barrier, a start, the exchange of evidence. */
  | { readonly kind: 'ready'; readonly key: string; readonly value: unknown }
  /** Adds to a counter. */
  | { readonly kind: 'add'; readonly key: string; readonly amount: number }
  /** A generator waited too long for a meeting. */
  | { readonly kind: 'expired'; readonly key: string }
  /** A generator gave no sign of life for too long. */
  | { readonly kind: 'lost'; readonly who: number; readonly lastMs: number }
  | { readonly kind: 'tally'; readonly run: string; readonly tally: SecondTally }
  | { readonly kind: 'abort'; readonly run: string | null; readonly cause: AbortCause }
  /** A generator has ended normally. */
  | { readonly kind: 'leave' }
  /** Written by the hub of local generators: the connection of a generator has ended. */
  | { readonly kind: 'gone'; readonly who: string }
  /** Written by the hub of local generators: the process of a generator has exited. */
  | { readonly kind: 'exited'; readonly who: number; readonly node: string }

/** Result of a computation: serialized as base64 here, or in a blob, or an error. */
export type OnceValue =
  | { readonly data: string }
  | { readonly blob: string }
  | { readonly error: { readonly name: string; readonly message: string } }

/** A fact and its author. */
export interface Entry {
  /** Index of the generator. */
  readonly from: number
  /** Token of its process, which distinguishes it from another one with the same index. */
  readonly by: string
  /** Number of the entry among those of its author: an entry may arrive twice. Not set for beats. */
  readonly n?: number
  readonly fact: Fact
}

/** One round trip to the shared clock. */
export interface ClockReading {
  /** Times on the clock of `now()`. */
  readonly sentMs: number
  readonly receivedMs: number
  readonly sharedMs: number
}

/** Receivers of a log. */
export interface LogListener {
  /** Called for every entry since the beginning, in the same order on every generator. @param atMs shared clock */
  onEntry(entry: Entry, atMs: number): void
  /** Called once, if the log is unreachable for good. */
  onBroken(problem: string, fix: string): void
}

/**
 * Log of facts that all generators read in the same order, and large values next to it. Who is there, who computes and why a
 * run stops follow from the log alone, so all generators decide the same.
 */
export interface SharedLog extends AsyncDisposable {
  /** Shortest time between the agreement on a start and the start itself. */
  readonly leadMs: number
  /** Appends an entry. While the log is unreachable, it is kept. */
  append(entry: Entry): void
  /** Appends an entry that only counts now, such as a beat. While the log is unreachable, it is discarded. */
  offer(entry: Entry): void
  /** Begins to read, from the first entry. Called once. */
  read(listener: LogListener): void
  put(key: string, bytes: Uint8Array): Promise<void>
  /** @throws if there is no such value */
  get(key: string): Promise<Uint8Array>
  /** Reads the shared clock, on which entries are dated. */
  readClock(): Promise<ClockReading>
  /** Waits until all appended entries are stored. */
  flushed(): Promise<void>
}
