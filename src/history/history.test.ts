import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digestOf } from './digest.ts'
import { History, outcomeOf, type ExpectedOutcome, type OperationOutcome } from './history.ts'

const key = fc.string({ minLength: 1, maxLength: 60, size: 'max', unit: 'grapheme' })
const content = fc.oneof(fc.string({ maxLength: 40, size: 'max' }), fc.uint8Array({ maxLength: 40, size: 'max' }))
const us = fc.double({ min: 0, max: 4e9, noNaN: true })
const operation = fc.record(
  {
    key,
    vu: fc.nat(1_000_000),
    step: fc.nat(60_000),
    payload: content,
    expected: fc.constantFrom<ExpectedOutcome>('applied', 'refused', 'ignored'),
    intendedStartUs: us,
    startUs: us,
  },
  { requiredKeys: ['key', 'vu', 'step', 'intendedStartUs', 'startUs'] },
)
const ending = fc.record(
  {
    endUs: us,
    outcome: fc.constantFrom<OperationOutcome>('ok', 'failed', 'unknown'),
    status: fc.constantFrom(0, 200, 429, 503),
    response: content,
  },
  { requiredKeys: ['endUs', 'outcome', 'status'] },
)

describe('History', () => {
  test('returns every operation as it was recorded, in any order of their ends', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(operation, fc.option(ending), fc.nat())), (recorded) => {
        const history = new History()
        const ids = recorded.map(([op]) => history.begin(op))
        const byEnd = recorded
          .map(([, end, order], i) => ({ end, order, id: ids[i]! }))
          .toSorted((a, b) => a.order - b.order)
        for (const { id, end } of byEnd) if (end !== null) history.end(id, end)

        const expected = recorded.map(([op, end], id) => ({
          ...op,
          id,
          expected: op.expected ?? 'applied',
          payload: op.payload === undefined ? undefined : digestOf(op.payload),
          endUs: end?.endUs,
          outcome: end?.outcome ?? 'unknown',
          status: end?.status ?? 0,
          response: end?.response === undefined ? undefined : digestOf(end.response),
        }))
        expect(history.size).toBe(recorded.length)
        expect([...history.operations()]).toEqual(expected)
      }),
    )
  })

  test('returns the right keys beyond one chunk of operations and one page of keys', () => {
    const history = new History()
    const keyOf = (i: number) => `${history.runId}-${'ä'.repeat(i % 50)}-${i}`
    for (let i = 0; i < 40_000; i++) history.begin({ key: keyOf(i), vu: i, step: 0, intendedStartUs: i, startUs: i })
    let wrong = 0
    for (const op of history.operations()) if (op.key !== keyOf(op.id) || op.vu !== op.id) wrong++
    expect(wrong).toBe(0)
  })

  test('reports an operation without an end as unknown', () => {
    const history = new History()
    const id = history.begin({ key: 'a', vu: 1, step: 0, intendedStartUs: 0, startUs: 1 })
    expect(history.operation(id)).toMatchObject({ outcome: 'unknown', endUs: undefined, status: 0 })
  })

  test('rejects invalid keys, unknown operations and a second end', () => {
    const history = new History()
    const start = { vu: 1, step: 0, intendedStartUs: 0, startUs: 0 }
    expect(() => history.begin({ ...start, key: '' })).toThrow('a key must have 1 to 4096 bytes, received 0')
    expect(() => history.begin({ ...start, key: 'ä'.repeat(2049) })).toThrow('received 4098')
    expect(history.size).toBe(0)
    history.begin({ ...start, key: 'ä'.repeat(2048) })
    history.end(0, { endUs: 1, outcome: 'ok', status: 200 })
    expect(() => history.end(0, { endUs: 2, outcome: 'failed', status: 400 })).toThrow('operation 0 has already ended')
    expect(() => history.end(1, { endUs: 2, outcome: 'ok', status: 200 })).toThrow('there is no operation 1')
    expect(() => history.operation(-1)).toThrow('there is no operation -1')
  })

  test('has a unique run id', () => {
    expect(new History().runId).toMatch(/^[0-9a-f]{12}$/)
    expect(new History().runId).not.toBe(new History().runId)
    expect(new History({ runId: 'mine' }).runId).toBe('mine')
  })

  test('needs less than 200 MB for a million operations with keys of 36 characters', () => {
    const history = new History()
    for (let i = 0; i < 100_000; i++) {
      const id = history.begin({
        key: `0190f6f2-8a4b-7cde-9f01-${String(i).padStart(12, '0')}`,
        vu: i % 2000,
        step: 0,
        intendedStartUs: i,
        startUs: i,
      })
      history.end(id, { endUs: i + 1, outcome: 'ok', status: 201 })
    }
    expect(history.byteLength * 10).toBeLessThan(200e6)
  })
})

test.each([
  [200, 'ok'],
  [201, 'ok'],
  [204, 'ok'],
  [303, 'unknown'],
  [400, 'failed'],
  [409, 'failed'],
  [422, 'failed'],
  [429, 'failed'],
  [500, 'unknown'],
  [503, 'unknown'],
  [0, 'unknown'],
])('status %i has the outcome %s', (status, outcome) => {
  expect(outcomeOf(status)).toBe(outcome)
})
