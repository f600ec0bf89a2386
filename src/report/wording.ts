import type { Invalidity } from '../run/verdict.ts'

/** What speaks against a run and what to do about it, as two sentences. */
export function describeInvalidity({ finding, remedy }: Invalidity): string {
  return `${finding.replace(/\.$/, '')}. ${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}`
}
