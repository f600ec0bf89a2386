/** Error of a ledger that cannot be judged, with the finding and its fix. Never contains a password. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError'
  /** Finding without the fix. */
  readonly finding: string
  readonly remedy: string

  constructor(finding: string, remedy: string, options?: ErrorOptions) {
    super(`${finding}\nFix: ${remedy}`, options)
    this.finding = finding
    this.remedy = remedy
  }
}
