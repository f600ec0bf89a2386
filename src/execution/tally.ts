import { ResponseTimes } from '../results/response-times.ts'
import type { ErrorKind } from '../stats/timeline.ts'

/** Running sums over a whole run, including the warm-up, for live reports and `abortWhen`; never evidence. */
export class Tally {
  offered = 0
  sent = 0
  completed = 0
  dropped = 0
  errorCount = 0
  /** Errors that a generator short of CPU, descriptors or ports cannot have caused. */
  targetErrorCount = 0
  readonly errors = new Map<ErrorKind, number>()
  readonly responseTimes = new ResponseTimes()
  /** Completed iterations of the load without the warm-up, and the total time for which they held their VUs. */
  iterations = 0
  heldMs = 0
  #light: Iterations = { iterations: 0, heldMs: 0 }
  #lightBefore: Iterations = { iterations: 0, heldMs: 0 }
  #shortestMs = Number.POSITIVE_INFINITY

  countError(kind: ErrorKind, detail: string): void {
    this.errorCount++
    if (isTargetError(kind, detail)) this.targetErrorCount++
    this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1)
  }

  /** @param isLight whether it began while at most a tenth of the VUs were busy */
  countIteration(heldMs: number, hasError: boolean, isLight: boolean): void {
    this.iterations++
    this.heldMs += heldMs
    if (hasError) return
    if (heldMs < this.#shortestMs) this.#shortestMs = heldMs
    if (!isLight) return
    this.#light.iterations++
    this.#light.heldMs += heldMs
  }

  /**
   * Mean time for which an iteration without an error holds its VU while the target is lightly loaded. Taken from the
   * warm-up if the load kept the VUs busy from its beginning; the time of the shortest iteration if there was no light
   * load. `undefined` if every iteration had an error.
   */
  get lightMs(): number | undefined {
    const { iterations, heldMs } = this.#light.iterations > 0 ? this.#light : this.#lightBefore
    if (iterations > 0) return heldMs / iterations
    return Number.isFinite(this.#shortestMs) ? this.#shortestMs : undefined
  }

  forgetIterations(): void {
    this.iterations = 0
    this.heldMs = 0
    this.#lightBefore = this.#light
    this.#light = { iterations: 0, heldMs: 0 }
  }
}

interface Iterations {
  iterations: number
  heldMs: number
}

/** Detail of a TLS handshake that the target closed. */
export const HANDSHAKE_CLOSED = 'closed in the handshake'

/**
 * Details of connection attempts that the target refused. ENOENT and EACCES are those of a Unix socket that is missing or
 * not accessible. All other failures may be caused by a limit or a delay of this machine.
 */
const REFUSED: readonly string[] = ['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EACCES', HANDSHAKE_CLOSED]

function isTargetError(kind: ErrorKind, detail: string): boolean {
  return kind === 'connect' ? REFUSED.includes(detail) : kind !== 'timeout'
}

/** Number of errors in a part of a run that the target certainly caused. */
export function targetErrorsIn({ errors, details }: CountedErrors): number {
  const of = (kind: ErrorKind) => errors.get(kind) ?? 0
  const refused = REFUSED.reduce((sum, detail) => sum + (details.get(detail) ?? 0), 0)
  const others = [...errors.keys()].filter((kind) => kind !== 'timeout' && kind !== 'connect')
  return others.reduce((sum, kind) => sum + of(kind), Math.min(refused, of('connect')))
}

interface CountedErrors {
  readonly errors: ReadonlyMap<ErrorKind, number>
  /** By detail, such as a system error code. */
  readonly details: ReadonlyMap<string, number>
}
