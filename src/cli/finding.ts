/** `ok`; `limits`: scenarios can run, within the limit described; `missing`: no scenario can run. */
export type Health = 'ok' | 'limits' | 'missing'

/** Result of one check. */
export interface Finding {
  readonly name: string
  readonly health: Health
  readonly found: string
  /** What it means for a run, if it is not `ok`. */
  readonly limits?: string
  /** How to fix it, as a command if there is one. */
  readonly fix?: string
}
