/** Place where the generators of a run meet. Every member does the same in the same order, and so reaches the same verdict. */
export interface Rendezvous extends AsyncDisposable {
  /** From 0. */
  readonly index: number
  readonly count: number
  /** Name of each generator's machine, by index; `undefined` if the generator has not come yet. */
  readonly nodes: readonly (string | undefined)[]
  /**
   * Computes a value once: the first generator computes it, all receive the value or the error. The value must be
   * one that `structuredClone()` accepts, such as rows with dates.
   *
   * @param options.by index of the generator that computes. Default: the first to come
   * @throws {MissingGeneratorsError} if the computing generator is lost or never comes
   */
  once<T>(key: string, compute: () => Promise<T>, options?: { readonly by?: number }): Promise<T>
  /**
   * Waits until every generator has come.
   *
   * @param mine JSON that the others receive
   * @returns what each generator passed, by index
   * @throws {MissingGeneratorsError} if a generator is lost or does not come in time
   */
  barrier<R>(key: string, mine: R): Promise<readonly R[]>
  /**
   * Agrees on the instant at which a run starts on every generator.
   *
   * @throws {MissingGeneratorsError} like `barrier`
   */
  startAt(key: string): Promise<LocalInstant>
  /**
   * Compares the actual starts of a run, after it.
   *
   * @param key that of `startAt`
   * @param startedMs actual start on this process's clock
   */
  startSkew(key: string, startedMs: number): Promise<StartSkew>
  /**
   * Distributes the evidence of every generator to all of them.
   *
   * @param part up to 64 MB
   * @returns the parts by index
   * @throws {MissingGeneratorsError} if a generator is lost; its `parts` are those of the others
   */
  gather(key: string, part: Uint8Array): Promise<readonly Uint8Array[]>
  /**
   * Adds to a counter that all generators share, in one atomic operation.
   *
   * @returns the total before
   */
  add(key: string, amount: number): Promise<number>
  /** Publishes the sums of this generator's run, every second. */
  beat(tally: SecondTally): void
  /** Receives the sums over all generators for each second, in the same order on each of them. */
  onTally(listener: (sums: RunTally) => void): Disposable
  /** Stops the current run on all generators. The first call on any of them decides. */
  abort(cause: AbortCause): void
  /** Receives why the current run stops; at once if that is already known. */
  onAbort(listener: (reason: AbortReason) => void): Disposable
}

/** Instant on this process's monotonic clock. */
export interface LocalInstant {
  /** On the clock of `now()`. */
  readonly atMs: number
  /** Greatest possible distance from the same instant of the shared clock. */
  readonly errorMs: number
}

/** How far apart the generators started a run. */
export interface StartSkew {
  /** Between the first and the last start. */
  readonly skewMs: number
  /** Uncertainty of `skewMs`: the actual skew is at most `skewMs + errorMs`. */
  readonly errorMs: number
  /** Start of each generator after the first one, by index. */
  readonly offsetsMs: readonly number[]
  /** Drift of this process's clock against the shared clock during the run. */
  readonly driftPpm: number
  /** Instants of this process's clock on the shared clock, e.g. for lag across machines. */
  readonly clock: SharedClock
}

/** Conversion of this process's clock to the clock that all generators share. */
export interface SharedClock {
  readonly errorMs: number
  toSharedMs(atMs: number): number
}

/** Sums of one generator's run from its start to the end of a second. */
export interface SecondTally {
  /** From 1: the first second of the run. */
  readonly second: number
  readonly offered: number
  readonly sent: number
  readonly completed: number
  readonly dropped: number
  /** Errors by kind. */
  readonly errors: Readonly<Record<string, number>>
  /** Errors that a shortage of the generator cannot have caused. */
  readonly targetErrors: number
}

/** Sums of a run over all generators. */
export interface RunTally extends SecondTally {
  /** Sums of each generator, by index; `undefined` if it is lost or has not published any. */
  readonly generators: readonly (SecondTally | undefined)[]
}

/** Cause with which a generator stops the run. */
export type AbortCause =
  /** By a signal, a key, or an error in the scenario. */
  | { readonly kind: 'stopped'; readonly cause: string }
  /** By `abortWhen`: the reason, and what may have caused it. */
  | { readonly kind: 'decided'; readonly reason: string; readonly blame: 'target' | 'target or generator' }

/** Why a run stops on all generators. */
export type AbortReason =
  | (AbortCause & { readonly generator: number })
  /** A generator was killed, hung, or lost its connection. */
  | {
      readonly kind: 'lost'
      /** Number from 1. */
      readonly generator: number
      readonly node: string
      /** Time of its last sign of life after the start of the run; `undefined` outside a run. */
      readonly atMs: number | undefined
    }
  /** A generator ended during the run. */
  | { readonly kind: 'left'; readonly generator: number }
  /** The rendezvous was unreachable for too long. */
  | { readonly kind: 'unreachable'; readonly problem: string }

/** The reason as a sentence, e.g. `generator 5 lost at 41.0 s, 12.5% of the load was not put on`. */
export function describeAbort(reason: AbortReason, count: number): string {
  switch (reason.kind) {
    case 'stopped':
      return `stopped on generator ${reason.generator}: ${reason.cause}`
    case 'decided':
      return reason.reason
    case 'lost':
      return reason.atMs === undefined
        ? `generator ${reason.generator} lost (${reason.node})`
        : `generator ${reason.generator} lost at ${(Math.max(0, reason.atMs) / 1000).toFixed(1)} s (${reason.node}), ${shareOf(count)} of the load was not put on`
    case 'left':
      return `generator ${reason.generator} ended during the run, ${shareOf(count)} of the load was not put on`
    default:
      return reason.problem
  }
}

function shareOf(count: number): string {
  return `${Number((100 / count).toFixed(1))}%`
}
