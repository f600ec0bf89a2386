import { expect, test } from 'vitest'
import { idleLines } from './idle-connections.ts'
import type { ConnectionFigures } from './request-measurement.ts'

const lines = (figures: Partial<ConnectionFigures>) =>
  idleLines({
    ...{ opened: 9, refused: 0, closedIdle: 0, replaced: 0, resetAfterUse: 0, openAtEnd: 9, maxOpen: 9 },
    ...figures,
  })

test('shows the idle time after which the target closes connections if any was reopened', () => {
  expect(lines({ replaced: 1_000, closedIdle: 234, idleTimeoutMs: 4_990 })).toEqual([
    'connections: the target closes idle connections after about 5.0 s; 1,234 reopened',
  ])
  expect(lines({ replaced: 3, idleTimeoutMs: 50 })).toEqual([
    'connections: the target closes idle connections after about 0.05 s; 3 reopened',
  ])
  expect(lines({ closedIdle: 3, idleTimeoutMs: 0.4 })).toEqual([
    'connections: the target closes connections after each response without announcing it; 3 reopened',
  ])
})

test('returns no lines if the idle time is unknown, or no connection reached it', () => {
  expect(lines({ replaced: 3, closedIdle: 4 })).toEqual([])
  expect(lines({ idleTimeoutMs: 60_000, resetAfterUse: 5 })).toEqual([])
})
