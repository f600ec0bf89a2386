/** Error of a ledger that cannot be judged, with the finding and its fix. Never contains a password. */
export class LedgerError extends Error {
  /** Name of the class. */
  override readonly name = 'LedgerError'
  /** Finding without the fix. */
  readonly finding: string
  /** The fix. */
  readonly fix: string

  constructor(finding: string, fix: string, options?: ErrorOptions) {
    super(`${finding}\nFix: ${fix}`, options)
    this.finding = finding
    this.fix = fix
  }
}
