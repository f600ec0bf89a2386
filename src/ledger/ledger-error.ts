/** Why a ledger cannot be judged: what was found, and how to fix it. Never holds a password. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError'
  /** What was found, without the fix. */
  readonly finding: string
  readonly remedy: string

  constructor(finding: string, remedy: string, options?: ErrorOptions) {
    super(`${finding}\nFix: ${remedy}`, options)
    this.finding = finding
    this.remedy = remedy
  }
}
