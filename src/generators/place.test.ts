import { expect, test } from 'vitest'
import { hubUrl, readPlace, readTimeout, secretsOfAddress } from './place.ts'

const GENERATOR = { PERF_GENERATOR: '2/3', PERF_RUN_ID: 'r1' }

test('reads the address of a hub from the variable that generator 1 sets', () => {
  const hub = { path: '/tmp/vitest-slo-live-7-hub-a@b/hub', token: 'a'.repeat(32) }
  const place = readPlace({ ...GENERATOR, PERF_RENDEZVOUS_URL: hubUrl(hub) })
  expect(place).toMatchObject({ index: 1, count: 3, runId: 'r1', address: { kind: 'local', ...hub } })
  expect(secretsOfAddress(place!.address)).toEqual([hub.token])
})

test('treats the password of Redis as a secret', () => {
  const { address } = readPlace({ ...GENERATOR, PERF_RENDEZVOUS_URL: 'redis://:pass%2Fword@redis:6379' })!
  expect(secretsOfAddress(address)).toEqual(['redis://:pass%2Fword@redis:6379', 'pass%2Fword', 'pass/word'])
})

test.each([
  ['5m', 300_000],
  ['1500', 1_500],
  ['', 120_000],
])('reads PERF_RENDEZVOUS_TIMEOUT=%s', (text, ms) => {
  expect(readTimeout({ PERF_RENDEZVOUS_TIMEOUT: text })).toBe(ms)
})

test.each(['0', '-1', 'soon', '5 minutes'])('rejects PERF_RENDEZVOUS_TIMEOUT=%s', (text) => {
  expect(() => readTimeout({ PERF_RENDEZVOUS_TIMEOUT: text })).toThrow(
    /^PERF_RENDEZVOUS_TIMEOUT is not valid, received ".*\nFix: write it as PERF_RENDEZVOUS_TIMEOUT=5m$/,
  )
})
