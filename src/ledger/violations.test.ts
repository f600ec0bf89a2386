import { expect, test } from 'vitest'
import type { FindingKind } from '../evidence/ledger-evidence.ts'
import { History, type ExpectedOutcome } from '../history/history.ts'
import { describeViolatingKeys, showRows, outcomesOf, type ViolatingKeys } from './violations.ts'

/** Operations of a key, one per second. */
function sent(key: string, times: number, steps = ['vote'], due?: ExpectedOutcome): History {
  const history = new History({ steps })
  for (let n = 0; n < times; n++) {
    const at = { intendedStartUs: n * 1e6, startUs: n * 1e6 }
    const id = history.begin({ key, vu: n, step: n % 3, ...at, ...(due !== undefined && { expected: due }) })
    history.end(id, { endUs: n * 1e6 + 1, outcome: n === 0 ? 'unknown' : 'ok', status: n === 0 ? 0 : 201 })
  }
  return history
}

test('outcomesOf() shows five outcomes and the number of further ones', async () => {
  const responses = ['unknown (no response)', ...Array.from({ length: 5 }, () => 'ok (201)')]
  const lines = responses.map((response, n) => `VU ${n} at ${n}.0 s: ${response}`)
  expect((await outcomesOf(new Set(['a']), sent('a', 5))).get('a')).toEqual(lines.slice(0, 5))
  expect((await outcomesOf(new Set(['a']), sent('a', 6))).get('a')).toEqual([...lines.slice(0, 5), '1 more'])
  expect((await outcomesOf(new Set(['a']), sent('a', 9))).get('a')).toEqual([...lines.slice(0, 5), '4 more'])
})

test('outcomesOf() names the step if there are several, and an expectation other than applied', async () => {
  expect((await outcomesOf(new Set(['a']), sent('a', 3, ['vote', 'pay'], 'refused'))).get('a')).toEqual([
    'VU 0, vote at 0.0 s: unknown (no response), expected to be refused',
    'VU 1, pay at 1.0 s: ok (201), expected to be refused',
    'VU 2, step 2 at 2.0 s: ok (201), expected to be refused',
  ])
})

test('outcomesOf() only looks up the given keys', async () => {
  expect([...(await outcomesOf(new Set(['b']), sent('a', 2))).keys()]).toEqual([])
  const never = { steps: [], size: 1, operations: () => expect.fail('the history was read for nothing') }
  expect((await outcomesOf(new Set(), never)).size).toBe(0)
})

test('showRows() shows three rows, and an ellipsis for further ones', () => {
  const rows = [1, 2, 3, 4].map((id) => ({ id }))
  expect(showRows([])).toBe('nothing')
  expect(showRows(rows.slice(0, 1))).toBe('1 row: { id: 1 }')
  expect(showRows(rows.slice(0, 3))).toBe('3 rows: { id: 1 }, { id: 2 }, { id: 3 }')
  expect(showRows(rows)).toBe('4 rows: { id: 1 }, { id: 2 }, { id: 3 }, …')
})

test('describeViolatingKeys() shows the outcomes and rows of each named key', async () => {
  const rows = [{ id: 1 }, { id: 2 }, { id: 3 }]
  const ledger = { rows, keys: ['a', 'other', 'a'] }
  const violatingKeys = new Map<FindingKind, ViolatingKeys>([
    ['duplicated', { count: 12, keys: ['a'] }],
    ['unexpected', { count: 1, keys: ['never-sent'] }],
  ])
  expect(await describeViolatingKeys(violatingKeys, sent('a', 1), ledger)).toEqual([
    {
      kind: 'duplicated',
      count: 12,
      violations: [
        {
          subject: 'key "a"',
          responses: ['VU 0 at 0.0 s: unknown (no response)'],
          holds: '2 rows: { id: 1 }, { id: 3 }',
        },
      ],
    },
    { kind: 'unexpected', count: 1, violations: [{ subject: 'key "never-sent"', responses: [], holds: 'nothing' }] },
  ])
})
