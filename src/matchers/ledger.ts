import {
  ledgerChecks,
  type ConservationCheck,
  type HistoryCheck,
  type LedgerChecks,
  type LedgerEvidence,
  type LedgerSource,
  type RowSource,
} from '../evidence/ledger-evidence.ts'
import type { History } from '../history/history.ts'
import { any, argument } from '../options/values.ts'
import { readArguments } from './arguments.ts'
import { defineMatcher, type ExtendMatcher, type Judgement } from './define.ts'
import {
  CONSERVED,
  historyArguments,
  ROWS,
  sourceArgument,
  type Conserved,
  type LedgerRows,
} from './ledger-arguments.ts'
import { countFindings, describeOffenders, hintFor, showOptions, showRange, showTotal } from './ledger-words.ts'
import type { Subject } from './subject.ts'
import type { On } from './typing.ts'

type OnLedger<T, Matcher> = On<T, LedgerSource, Matcher, 'judges a ledger, as the fixture `ledger` gives'>

/** `expect()` has these; each belongs to what its first parameter `this` says. */
export interface LedgerMatchers<T> {
  /**
   * Every key told `ok` is in the ledger once, every key that is unknown at most once, no other at all; keys that had
   * to be refused were; a repeated key was told `ok` for one payload only, and responded alike, as far as recorded.
   * Reads once what was in flight has settled. To be awaited.
   */
  toApplyExactlyOnce: OnLedger<T, (history: History | undefined, rows: LedgerRows) => Promise<void>>
  /**
   * Every key told `ok` is in the ledger, and none that was refused, ignored or never sent. However often: for rows
   * of which a key has several. To be awaited.
   */
  toMatchHistory: OnLedger<T, (history: History | undefined, rows: LedgerRows) => Promise<void>>
  /** Totals changed by what they had to, transfers sum to zero, balances are the sum of their entries. To be awaited. */
  toConserve: OnLedger<T, (conserved: Conserved) => Promise<void>>
  /** A query or function that returns violations returns none. To be awaited. */
  toHoldInvariant: OnLedger<T, (name: string, violations: RowSource) => Promise<void>>
}

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends LedgerMatchers<T> {}
}

const ledger: Subject<LedgerChecks> = {
  variable: 'ledger',
  noun: 'a ledger, as the fixture `ledger` gives',
  read: (received) =>
    typeof received === 'object' && received !== null && ledgerChecks in received
      ? (received as LedgerSource)[ledgerChecks]
      : undefined,
}

const toApplyExactlyOnce = historyMatcher('toApplyExactlyOnce', 'once', {
  expected: 'each key in the ledger once where told ok, at most once where unknown, never where refused',
  expectedNot: 'a key lost, applied twice, or applied though refused',
})

const toMatchHistory = historyMatcher('toMatchHistory', 'presence', {
  expected: 'each key in the ledger where told ok, perhaps where unknown, never where refused',
  expectedNot: 'a key lost, or applied though refused',
})

type Words = Pick<Judgement, 'expected' | 'expectedNot'>

function historyMatcher(name: string, depth: HistoryCheck['depth'], words: Words): ExtendMatcher {
  const read = historyArguments(`${name}(run.history, { rows, key })`)
  return defineMatcher<LedgerChecks, HistoryCheck>({
    name,
    subject: ledger,
    showArguments: ([, options]) => `run.history, ${showOptions(options)}`,
    readArguments(problems, args) {
      const { history, options } = read(problems, args)
      return { history, ...ROWS.read(problems, '', options), depth }
    },
    judge: (checks, check) =>
      judged(words, async () => {
        const evidence = await checks.history(check)
        return { evidence, received: countFindings(evidence) ?? 'every key as told' }
      }),
  })
}

const toConserve = defineMatcher<LedgerChecks, ConservationCheck>({
  name: 'toConserve',
  subject: ledger,
  showArguments: ([options]) => showOptions(options),
  readArguments(problems, args) {
    const example = "toConserve({ total: 'SELECT sum(balance) FROM accounts', totalBefore })"
    const { options } = readArguments(example, { options: any() })(problems, args)
    return CONSERVED.read(problems, '', options)
  },
  judge(checks, check) {
    const parts = [
      check.total === undefined ? undefined : `the total changed by ${showRange(check.expectedDelta)}`,
      check.entries === undefined ? undefined : 'each transfer sums to zero',
      check.accounts === undefined
        ? undefined
        : `no balance below its floor${check.entries === undefined ? '' : ' or apart from its entries'}`,
    ].filter((part) => part !== undefined)
    const words = { expected: parts.join(', '), expectedNot: `not: ${parts.join(', ')}` }
    return judged(words, async () => {
      const { total, ...evidence } = await checks.conservation(check)
      const found = countFindings(evidence)
      const received = [showTotal(total), found].filter((part) => part !== undefined)
      return {
        evidence,
        broken: total?.conserved === false,
        received: received.length === 0 ? 'nothing lost' : received.join('; '),
      }
    })
  },
})

const INVARIANT_EXAMPLE = "toHoldInvariant('no debts', 'SELECT * FROM accounts WHERE balance < 0')"

const toHoldInvariant = defineMatcher<LedgerChecks, { readonly name: string; readonly violations: RowSource }>({
  name: 'toHoldInvariant',
  subject: ledger,
  readArguments: readArguments(INVARIANT_EXAMPLE, {
    name: argument<string>(
      (value) => typeof value === 'string' && value.trim() !== '',
      'must be a string that is not empty',
      INVARIANT_EXAMPLE,
    ),
    violations: sourceArgument(INVARIANT_EXAMPLE),
  }),
  judge: (checks, { name, violations }) =>
    judged({ expected: `${name}: no row`, expectedNot: `${name}: broken by some row` }, async () => {
      const evidence = await checks.invariant(violations)
      return { evidence, received: countFindings(evidence) ?? 'no row' }
    }),
})

/** What the ledger holds against what users were told, and against its own rules. */
export const ledgerMatchers: Readonly<Record<string, ExtendMatcher>> = {
  toApplyExactlyOnce,
  toMatchHistory,
  toConserve,
  toHoldInvariant,
}

interface Judged {
  readonly evidence: LedgerEvidence
  readonly received: string
  /** Something is wrong that is no finding. */
  readonly broken?: boolean
}

async function judged(words: Words, check: () => Promise<Judged>): Promise<Judgement> {
  const { evidence, received, broken = false } = await check()
  const { findings, invalidities, lines, waited, hint, skipped } = evidence
  const holds = findings.length === 0 && !broken
  const isJudged = invalidities.length === 0
  // A report shows of what passed no evidence; what was waited for is part of what was received.
  const settled = holds && isJudged && waited !== undefined ? `; ${waited}` : ''
  return {
    holds,
    ...words,
    received: isJudged ? received + settled : 'nothing that could be judged',
    invalidities,
    evidence: [...describeOffenders(evidence), ...lines, ...(waited === undefined || settled !== '' ? [] : [waited])],
    hint: hint ?? hintFor(findings),
    skipped,
  }
}
