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
import {
  countFindings,
  countViolations,
  describeViolations,
  fixFor,
  showOptions,
  showRange,
  showTotal,
} from './ledger-messages.ts'
import type { Subject } from './subject.ts'
import type { On } from './typing.ts'

type OnLedger<T, Matcher> = On<T, LedgerSource, Matcher, 'judges a ledger, as the fixture `ledger` gives'>

/** Matchers of `expect()` for ledgers; each must be awaited. */
export interface LedgerMatchers<T> {
  /**
   * Every acknowledged key (`ok`) is in the ledger exactly once, every `unknown` key at most once, and no other key; keys
   * that had to be refused were refused; a repeated key was acknowledged for one payload only, with identical responses,
   * as far as they were recorded. Reads the ledger after operations in flight have settled.
   */
  toApplyExactlyOnce: OnLedger<T, (history: History | undefined, rows: LedgerRows) => Promise<void>>
  /**
   * Every acknowledged key (`ok`) is in the ledger, and no key that was refused, ignored or never sent. Does not count
   * rows: for tables with several rows per key.
   */
  toMatchHistory: OnLedger<T, (history: History | undefined, rows: LedgerRows) => Promise<void>>
  /** Totals changed as expected, transfers sum to zero, and balances are the sum of their entries. */
  toConserve: OnLedger<T, (conserved: Conserved) => Promise<void>>
  /** A query or function that returns violations returns no row. */
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
  expected: 'each acknowledged key in the ledger once, each unknown key at most once, no refused key',
  expectedNot: 'a key lost, applied twice, or applied although refused',
})

const toMatchHistory = historyMatcher('toMatchHistory', 'presence', {
  expected: 'each acknowledged key in the ledger, unknown keys optional, no refused key',
  expectedNot: 'a key lost, or applied although refused',
})

type Expectation = Pick<Judgement, 'expected' | 'expectedNot'>

function historyMatcher(name: string, depth: HistoryCheck['depth'], expectation: Expectation): ExtendMatcher {
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
      judged(expectation, async () => {
        const evidence = await checks.history(check)
        return { evidence, received: countFindings(evidence) ?? 'every key as expected' }
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
    const expectation = { expected: parts.join(', '), expectedNot: `not: ${parts.join(', ')}` }
    return judged(expectation, async () => {
      const { total, ...evidence } = await checks.conservation(check)
      const found = countFindings(evidence)
      const received = [showTotal(total), found].filter((part) => part !== undefined)
      return {
        evidence,
        broken: total?.conserved === false,
        fix: fixFor(evidence.findings, total, check.expectedDelta),
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
    judged({ expected: `${name}: no row`, expectedNot: `${name}: violated by a row` }, async () => {
      const evidence = await checks.invariant(violations)
      return { evidence, received: countFindings(evidence) ?? 'no row' }
    }),
})

/** Matchers that compare the ledger with acknowledged operations and with its own invariants. */
export const ledgerMatchers: Readonly<Record<string, ExtendMatcher>> = {
  toApplyExactlyOnce,
  toMatchHistory,
  toConserve,
  toHoldInvariant,
}

interface Judged {
  readonly evidence: LedgerEvidence
  readonly received: string
  /** Whether the assertion is violated without a finding. */
  readonly broken?: boolean
  /** @default that of the first finding */
  readonly fix?: string
}

async function judged(expectation: Expectation, check: () => Promise<Judged>): Promise<Judgement> {
  const { evidence, received, broken = false, fix } = await check()
  const { findings, invalidities, lines, waited, hint, skipped } = evidence
  const holds = findings.length === 0 && !broken
  const isJudged = invalidities.length === 0
  // Reports omit the evidence of passed assertions, so the received line contains the waiting time.
  const settled = holds && isJudged && waited !== undefined ? `; ${waited}` : ''
  return {
    holds,
    ...expectation,
    received: isJudged ? received + settled : 'nothing that could be judged',
    invalidities,
    evidence: [...describeViolations(evidence), ...lines, ...(waited === undefined || settled !== '' ? [] : [waited])],
    hint,
    fix: fix ?? fixFor(findings),
    skipped,
    figure: { limit: 0, value: isJudged ? countViolations(findings) + Number(broken) : Number.NaN, unit: 'count' },
  }
}
