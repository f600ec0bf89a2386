import { expect, test } from 'vitest'
import { formatMs, formatRatio } from '../stats/units.ts'
import { formatMessage } from './message.ts'
import { formatDistance, formatSpan } from './threshold.ts'

const parts = {
  call: 'expect(run).toHaveP95Below(150)',
  expected: 'p95 < 150 ms',
  received: 'p95 = 163 ms (+8.7%), 95% interval 158–169 ms',
}

test('formatMessage() prints all parts in their order', () => {
  const message = formatMessage({
    fix: 'requests waited for a free VU (latency well above service time):\nraise vus to about 2,400',
    worst: { label: 'Slowest', items: ['POST /api/votes p95 188 ms', 'GET /api/me p95 92 ms'] },
    evidence: [
      'steady phase, 60.0 s, 11,940 of 12,000 requests, constantArrivalRate 200/s, 2,000 VUs',
      'p50 41   p90 120   p95 163   p99 410   max 902 ms   service-time p95 121 ms',
    ],
    ...parts,
  })
  expect(message).toMatchInlineSnapshot(`
    "expect(run).toHaveP95Below(150)

    Expected: p95 < 150 ms
    Received: p95 = 163 ms (+8.7%), 95% interval 158–169 ms

    Evidence: steady phase, 60.0 s, 11,940 of 12,000 requests, constantArrivalRate 200/s, 2,000 VUs
              p50 41   p90 120   p95 163   p99 410   max 902 ms   service-time p95 121 ms
    Slowest:  POST /api/votes p95 188 ms · GET /api/me p95 92 ms
    Fix:      requests waited for a free VU (latency well above service time):
              raise vus to about 2,400"
  `)
})

test('formatMessage() prints no line for empty parts', () => {
  expect(formatMessage({ ...parts, fix: 'raise vus', evidence: [], worst: { label: 'Slowest', items: [] } }))
    .toMatchInlineSnapshot(`
      "expect(run).toHaveP95Below(150)

      Expected: p95 < 150 ms
      Received: p95 = 163 ms (+8.7%), 95% interval 158–169 ms

      Fix:      raise vus"
    `)
})

test('formatSpan() prints a common unit once', () => {
  expect(formatSpan(158, 169, formatMs)).toBe('158–169 ms')
  expect(formatSpan(980, 1020, formatMs)).toBe('980 ms–1.02 s')
  expect(formatSpan(0.001, 0.0123, formatRatio)).toBe('0.1–1.2%')
  expect(formatSpan(0, 0, formatRatio)).toBe('0%')
})

test('formatDistance() prints a signed percentage, or multiples from ten times the limit', () => {
  expect(formatDistance(163, 150)).toBe('(+8.7%)')
  expect(formatDistance(75, 150)).toBe('(−50%)')
  expect(formatDistance(1500, 150)).toBe('(10 times the limit)')
  expect(formatDistance(150, 150)).toBe('')
  expect(formatDistance(Infinity, 150)).toBe('')
})
