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
  #all: BusyTime = { iterations: 0, busyUs: 0 }
  #light: BusyTime = { iterations: 0, busyUs: 0 }
  #lightBefore: BusyTime = { iterations: 0, busyUs: 0 }
  #shortestUs = Number.POSITIVE_INFINITY

  countError(kind: ErrorKind, detail: string): void {
    this.errorCount++
    if (isTargetError(kind, detail)) this.targetErrorCount++
    this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1)
  }

  /** @param isLight whether it began while at most a tenth of the VUs were busy */
  countIteration(busyMs: number, hasError: boolean, isLight: boolean): void {
    const busyUs = Math.round(busyMs * 1000)
    this.#all.iterations++
    this.#all.busyUs += busyUs
    if (hasError) return
    if (busyUs < this.#shortestUs) this.#shortestUs = busyUs
    if (!isLight) return
    this.#light.iterations++
    this.#light.busyUs += busyUs
  }

  get iterations(): HoldingTimes {
    return { all: this.#all, light: this.#light, lightBefore: this.#lightBefore, shortestUs: this.#shortestUs }
  }

  forgetIterations(): void {
    this.#all = { iterations: 0, busyUs: 0 }
    this.#lightBefore = this.#light
    this.#light = { iterations: 0, busyUs: 0 }
  }
}

/** Iterations, and the total time for which they held their VUs. In whole microseconds, so that sums are exact in any order. */
export interface BusyTime {
  iterations: number
  busyUs: number
}

/** Completed iterations of a load, without the warm-up unless stated. */
export interface HoldingTimes {
  readonly all: Readonly<BusyTime>
  /** Iterations without an error that began while at most a tenth of the VUs were busy. */
  readonly light: Readonly<BusyTime>
  /** Such iterations of the warm-up. */
  readonly lightBefore: Readonly<BusyTime>
  /** The shortest iteration without an error, warm-up included; infinite if there was none. */
  readonly shortestUs: number
}

/**
 * Mean time for which an iteration without an error holds its VU while the target is lightly loaded. Taken from the warm-up
 * if the load kept the VUs busy from its beginning; the time of the shortest iteration if there was no light load.
 * `undefined` if every iteration had an error.
 */
export function lightMsOf({ light, lightBefore, shortestUs }: HoldingTimes): number | undefined {
  const { iterations, busyUs } = light.iterations > 0 ? light : lightBefore
  if (iterations > 0) return busyUs / iterations / 1000
  return Number.isFinite(shortestUs) ? shortestUs / 1000 : undefined
}

/** Detail of a TLS handshake that the target closed. */
export const HANDSHAKE_CLOSED = 'closed in the handshake'

/**
 * Details of connection attempts that the target refused. ENOENT and EACCES are those of a Unix socket that is missing or
 * not accessible. All other failures may be caused by a limit or a delay of this machine.
 */
const REFUSED: readonly string[] = ['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EACCES', HANDSHAKE_CLOSED]

/** Whether a detail is that of a refused connection attempt. */
export function isRefusal(detail: string): boolean {
  return REFUSED.includes(detail)
}

function isTargetError(kind: ErrorKind, detail: string): boolean {
  return kind === 'connect' ? isRefusal(detail) : kind !== 'timeout'
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
