import { expect, test } from 'vitest'
import type { FanOutRecord } from '../evidence/fan-out-record.ts'
import { silentClients } from './fan-out-worst.ts'

function recordOf(expected: readonly number[], missing: readonly number[]): FanOutRecord {
  const clients = { expected: Uint32Array.from(expected), missing: Uint32Array.from(missing) }
  return { clients } as unknown as FanOutRecord
}

test('counts clients that missed everything that was due to them', () => {
  expect(silentClients(recordOf([4, 0, 4, 2], [4, 0, 3, 2]))).toEqual({ count: 2, of: 3, first: [0, 3] })
})

test('counts no client that received something, or to which nothing was due', () => {
  expect(silentClients(recordOf([4, 0], [3, 0]))).toBeUndefined()
})
