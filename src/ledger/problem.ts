/** Why a ledger cannot be judged: what was found, and what to do about it. Never holds a password. */
export class LedgerProblem extends Error {
  override readonly name = 'LedgerProblem'
  readonly remedy: string

  constructor(finding: string, remedy: string, options?: ErrorOptions) {
    super(finding, options)
    this.remedy = remedy
  }
}
