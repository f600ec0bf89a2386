import type {
  ConservationCheck,
  ConservedTotal,
  Finding,
  FindingKind,
  LedgerEvidence,
} from '../evidence/ledger-evidence.ts'
import { inspected } from '../options/shortened.ts'
import { formatCount } from '../stats/units.ts'

/** `2 lost, 1 duplicated`; `undefined` if nothing was found. */
export function countFindings({ findings }: LedgerEvidence): string | undefined {
  if (findings.length === 0) return undefined
  return findings
    .map(({ kind, count }) => `${formatCount(count)} ${count === 1 ? kind : (PLURALS[kind] ?? kind)}`)
    .join(', ')
}

/** One line for each violation named. */
export function describeOffenders({ findings }: LedgerEvidence): string[] {
  return findings.flatMap(({ kind, count, violations }) => {
    const lines = violations.map(({ subject, told, holds }) => {
      const said = told.length > 0 ? `, told ${told.join(', ')}` : kind === 'unexpected' ? ', never sent' : ''
      return `${kind}: ${subject}${said}; the ledger holds ${holds}`
    })
    const more = count - violations.length
    return more > 0 ? [...lines, `${kind}: ${formatCount(more)} more`] : lines
  })
}

const PLURALS: Partial<Record<FindingKind, string>> = {
  unexpected: 'unexpected',
  'payload changed': 'payloads changed',
  violation: 'violations',
}

const HINTS: Partial<Record<FindingKind, string>> = {
  lost: 'response after the commit; where the row is there but under another key or run, correct the query',
  unexpected: 'what is refused must be rolled back; a key that was never sent here may be another run’s',
  duplicated: 'let the database decide: a unique constraint on the key, and INSERT … ON CONFLICT DO NOTHING',
  'not refused': 'check the signature before anything else, on every route that applies it',
  'payload changed': 'store the payload’s digest beside the key, and refuse another payload under it (422)',
  'responses differ': 'store the response beside the key, in the same transaction, and give it again',
  unbalanced: 'write all entries of a transfer in one transaction; let the last one take what rounding leaves',
  drifted: 'change a balance in the transaction that writes the entry, or derive it from the entries',
}

/** What to do about the first kind that something is known about. */
export function hintFor(findings: readonly Finding[]): string | undefined {
  return findings.map(({ kind }) => HINTS[kind]).find((hint) => hint !== undefined)
}

export function showTotal(total: ConservedTotal | undefined): string | undefined {
  return total && `the total changed by ${total.delta}, from ${total.before} to ${total.after}`
}

export function showRange({ atLeast, atMost }: ConservationCheck['expectedDelta']): string {
  return atLeast === atMost ? atLeast : `${atLeast} to ${atMost}`
}

export function showOptions(value: unknown): string {
  const shown = inspected(value, 100)
  return shown.replace(/\bhistory: (?:\[History\]|History \{[^}]*\})/, 'history')
}
