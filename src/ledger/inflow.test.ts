import { describe, expect, test } from 'vitest'
import { sampleHistory } from '../testing/sample-history.ts'
import { inflowOf } from './inflow.ts'

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

  test('is zero for an empty history', () => {
    expect(inflowOf(sampleHistory([]), 5)).toEqual({ atLeast: '0', atMost: '0' })
  })
})
