import { describe, expect, test } from 'vitest'
import { sampleHistory } from '../testing/sample-history.ts'
import { inflowOf } from './inflow.ts'
import { LedgerError } from './ledger-error.ts'

describe('the inflow of a history', () => {
  const history = sampleHistory([
    { key: 'a', outcome: 'ok' },
    { key: 'a', outcome: 'ok' },
    { key: 'b', outcome: 'failed' },
    { key: 'b', outcome: 'unknown' },
    { key: 'c', outcome: 'unknown' },
    { key: 'c', outcome: 'ok' },
    { key: 'd', outcome: 'failed' },
    { key: 'forged', outcome: 'ok', expected: 'refused' },
    { key: 'forged', outcome: 'unknown', expected: 'ignored' },
  ])

  test('counts each acknowledged key once, and unknown keys as a range', () => {
    expect(inflowOf(history, 5)).toEqual({ atLeast: '10', atMost: '15' })
    expect(inflowOf(history, -5n)).toEqual({ atLeast: '-15', atMost: '-10' })
  })

  test('adds the exact amount of each key', () => {
    const amounts = { a: '0.1', b: '0.2', c: '0.7' } as const
    expect(inflowOf(history, (key) => amounts[key as keyof typeof amounts])).toEqual({ atLeast: '0.8', atMost: '1' })
    expect(() => inflowOf(history, () => 0.1)).toThrow(
      'the amount of key "a" is 0.1, a floating-point number, which is not exact',
    )
  })

  test('shows operations that were applied twice, unless their amounts cancel each other out', () => {
    const paid = sampleHistory([
      { key: 'a', outcome: 'ok' },
      { key: 'b', outcome: 'ok' },
    ])
    expect(inflowOf(paid, 5)).toEqual({ atLeast: '10', atMost: '10' })
    expect(() => inflowOf(paid, (key) => (key === 'a' ? 5 : -5))).toThrow(
      new LedgerError(
        'the amounts of 2 acknowledged keys add up to 0, so the total would be the same if each of them had been applied twice',
        'check deposits and withdrawals apart, each with the total of its own rows, or assert 0 and check the rows: expectedDelta: 0 and toApplyExactlyOnce()',
      ),
    )
    expect(inflowOf(paid, 0)).toEqual({ atLeast: '0', atMost: '0' })
  })

  test('is zero for an empty history', () => {
    expect(inflowOf(sampleHistory([]), 5)).toEqual({ atLeast: '0', atMost: '0' })
  })
})
