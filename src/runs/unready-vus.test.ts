import { expect, test } from 'vitest'
import { readinessInvalidities } from './unready-vus.ts'

test('does not judge a run in which more than 1% of the VUs never had a connection', () => {
  expect(readinessInvalidities({ began: 100, neverReady: { 'status 401': 1 }, rejected: 1 })).toEqual([])
  expect(
    readinessInvalidities({ began: 1_000, neverReady: { 'handshake timeout': 11, 'status 401': 12 }, rejected: 12 }),
  ).toEqual([
    {
      reason: 'offered-rate-missed',
      finding:
        '23 of 1,000 VUs (2.3%) never had a connection on which they could send, limit 1%: 12 × status 401, 11 × handshake timeout',
      fix: 'find out in the log of the target why it did not accept them, or raise handshakeTimeout and readyTimeout',
      blame: 'target',
    },
  ])
})

test('blames the target only for its own rejections', () => {
  const [found] = readinessInvalidities({
    began: 10,
    neverReady: { 'handshake timeout': 2 },
    rejected: 0,
    fix: 'raise it',
  })
  expect(found).not.toHaveProperty('blame')
  expect(found!.fix).toBe('raise it')
})

test('leaves a run in which no VU had a connection to its errors', () => {
  expect(readinessInvalidities({ began: 4, neverReady: { refused: 4 }, rejected: 4 })).toEqual([])
})
