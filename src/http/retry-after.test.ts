import { expect, test } from 'vitest'
import { constantVus, sharedIterations } from '../load/builders.ts'
import { now } from '../machine/clock.ts'
import { engineFor, response, scriptedServer } from '../testing/scripted-server.ts'
import { retryAfterMs } from './retry-after.ts'
import type { HttpRunOptions } from './types.ts'

test.each([
  [['Retry-After', '3'], 3000],
  [['retry-after', ' 0 '], 0],
  [['Date', 'Mon, 02 Mar 2026 10:00:00 GMT', 'Retry-After', 'Mon, 02 Mar 2026 10:00:07 GMT'], 7000],
  [['Date', 'Mon, 02 Mar 2026 10:00:00 GMT', 'Retry-After', 'Mon, 02 Mar 2026 09:00:00 GMT'], 0],
  // Without a date of the response, this machine's clock counts.
  [['Retry-After', 'Thu, 01 Jan 1970 00:00:05 GMT'], 4000],
  [['Retry-After', 'soon'], undefined],
  [['Retry-After', '-3'], undefined],
  [['Retry-After', '1.5'], undefined],
  [['Content-Length', '3'], undefined],
] as const)('reads %j as %s ms', (headers, ms) => {
  expect(retryAfterMs(headers, () => 1000)).toBe(ms)
  expect(retryAfterMs(`HTTP/1.1 503 Busy\r\n${headers[0]}: ${headers[1]}\r\n`, () => 1000)).toBe(
    headers.length === 2 ? ms : undefined,
  )
})

/** Runs against a server that responds to the first request with 503 and `Retry-After: 1`. @returns when requests arrived */
async function runWith(options: Partial<HttpRunOptions>, status = '503 Busy') {
  const arrivedMs: number[] = []
  await using server = await scriptedServer({
    onRequest(socket, _, nth) {
      arrivedMs.push(now())
      socket.write(nth === 0 ? response('', { status, headers: 'Retry-After: 1\r\n' }) : response())
    },
  })
  const { http } = engineFor(server.url)
  const run = await http.run({ load: sharedIterations({ iterations: 2, vus: 1 }), ...options })
  return { run, waitedMs: arrivedMs[1]! - arrivedMs[0]! }
}

test('by default, Retry-After has no effect', async () => {
  const { run, waitedMs } = await runWith({ request: { path: '/' } })
  expect(waitedMs).toBeLessThan(900)
  expect([...run.errors]).toEqual([['status', 1]])
})

test('a VU observes Retry-After between iterations, up to the limit; the error counts, and the wait is in no latency', async () => {
  for (const options of [
    { request: { path: '/' } },
    { flow: ({ request }) => request({ path: '/' }) },
  ] satisfies Partial<HttpRunOptions>[]) {
    const { run, waitedMs } = await runWith({ ...options, retryAfter: '300ms' })
    expect(waitedMs).toBeGreaterThanOrEqual(299)
    expect(waitedMs).toBeLessThan(1000)
    expect(run).toMatchObject({ offered: 2, completed: 2, errorRate: 0.5 })
    expect(run.good.state === 'measured' && run.good.latency.maxMs).toBeLessThan(290)
    expect(run.iterations).toMatchObject({ offered: 2, completed: 2, errorRate: 0.5 })
  }
})

test('within an iteration, the next request is due after the wait, which is part of the time of iteration and group', async () => {
  const { run } = await runWith({
    load: sharedIterations({ iterations: 1, vus: 1 }),
    retryAfter: '300ms',
    expectStatus: [200, 503],
    flow: async ({ request, group }) => {
      await group('poll', async () => {
        while ((await request({ path: '/' })).status === 503);
      })
    },
  })
  if (run.state === 'empty') throw new Error('nothing measured')
  expect(run).toMatchObject({ completed: 2, errorRate: 0 })
  expect(run.latency.maxMs).toBeLessThan(290)
  expect(run.group('poll').time!.minMs).toBeGreaterThanOrEqual(299)
  expect(run.iterations.time!.minMs).toBeGreaterThanOrEqual(299)
})

test('steps after the response wait as well, like after a think time', async () => {
  const { run, waitedMs } = await runWith(
    {
      load: sharedIterations({ iterations: 1, vus: 1 }),
      retryAfter: '300ms',
      expectStatus: [200, 429],
      steps: [
        { name: 'a', request: { path: '/a' } },
        { name: 'b', request: { path: '/b' } },
      ],
    },
    '429 Too Many Requests',
  )
  if (run.state === 'empty') throw new Error('nothing measured')
  expect(waitedMs).toBeGreaterThanOrEqual(299)
  expect(run.latency.maxMs).toBeLessThan(290)
  expect(run.iterations.time!.minMs).toBeGreaterThanOrEqual(299)
})

test('a flow that waits when the run ends gets an error and counts nothing', async () => {
  let error: unknown
  const { run } = await runWith({
    load: constantVus({ vus: 1, duration: '100ms' }),
    timeout: '100ms',
    retryAfter: '1h',
    expectStatus: 503,
    flow: async ({ request }) => {
      await request({ path: '/' })
      try {
        await request({ path: '/' })
      } catch (thrown) {
        error = thrown
        throw thrown
      }
    },
  })
  expect(error).toMatchObject({ name: 'RunEndedError' })
  expect(run).toMatchObject({ offered: 1, sent: 1, completed: 1 })
  expect(run.iterations).toMatchObject({ offered: 1, unfinished: 1 })
})
