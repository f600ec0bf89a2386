import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FindingKind } from '../evidence/ledger-evidence.ts'
import type { ExpectedOutcome, OperationOutcome } from '../history/history.ts'
import { now } from '../machine/clock.ts'
import { sampleHistory, type Send } from '../testing/sample-history.ts'
import { checkHistory } from './invariants.ts'
import { readKeys, type Row } from './rows.ts'
import type { RecordedOperations } from './violations.ts'

async function check(sends: readonly Send[], keys: readonly string[], depth: 'presence' | 'once' = 'once') {
  const rows: Row[] = keys.map((key, id) => ({ id, key }))
  return checkHistory(sampleHistory(sends), await readKeys({ rows, columns: [] }, ['key']), depth)
}

/** A history whose operations take 40 ms to read, on any machine. */
function slowHistory(): RecordedOperations {
  const history = sampleHistory(Array.from({ length: 1_000 }, (_, at): Send => ({ key: `key-${at}`, outcome: 'ok' })))
  return {
    steps: history.steps,
    size: history.size,
    *operations() {
      const startMs = now()
      for (const operation of history.operations()) {
        while (now() - startMs < operation.id * 0.04);
        yield operation
      }
    },
  }
}

/** Possible keys of a consistent run: the operations, in order, and the number of rows that they create. */
const legalKey = fc.record({
  sends: fc.array(fc.constantFrom<OperationOutcome>('ok', 'failed', 'unknown'), { minLength: 1, maxLength: 5 }),
  expected: fc.constantFrom<ExpectedOutcome>('applied', 'applied', 'applied', 'refused', 'ignored'),
  appliedIfUnknown: fc.boolean(),
})
type LegalKey = typeof legalKey extends fc.Arbitrary<infer T> ? T : never

function legalSends(key: string, { sends, expected }: LegalKey): Send[] {
  return sends.map((outcome) => ({
    key,
    expected,
    outcome: expected === 'refused' && outcome === 'ok' ? 'failed' : outcome,
    payload: `payload of ${key}`,
    ...(outcome === 'ok' && { response: `response to ${key}` }),
  }))
}

function legalRows({ sends, expected, appliedIfUnknown }: LegalKey): number {
  if (expected !== 'applied') return 0
  if (sends.includes('ok')) return 1
  return sends.includes('unknown') && appliedIfUnknown ? 1 : 0
}

const consistentRun = fc.array(legalKey, { minLength: 1, maxLength: 30, size: 'max' }).chain((keys) => {
  const sends = keys.flatMap((legal, at) => legalSends(`key-${at}`, legal))
  const rows = keys.flatMap((legal, at) => Array.from({ length: legalRows(legal) }, () => `key-${at}`))
  return fc.record({
    sends: fc.shuffledSubarray(sends, { minLength: sends.length }),
    rows: fc.shuffledSubarray(rows, { minLength: rows.length }),
  })
})

interface Run {
  readonly sends: readonly Send[]
  readonly rows: readonly string[]
}

/** Adds one mistake to a consistent run; `undefined` if the run has no suitable key. */
type Mistake = (run: Run, pick: <T>(from: readonly T[]) => T) => (Run & { readonly violation: string }) | undefined

const appliedOk = (run: Run) => run.sends.filter(({ outcome, expected }) => outcome === 'ok' && expected === 'applied')

const mistakes: Record<Exclude<FindingKind, 'unbalanced' | 'below floor' | 'drifted' | 'violation'>, Mistake> = {
  lost(run, pick) {
    const candidates = appliedOk(run)
    if (candidates.length === 0) return undefined
    const { key } = pick(candidates)
    return { ...run, rows: run.rows.filter((row) => row !== key), violation: key }
  },
  duplicated(run, pick) {
    if (run.rows.length === 0) return undefined
    const key = pick(run.rows)
    return { ...run, rows: [...run.rows, key], violation: key }
  },
  unexpected(run, pick) {
    const hopeless = run.sends.filter(
      ({ key }) =>
        !run.sends.some((send) => send.key === key && send.expected === 'applied' && send.outcome !== 'failed'),
    )
    const key = pick([...hopeless.map((send) => send.key), 'never-sent'])
    return { ...run, rows: [...run.rows, key], violation: key }
  },
  'not refused'(run, pick) {
    const candidates = run.sends.filter(({ expected }) => expected === 'refused')
    if (candidates.length === 0) return undefined
    const send = pick(candidates)
    const sends = run.sends.map((other) => (other === send ? { ...send, outcome: 'ok' as const } : other))
    return { ...run, sends, violation: send.key }
  },
  'payload changed'(run, pick) {
    const candidates = appliedOk(run)
    if (candidates.length === 0) return undefined
    const send = pick(candidates)
    return { ...run, sends: [...run.sends, { ...send, payload: 'another payload' }], violation: send.key }
  },
  'responses differ'(run, pick) {
    const candidates = appliedOk(run)
    if (candidates.length === 0) return undefined
    const send = pick(candidates)
    return { ...run, sends: [...run.sends, { ...send, response: 'another response' }], violation: send.key }
  },
}

/** Naive model of the judgement, without regard to cost. */
function naiveFindings({ sends, rows }: Run): string[] {
  const keys = new Set([...sends.map(({ key }) => key), ...rows])
  return [...keys].flatMap((key) => {
    const due = sends.filter((send) => send.key === key && (send.expected ?? 'applied') === 'applied')
    const ok = due.filter(({ outcome }) => outcome === 'ok')
    const held = rows.filter((row) => row === key).length
    const mayBeThere = due.some(({ outcome }) => outcome !== 'failed')
    const payloads = ok.map(({ payload }) => payload).filter((payload) => payload !== undefined)
    const ofFirst = ok.filter(({ payload }) => payload === undefined || payload === payloads[0])
    const responses = ofFirst.map(({ response }) => response).filter((response) => response !== undefined)
    const kinds: FindingKind[] = []
    if (ok.length > 0 && held === 0) kinds.push('lost')
    if (!mayBeThere && held > 0) kinds.push('unexpected')
    if (mayBeThere && held > 1) kinds.push('duplicated')
    if (sends.some((send) => send.key === key && send.expected === 'refused' && send.outcome === 'ok'))
      kinds.push('not refused')
    if (new Set(payloads).size > 1) kinds.push('payload changed')
    if (new Set(responses).size > 1) kinds.push('responses differ')
    return kinds.map((kind) => `${kind}: ${JSON.stringify(key)}`)
  })
}

async function found({ sends, rows }: Run): Promise<string[]> {
  const { findings } = await check(sends, rows)
  return findings.flatMap(({ kind, violations }) =>
    violations.map(({ subject }) => `${kind}: ${subject.slice('key '.length)}`),
  )
}

describe('checkHistory()', () => {
  test('has no findings for a consistent run', async () => {
    await fc.assert(
      fc.asyncProperty(consistentRun, async ({ sends, rows }) => {
        expect((await check(sends, rows)).findings).toEqual([])
      }),
    )
  })

  test.for(Object.entries(mistakes))(
    'reports a single mistake as %s, with its key and nothing else',
    async ([kind, mistake]) => {
      let injected = 0
      await fc.assert(
        fc.asyncProperty(consistentRun, fc.nat(), async (run, choice) => {
          const broken = mistake(run, (from) => from[choice % from.length]!)
          if (broken === undefined) return
          injected++
          const { findings } = await check(broken.sends, broken.rows)
          expect(findings.map((finding) => [finding.kind, finding.count])).toEqual([[kind, 1]])
          expect(findings[0]!.violations[0]!.subject).toBe(`key ${JSON.stringify(broken.violation)}`)
        }),
      )
      expect(injected).toBeGreaterThan(20)
    },
  )

  test('agrees with the naive model', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd')
    const send = fc.record(
      {
        key,
        outcome: fc.constantFrom<OperationOutcome>('ok', 'failed', 'unknown'),
        expected: fc.constantFrom<ExpectedOutcome>('applied', 'applied', 'refused', 'ignored'),
        payload: fc.constantFrom('p', 'q'),
        response: fc.constantFrom('x', 'y'),
      },
      { requiredKeys: ['key', 'outcome'] },
    )
    // An operation without a response has none to record.
    const sends = fc
      .array(send, { maxLength: 8 })
      .map((all) => all.map((one) => (one.outcome === 'unknown' ? { ...one, response: undefined } : one) as Send))
    const rows = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'never-sent'), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(fc.record({ sends, rows }), async (run) => {
        expect((await found(run)).toSorted()).toEqual(naiveFindings(run).toSorted())
      }),
      { numRuns: 1_000 },
    )
  })

  test('ignores the number of rows, payloads and responses if depth is presence', async () => {
    const sends: Send[] = [
      { key: 'a', outcome: 'ok', payload: 'p', response: 'x' },
      { key: 'a', outcome: 'ok', payload: 'q', response: 'x' },
      { key: 'b', outcome: 'ok', payload: 'p', response: 'x' },
      { key: 'b', outcome: 'ok', payload: 'p', response: 'y' },
    ]
    expect((await check(sends, ['a', 'a', 'b'], 'presence')).findings).toEqual([])
    expect((await check(sends, ['a', 'a', 'b'])).findings.map(({ kind }) => kind)).toEqual([
      'duplicated',
      'payload changed',
      'responses differ',
    ])
    expect((await check(sends, ['a', 'c'], 'presence')).findings.map(({ kind }) => kind)).toEqual([
      'lost',
      'unexpected',
    ])
  })

  test('lists the responses and the rows of a violation', async () => {
    const sends: Send[] = [
      { key: 'a', outcome: 'ok' },
      { key: 'b', outcome: 'unknown' },
      { key: 'b', outcome: 'ok' },
      { key: 'forged', outcome: 'failed', expected: 'refused' },
      { key: 'a', outcome: 'failed' },
    ]
    expect((await check(sends, ['b', 'b', 'forged'])).findings).toEqual([
      {
        kind: 'lost',
        count: 1,
        violations: [
          {
            subject: 'key "a"',
            responses: ['VU 0 at 0.0 s: ok (201)', 'VU 4 at 0.4 s: failed (429)'],
            holds: 'nothing',
          },
        ],
      },
      {
        kind: 'unexpected',
        count: 1,
        violations: [
          {
            subject: 'key "forged"',
            responses: ['VU 3 at 0.3 s: failed (429), expected to be refused'],
            holds: "1 row: { id: 2, key: 'forged' }",
          },
        ],
      },
      {
        kind: 'duplicated',
        count: 1,
        violations: [
          {
            subject: 'key "b"',
            responses: ['VU 1 at 0.1 s: unknown (no response)', 'VU 2 at 0.2 s: ok (201)'],
            holds: "2 rows: { id: 0, key: 'b' }, { id: 1, key: 'b' }",
          },
        ],
      },
    ])
  })

  test('lets the event loop run while it compares a large history', async () => {
    const history = slowHistory()
    let isTimerFired = false
    setTimeout(() => (isTimerFired = true), 0)
    const { counts } = await checkHistory(history, { rows: [], keys: [] }, 'once')
    expect(counts.operations).toBe(history.size)
    expect(isTimerFired).toBe(true)
  })

  test('stops if the scenario is stopped meanwhile', async () => {
    const stopped = new AbortController()
    setTimeout(() => stopped.abort(new Error('stopped')), 0)
    const checked = checkHistory(slowHistory(), { rows: [], keys: [] }, 'once', stopped.signal)
    await expect(checked).rejects.toThrow('stopped')
  })

  test('names the first ten violations and counts all of them', async () => {
    const sends = Array.from({ length: 25 }, (_, at): Send => ({ key: `key-${at}`, outcome: 'ok' }))
    const [lost] = (await check(sends, [])).findings
    expect(lost).toMatchObject({ kind: 'lost', count: 25 })
    expect(lost!.violations.map(({ subject }) => subject)).toEqual(sends.slice(0, 10).map(({ key }) => `key "${key}"`))
  })

  test('counts unknown keys by their presence in the ledger', async () => {
    const sends: Send[] = [
      { key: 'a', outcome: 'unknown' },
      { key: 'b', outcome: 'unknown' },
      { key: 'c', outcome: 'unknown' },
      { key: 'c', outcome: 'ok' },
      { key: 'd', outcome: 'failed' },
      { key: 'e', outcome: 'unknown' },
      { key: 'f', outcome: 'unknown' },
    ]
    expect((await check(sends, ['a', 'c'])).counts).toEqual({
      operations: 7,
      ok: 1,
      failed: 1,
      unknown: 5,
      acknowledged: 1,
      keys: 6,
      rows: 2,
      unknownApplied: 1,
      unknownNotApplied: 3,
    })
  })
})

describe('keys that were stored in a different form', () => {
  const ok = (...keys: readonly string[]): Send[] => keys.map((key) => ({ key, outcome: 'ok' }))

  test.for([
    [['A-1', 'B-2'], ['b-2', 'a-1'], 'case'],
    [['a ', ' b'], ['a', 'b'], 'spaces'],
    [['A ', 'b'], ['a', 'b'], 'case and spaces'],
    [['A ', 'B'], ['a', 'b'], 'case and spaces'],
    [['caf\u0065\u0301', 'b'], ['caf\u00e9', 'b'], 'Unicode normal form'],
    [['caf\u00e9'], ['caf\u0065\u0301'], 'Unicode normal form'],
    [['A', 'B'], ['a', 'c'], undefined],
    [['A'], ['a', 'b'], undefined],
    [['A', 'B'], ['a'], undefined],
  ] as const)('%o sent, %o stored: %s', async ([sent, stored, likeness]) => {
    expect((await check(ok(...sent), stored)).likeness).toBe(likeness)
  })
})

describe('keys of rows', () => {
  test('are strings or numbers', async () => {
    const keysOf = async (rows: readonly Row[]) => (await readKeys({ rows, columns: [] }, ['key'])).keys
    expect(await keysOf([{ key: 'a' }, { key: 7 }, { key: 7n }])).toEqual(['a', '7', '7'])
    expect(await keysOf([])).toEqual([])
  })

  test('names a missing column and the existing ones', async () => {
    await expect(readKeys({ rows: [{ id: 1, idempotency_key: 'a' }], columns: [] }, ['key'])).rejects.toThrow(
      'the rows have no column "key"; they have id, idempotency_key',
    )
  })

  test.for([[null], [undefined], [''], [new Date(0)], [{ a: 1 }]])('rejects %o as a key', async ([key]) => {
    await expect(
      readKeys(
        {
          rows: [
            { id: 1, key: 'a' },
            { id: 2, key },
          ],
          columns: [],
        },
        ['key'],
      ),
    ).rejects.toThrow(/^1 of 2 rows have .*"key".*id: 2/)
  })
})
