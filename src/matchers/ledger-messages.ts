import type {
  ConservationCheck,
  ConservedTotal,
  Finding,
  FindingKind,
  LedgerEvidence,
} from '../evidence/ledger-evidence.ts'
import { inspected } from '../options/shortened.ts'
import { formatCount } from '../stats/units.ts'

/** `2 lost, 1 duplicated`; `undefined` without findings. */
export function countFindings({ findings }: LedgerEvidence): string | undefined {
  if (findings.length === 0) return undefined
  return findings
    .map(({ kind, count }) => `${formatCount(count)} ${count === 1 ? kind : (PLURALS[kind] ?? kind)}`)
    .join(', ')
}

/** One line per named violation. */
export function describeViolations({ findings }: LedgerEvidence): string[] {
  return findings.flatMap(({ kind, count, violations }) => {
    const lines = violations.map(({ subject, told, holds }) => {
      const sent = told.length > 0 ? `, responses: ${told.join(', ')}` : kind === 'unexpected' ? ', never sent' : ''
      return `${kind}: ${subject}${sent}; the ledger holds ${holds}`
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
  lost: 'send the response after the commit; if the row exists under another key or run, correct the query',
  unexpected: 'roll back what is refused; a key that was never sent may belong to another run',
  duplicated: 'let the database decide: a unique constraint on the key, and INSERT … ON CONFLICT DO NOTHING',
  'not refused': 'check the signature before anything else, on every route that applies it',
  'payload changed': 'store a digest of the payload with the key, and refuse another payload for it (422)',
  'responses differ': 'store the response with the key, in the same transaction, and return it again',
  unbalanced: 'write all entries of a transfer in one transaction; add the rounding remainder to the last one',
  drifted: 'change a balance in the transaction that writes the entry, or derive it from the entries',
}

/** Fix for the first kind of finding that has one. */
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
