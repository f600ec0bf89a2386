import { describe, expect, test } from 'vitest'
import { totalsOf, WHOLE_RUN } from '../execution/request-scope.ts'
import { every, PHASES, series, type SampleRequest } from '../testing/sample-measurement.ts'
import { hintFor } from './request-hints.ts'
import type { ConnectionFigures } from './request-measurement.ts'

const ORIGIN = 'http://127.0.0.1:3000'

const CONNECTIONS = { opened: 9, refused: 0, closedIdle: 0, replaced: 0, resetAfterUse: 0, openAtEnd: 9, maxOpen: 9 }

/** All VUs were busy at some time. */
const DEMAND = { vus: 50, lightMs: 4, busyMs: 60, patienceMs: 10_000 }

function hint(
  requests: readonly SampleRequest[],
  vus: Partial<Parameters<typeof hintFor>[2]> = {},
  connections: Partial<ConnectionFigures> = {},
): string | undefined {
  const totals = totalsOf([series('a', undefined, requests)], PHASES, WHOLE_RUN)
  return hintFor(totals, ORIGIN, { demand: undefined, shortage: undefined, ...vus }, { ...CONNECTIONS, ...connections })
}

/** Requests in a row, from a time in the steady phase. */
const times = (count: number, request: Omit<SampleRequest, 'atMs'>, fromMs = 4500) =>
  every(1, fromMs, fromMs + count, request)
const good = (count: number) => times(count, { latencyMs: 10, status: 200 }, 5500)

test('returns no hint for a run without faults', () => {
  expect(hint([])).toBeUndefined()
  expect(hint(good(100))).toBeUndefined()
  expect(hint(good(100), { demand: DEMAND })).toBeUndefined()
})

test('suggests to check the target if 1% of the requests could not connect', () => {
  const refused = (count: number) => times(count, { latencyMs: 1, error: ['connect', 'ECONNREFUSED'] })
  const message = `${ORIGIN} (ECONNREFUSED): check that the target is running and accepts that many connections`
  expect(hint(refused(200))).toBe(`200 requests could not connect to ${message}`)
  expect(hint([...refused(2), ...good(198)])).toBe(`2 requests could not connect to ${message}`)
  expect(hint([...refused(1), ...good(198)])).toBeUndefined()
  expect(hint(times(3, { latencyMs: 1, error: ['connect', 'handshake timeout'] }))).toBe(
    `3 requests could not connect to ${ORIGIN}: check that the target is running and accepts that many connections`,
  )
})

const responded = (count: number, status: number) =>
  times(count, { latencyMs: 1, status, error: ['status', String(status)] })

test.each([
  [400, 'check the body, the query and the content type; a check function sees the response'],
  [401, 'check the authorization header and the rows of data'],
  [403, 'check the permissions of the users in data'],
  [404, 'check the path and the base URL'],
  [405, 'check the method'],
  [415, 'check the content type'],
  [429, 'the target limits the rate of requests; add 429 to expectStatus if that is expected'],
])('suggests the likely cause if every response was %i', (status, message) => {
  expect(hint(responded(50, status))).toBe(`every response was ${status}: ${message}`)
})

test('shows the first body of an unexpected status, but not of a redirect', () => {
  const withBody = (status: number, sample: string) => {
    const all = series('a', undefined, responded(50, status))
    all.timeline.at(4500).countDetail(String(status), () => sample)
    return hintFor(totalsOf([all], PHASES, WHOLE_RUN), ORIGIN, { demand: undefined, shortage: undefined }, CONNECTIONS)
  }
  expect(withBody(500, '{"error":"no such table"}')).toBe(
    'every response was 500: find the cause in the log of the target\nbody of the first one: {"error":"no such table"}',
  )
  expect(withBody(500, '')).toBe('every response was 500: find the cause in the log of the target')
  expect(withBody(302, 'Found. Redirecting to /login')).not.toContain('Found.')
})

test('names an unexpected status of 90% of the responses', () => {
  expect(hint(responded(50, 500))).toBe('every response was 500: find the cause in the log of the target')
  expect(hint([...responded(90, 500), ...good(10)])).toBe(
    'nearly every response was 500: find the cause in the log of the target',
  )
  expect(hint([...responded(89, 500), ...good(11)])).toBeUndefined()
  expect(hint(times(50, { latencyMs: 1, status: 201 }))).toBeUndefined()
})

test('names the most frequent error of a check or extraction if half of the errors are wrong bodies', () => {
  const body = (count: number, detail: string, fromMs?: number) =>
    times(count, { latencyMs: 1, status: 200, error: ['body', detail] }, fromMs)
  const late = (count: number) => times(count, { latencyMs: 1, error: ['timeout', 'no response'] }, 6000)
  expect(hint([...body(4, 'check failed'), ...body(6, 'extract token: nothing found', 4600), ...good(50)])).toBe(
    'correct the target, or the check of its responses: 6 responses were not as expected: extract token: nothing found',
  )
  expect(hint([...body(4, 'not a valid HTTP response'), ...late(4), ...good(50)])).toBe(
    'correct the target, or the check of its responses: 4 responses were not as expected: not a valid HTTP response',
  )
  expect(hint([...body(4, 'check failed'), ...late(5), ...good(50)])).toBeUndefined()
  expect(hint([...body(4, 'the check failed'), ...good(50)])).toBeUndefined()
})

test('does not suggest more VUs if the target kept them waiting', () => {
  const waited = times(100, { latencyMs: 25.2, serviceMs: 20, status: 200 })
  const slow = 'find out what slows the target down under load'
  const message =
    'because the target kept all 50 VUs waiting. Under light load an iteration took 4 ms; over the run, 60 ms'
  expect(hint(waited, { demand: DEMAND })).toBe(`${slow}: requests waited ${message}`)
  expect(hint([...good(100), ...times(5, { dropped: true })], { demand: DEMAND })).toBe(
    `${slow}: 5 requests were dropped ${message}`,
  )
  // Up to 20% and 1 ms more does not count as waiting.
  expect(hint(times(100, { latencyMs: 24.8, serviceMs: 20, status: 200 }), { demand: DEMAND })).toBeUndefined()
})

test('suggests more VUs only if they were too few', () => {
  const waited = times(100, { latencyMs: 25.2, serviceMs: 20, status: 200 })
  expect(hint(waited)).toBeUndefined()
  expect(hint(times(5, { dropped: true }))).toBeUndefined()
  const invalidity = {
    reason: 'offered-rate-missed',
    finding: 'requests waited for a free VU',
    fix: 'raise vus to 9',
  } as const
  const shortage = { isMaterial: false, invalidity }
  expect(hint(waited, { demand: DEMAND, shortage })).toBe('requests waited for a free VU: raise vus to 9')
})

test('names time-outs if there are enough for a median', () => {
  const timedOut = (count: number) => times(count, { latencyMs: 100, error: ['timeout', 'timeout'] })
  expect(hint(timedOut(20))).toBe('20 requests timed out: check whether the target still responds')
  expect(hint(timedOut(19))).toBeUndefined()
})

test.each(['Socket.IO: not authorized, before it was ready', 'status 401', 'not acknowledged'])(
  'names the reason for which the target refused connections: %s',
  (detail) => {
    expect(hint(times(3, { latencyMs: 1, error: ['connect', detail] }))).toBe(
      `find out in the log of the target why it refused connections: 3 requests could not connect to ${ORIGIN}, most of them: ${detail}`,
    )
  },
)

test('names how connections without a response were closed', () => {
  const closed = (count: number, detail: string) => times(count, { latencyMs: 1, error: ['reset', detail] })
  const busy = 'closed with code 1013 (try again later): busy'
  expect(hint([...closed(6, busy), ...closed(2, 'closed with code 1000 (normal)'), ...good(92)])).toBe(
    `find out in the log of the target why connections were closed: 8 requests got no response because of that, most of them: ${busy}`,
  )
  expect(hint(closed(3, 'STOMP: no such queue'))).toBe(
    'find out in the log of the target why connections were closed: 3 requests got no response because of that, most of them: STOMP: no such queue',
  )
})

describe('if 1% of the requests were reset', () => {
  const reset = (count: number) => times(count, { latencyMs: 300, error: ['reset', 'ECONNRESET'] })
  const message = 'requests were reset: the target closed the connection instead of responding'

  test('names the idle time of their connections and of the target, before a lack of VUs', () => {
    const after = (resetAfterUse: number, min: number, max: number, idleTimeoutMs?: number) =>
      hint(reset(60), { demand: DEMAND }, { resetAfterUse, resetIdleMs: { min, max }, idleTimeoutMs })
    const used = (idle: string) => `60 ${message}, on connections used before and idle for ${idle}`
    expect(after(60, 599, 640)).toBe(`${used('0.6 s')}. Check its keep-alive time-out and its logs`)
    expect(after(30, 0, 1_960, 2_000)).toBe(
      `${used('0.00–2.0 s')}; the target closes idle connections after about 2.0 s. Raise its keep-alive time-out`,
    )
    expect(after(60, 600, 600, 5_000)).toBe(
      `${used('0.6 s')}. It keeps idle connections open for longer: check its logs`,
    )
    expect(after(60, 0.1, 0.25, 0.3)).toBe(
      `${used('less than 0.01 s')}; the target closes connections after each response without announcing it. Raise its keep-alive time-out`,
    )
  })

  test('suggests to check the target if most were on new connections', () => {
    const expected = `${message}. Check whether it crashed, or limits its connections`
    expect(hint(reset(60), { demand: DEMAND })).toBe(`60 ${expected}`)
    expect(hint(reset(60), { demand: DEMAND }, { resetAfterUse: 29, resetIdleMs: { min: 1, max: 2 } })).toBe(
      `60 ${expected}`,
    )
    expect(hint([...reset(2), ...good(198)])).toBe(`2 ${expected}`)
    expect(hint([...reset(1), ...good(198)])).toBeUndefined()
  })
})

test('names the most frequent error', () => {
  const failing = (count: number, kind: 'reset' | 'connect' | 'timeout') =>
    times(count, { latencyMs: 300, error: [kind, kind === 'connect' ? 'ECONNREFUSED' : 'closed'] })
  expect(hint([...failing(231, 'reset'), ...failing(69, 'connect')])).toMatch(/^231 requests were reset/)
  expect(hint([...failing(69, 'reset'), ...failing(231, 'connect')])).toMatch(/^231 requests could not connect/)
  expect(hint([...failing(100, 'timeout'), ...failing(5, 'connect')])).toMatch(/^100 requests timed out/)
})

test('names time-outs of most requests before a lack of VUs that waited for them', () => {
  const invalidity = { reason: 'offered-rate-missed', finding: 'requests waited', fix: 'raise vus to 47' } as const
  const shortage = { isMaterial: false, invalidity }
  const slow = times(200, { latencyMs: 300, error: ['timeout', 'no response'] })
  expect(hint(slow, { demand: DEMAND, shortage })).toMatch(/^200 requests timed out/)
  expect(hint([...slow.slice(0, 20), ...good(180)], { demand: DEMAND, shortage })).toMatch(
    /^requests waited: raise vus/,
  )
})
