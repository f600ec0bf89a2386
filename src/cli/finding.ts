/** `ok`; `limits`: runs work, with the limit named; `missing`: no scenario can run. */
export type Health = 'ok' | 'limits' | 'missing'

/** What was found of one thing that a run depends on. */
export interface Finding {
  readonly name: string
  readonly health: Health
  readonly found: string
  /** What it means for a run, where it is not `ok`. */
  readonly limits?: string
  /** How to fix it, as a command if there is one. */
  readonly remedy?: string
}
