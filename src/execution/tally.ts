import { ResponseTimes } from '../results/response-times.ts'
import type { ErrorKind } from '../stats/timeline.ts'

/** Running sums over a whole run, warm-up included: for people watching and for deciding to abort, never evidence. */
export class Tally {
  offered = 0
  sent = 0
  completed = 0
  dropped = 0
  errorCount = 0
  /** Of the errors, those that a generator short of CPU, descriptors or ports cannot have brought about. */
  targetErrorCount = 0
  readonly errors = new Map<ErrorKind, number>()
  readonly responseTimes = new ResponseTimes()
  /** Iterations that came to their end, and how long they held their VU, of the load without warm-up. */
  iterations = 0
  heldMs = 0
  #light: Held = { iterations: 0, heldMs: 0 }
  #lightBefore: Held = { iterations: 0, heldMs: 0 }
  #shortestMs = Number.POSITIVE_INFINITY

  countError(kind: ErrorKind, detail: string): void {
    this.errorCount++
    if (isTargets(kind, detail)) this.targetErrorCount++
    this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1)
  }

  /** @param isLight it began while hardly any other VU was busy */
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
   * Mean time that an iteration without an error holds its VU while the target has little to do: in the warm-up, if the
   * load kept the VUs busy from its beginning, and that of the shortest iteration if there was no such time. `undefined`
   * if every iteration had an error.
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

interface Held {
  iterations: number
  heldMs: number
}

/** The other side ended a TLS handshake. */
export const HANDSHAKE_CLOSED = 'closed in the handshake'

/**
 * Connection attempts that the other side turned down; ENOENT and EACCES are of a Unix socket that is missing or not open to
 * others. All else may be a limit of this machine, or late by its own fault.
 */
const TURNED_DOWN: readonly string[] = ['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EACCES', HANDSHAKE_CLOSED]

function isTargets(kind: ErrorKind, detail: string): boolean {
  return kind === 'connect' ? TURNED_DOWN.includes(detail) : kind !== 'timeout'
}

/** Of the errors of a part of a run, those that are certainly the target's. */
export function targetErrorsIn({ errors, details }: CountedErrors): number {
  const of = (kind: ErrorKind) => errors.get(kind) ?? 0
  const turnedDown = TURNED_DOWN.reduce((sum, detail) => sum + (details.get(detail) ?? 0), 0)
  const others = [...errors.keys()].filter((kind) => kind !== 'timeout' && kind !== 'connect')
  return others.reduce((sum, kind) => sum + of(kind), Math.min(turnedDown, of('connect')))
}

interface CountedErrors {
  readonly errors: ReadonlyMap<ErrorKind, number>
  /** By words, such as the code of the system. */
  readonly details: ReadonlyMap<string, number>
}
