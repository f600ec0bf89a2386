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
    const lines = violations.map(({ subject, responses, holds }) => {
      const sent =
        responses.length > 0 ? `, responses: ${responses.join(', ')}` : kind === 'unexpected' ? ', never sent' : ''
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

const FIXES: Readonly<Record<FindingKind, string>> = {
  lost: 'send the response after the commit; if the row exists under another key or run, correct the query',
  unexpected: 'roll back what is refused; a key that was never sent may belong to another run',
  duplicated: 'let the database decide: a unique constraint on the key, and INSERT … ON CONFLICT DO NOTHING',
  'not refused': 'check the signature before anything else, on every route that applies it',
  'payload changed': 'store a digest of the payload with the key, and refuse another payload for it (422)',
  'responses differ': 'store the response with the key, in the same transaction, and return it again',
  unbalanced: 'write all entries of a transfer in one transaction; add the rounding remainder to the last one',
  drifted: 'change a balance in the transaction that writes the entry, or derive it from the entries',
  'below floor': 'check the balance in the transaction that debits the account, with a lock on its row',
  violation: 'find the transactions that wrote the rows above',
}

/** Fix for the first kind of finding; without a finding, only a total can be wrong. */
export function fixFor(
  [first]: readonly Finding[],
  total?: ConservedTotal,
  expected?: ConservationCheck['expectedDelta'],
): string {
  if (first !== undefined) return FIXES[first.kind]
  return (total && expected && fixOfDelta(Number(total.delta), expected)) ?? UNEXPECTED_CHANGE
}

const UNEXPECTED_CHANGE =
  'find the transactions that changed the total; if they are intended, assert them with expectedDelta'

/** Fix for a total that changed in the expected direction, but by too little or too much. */
function fixOfDelta(delta: number, { atLeast, atMost }: ConservationCheck['expectedDelta']): string | undefined {
  const [low, high] = [Number(atLeast), Number(atMost)]
  // The same change, as a positive one.
  const [changed, least, most] = low > 0 ? [delta, low, high] : high < 0 ? [-delta, -high, -low] : []
  if (changed === undefined || changed < 0) return undefined
  if (changed < least!)
    return (
      'updates were lost: change the amount in one statement (SET balance = balance + $1), or lock the row before it is ' +
      'read (SELECT … FOR UPDATE), and send the response after the commit'
    )
  if (changed > most!) return 'updates were applied more than once: give each a key, with a unique constraint on it'
  return undefined
}

/** Number of violations of all kinds. */
export function countViolations(findings: readonly Finding[]): number {
  return findings.reduce((sum, { count }) => sum + count, 0)
}

export function showTotal(total: ConservedTotal | undefined): string | undefined {
  return total && `the total changed by ${total.delta}, from ${total.before} to ${total.after}`
}

export function showRange({ atLeast, atMost }: ConservationCheck['expectedDelta']): string {
  return atLeast === atMost ? atLeast : `${atLeast} to ${atMost}`
}

export function showOptions(value: unknown): string {
  const shown = inspected(value, 100).replace(/\btotalBefore: \{[^}]*(?:\}|…$)/, 'totalBefore')
  return shown.replace(/\bhistory: (?:\[History\]|History \{[^}]*\})/, 'history')
}
