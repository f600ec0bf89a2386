import type { ErrorKind } from '../stats/timeline.ts'

/** Running sums over a whole run, warm-up included: for people watching and for deciding to abort, never evidence. */
export class Tally {
  offered = 0
  sent = 0
  completed = 0
  dropped = 0
  errorCount = 0
  readonly errors = new Map<ErrorKind, number>()
  /** Iterations that came to their end, and how long they held their VU, of the load without warm-up. */
  iterations = 0
  heldMs = 0

  countError(kind: ErrorKind): void {
    this.errorCount++
    this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1)
  }

  forgetIterations(): void {
    this.iterations = 0
    this.heldMs = 0
  }
}
