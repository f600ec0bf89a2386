import type { Invalidity } from '../evidence/verdict.ts'
import type { AssertionResult } from '../results/result.ts'

/** Reasons against a run and what to do about it, as two sentences. */
export function describeInvalidity({ finding, remedy }: Invalidity): string {
  return `${finding.replace(/\.$/, '')}. ${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}`
}

/** How much of a scenario was left unchecked, such as a ledger that cannot be read from here: a pass without it says less. */
export function uncheckedNote(assertions: readonly Pick<AssertionResult, 'outcome'>[]): string | undefined {
  const count = assertions.filter(({ outcome }) => outcome === 'skipped').length
  return count === 0 ? undefined : `${count} of ${assertions.length} assertions not checked`
}
