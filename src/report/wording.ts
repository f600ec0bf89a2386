import type { Invalidity } from '../evidence/verdict.ts'
import type { AssertionResult } from '../results/result.ts'

/** A reason to be invalid and its fix, as two sentences. */
export function describeInvalidity({ finding, fix }: Invalidity): string {
  return `${finding.replace(/\.$/, '')}. ${fix.charAt(0).toUpperCase()}${fix.slice(1)}`
}

/** Number of assertions that were not checked, e.g. because the database cannot be read; `undefined` if there are none. */
export function uncheckedNote(assertions: readonly Pick<AssertionResult, 'outcome'>[]): string | undefined {
  const count = assertions.filter(({ outcome }) => outcome === 'skipped').length
  return count === 0 ? undefined : `${count} of ${assertions.length} assertions not checked`
}
