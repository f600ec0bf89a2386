import { expect, test } from 'vitest'
import '../matchers/register.ts'
import { constantArrivalRate, constantVus, sharedIterations } from '../load/builders.ts'
import { now } from '../machine/clock.ts'
import { alsoCarried, companionInvalidities } from '../runs/companions.ts'
import { parallel } from '../runs/parallel.ts'
import { divisions } from '../testing/divisions.ts'
import { messageOf } from '../testing/message-of.ts'
import { engineFor, response, scriptedServer } from '../testing/scripted-server.ts'
import type { HttpRunOptions } from './types.ts'

const quick = () => scriptedServer({ onRequest: (socket) => socket.write(response()) })
const one = sharedIterations({ iterations: 1, vus: 1 })
const request = { path: '/' }

const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )

test('runs in parallel have the names of their keys, unless they have their own', async () => {
  await using server = await quick()
  const { http, results } = engineFor(server.url)
  const { browse, buy } = await parallel({
    browse: http.run({ load: one, request }),
    buy: http.run({ load: one, request, name: 'orders' }),
  })
  expect([browse.name, buy.name]).toEqual(['browse', 'orders'])
  expect(Object.fromEntries(results.map(({ name, sent }) => [name, sent]))).toEqual({ browse: 1, orders: 1 })
  expect(browse.step('request').sent).toBe(1)
  const again = await parallel({ browse: http.run({ load: one, request }), late: http.run({ load: one, request }) })
  expect([again.browse.name, again.late.name]).toEqual(['browse 2', 'late'])
  expect(results.find(({ name }) => name === 'browse')?.parallelTo).toEqual(['orders'])
})

test('loads in parallel begin together, when the connections of all runs are open', async () => {
  const order: string[] = []
  await using server = await scriptedServer({
    onConnection: () => order.push('connection'),
    onRequest(socket) {
      order.push('request')
      socket.write(response())
    },
  })
  const { http } = engineFor(server.url)
  async function* slowly() {
    await new Promise((resolve) => setTimeout(resolve, 400))
    yield undefined
  }
  await parallel({
    few: http.run({ load: sharedIterations({ iterations: 1, vus: 1 }), request }),
    many: http.run({ load: sharedIterations({ iterations: 30, vus: 30 }), data: slowly(), request }),
  })
  // One connection for each VU, and one of each preflight.
  expect(order.indexOf('request')).toBe(33)
})

test('a run with startAfter begins so much later, in parallel or alone', async () => {
  const at = new Map<string, number>()
  await using server = await scriptedServer({
    onRequest(socket, head) {
      at.set(head.split(' ')[1]!, now())
      socket.write(response())
    },
  })
  const { http } = engineFor(server.url)
  const calledMs = now()
  const alone = http.run({ load: one, request: { path: '/alone' }, startAfter: 300 })
  await parallel({
    first: http.run({ load: one, request: { path: '/first' } }),
    second: http.run({ load: one, request: { path: '/second' }, startAfter: 300 }),
  })
  await alone
  expect([...at.keys()][0]).toBe('/first')
  expect(at.get('/second')! - calledMs).toBeGreaterThanOrEqual(300)
  expect(at.get('/alone')! - calledMs).toBeGreaterThanOrEqual(300)
})

test('several generators divide runs in parallel, in the same order although their data takes different times', async () => {
  await using server = await quick()
  const load = sharedIterations({ iterations: 20, vus: 4 })
  async function* slowly() {
    await new Promise((resolve) => setTimeout(resolve, 50))
    yield undefined
  }
  const ofRuns = new Map<string, ReturnType<typeof divisions>>()
  const divided: string[] = []
  const generators = [0, 1].map((index) => {
    const divide = (run: string) => {
      divided.push(`${index} ${run}`)
      const all = ofRuns.get(run) ?? divisions(2)
      ofRuns.set(run, all)
      return all[index]!
    }
    const { http } = engineFor(server.url, { divide })
    return parallel({
      browse: http.run({ load, request, ...(index === 1 && { data: slowly() }) }),
      buy: http.run({ load, request, startAfter: 20 }),
    })
  })
  const runs = await Promise.all(generators)
  for (const index of [0, 1])
    expect(divided.filter((each) => each.startsWith(`${index}`))).toEqual([`${index} browse`, `${index} buy`])
  expect(runs.reduce((sum, { browse }) => sum + browse.completed, 0)).toBe(20)
  expect(runs.reduce((sum, { buy }) => sum + buy.completed, 0)).toBe(20)
})

test('reports the mistakes of all runs at once, and sends nothing', async () => {
  await using server = await quick()
  const { http, results } = engineFor(server.url)
  const wrong = { load: one, request: { path: 'no' }, timeout: -1 } as HttpRunOptions
  const runs = {
    browse: http.run({ load: one, request, startAfter: 'soon' as never }),
    buy: http.run(wrong),
    fine: http.run({ load: one, request }),
    other: Promise.resolve(7),
  }
  const errors = await Promise.all([parallel(runs), runs.browse, runs.buy, runs.fine].map(errorOf))
  expect((errors[0] as Error).message).toMatchInlineSnapshot(`
  "parallel() received 4 invalid options:

    other: must be a call of http.run(), ws.run() or ws.fanOut(), not awaited
      Received: Promise { 7 }
      Fix:      write, for example, await parallel({ browse: http.run({ … }), buy: http.run({ … }) })
    browse.startAfter: must be a duration at least 0 ms: '2m', '1.5s', '500ms', or a number of milliseconds
      Received: 'soon'
      Fix:      write, for example, startAfter: '2m'
    buy.request.path: must begin with '/' and be percent-encoded: '/api/search?query=' + encodeURIComponent(text), received "no"
      Received: 'no'
      Fix:      write, for example, path: '/api/me'
    buy.timeout: must be a duration above 0 ms and at most 600000 ms: '2m', '1.5s', '500ms', or a number of milliseconds
      Received: -1
      Fix:      write, for example, timeout: '2m'"
`)
  // The same error: a scenario that expects it has expected those of the runs.
  expect(new Set(errors).size).toBe(1)
  expect([server.accepted, results]).toEqual([0, []])
})

test('rejects runs that have begun, the same run twice, and anything else', async () => {
  await using server = await quick()
  const { http } = engineFor(server.url)
  const begun = http.run({ load: one, request })
  await begun
  expect(messageOfError(await errorOf(parallel({ begun })))).toContain('begun: must not have begun before')
  const same = http.run({ load: one, request })
  expect(messageOfError(await errorOf(parallel({ a: same, b: same })))).toContain('b: must not be the same run')
  await expect(same).rejects.toThrow('parallel() received')
  for (const runs of [undefined, {}, [], 7])
    expect(messageOfError(await errorOf(parallel(runs as never)))).toContain(
      'runs: must be an object of names and runs',
    )
})

function messageOfError(error: unknown): string {
  return error instanceof Error ? error.message : `no error: ${String(error)}`
}

test('if a function of one run throws, all runs stop, and the error is that of the function', async () => {
  await using server = await quick()
  const { http, results } = engineFor(server.url)
  const error = await errorOf(
    parallel({
      long: http.run({ load: constantVus({ vus: 1, duration: '10m', thinkTime: 50 }), request }),
      broken: http.run({
        load: one,
        request: () => {
          throw new TypeError('no row')
        },
      }),
      late: http.run({ load: one, request, startAfter: '1h' }),
    }),
  )
  expect(error).toEqual(new TypeError('no row'))
  expect(Object.fromEntries(results.map(({ name, abortReason }) => [name, abortReason]))).toEqual({
    broken: 'the scenario failed: no row',
    long: 'the run broken in parallel failed: no row',
    late: 'the run broken in parallel failed: no row',
  })
})

test('a run is invalid while a run in parallel does not apply its load, and names that run', async () => {
  await using server = await scriptedServer({
    onRequest(socket, head) {
      const send = () => socket.write(response())
      if (head.startsWith('GET /buy')) setTimeout(send, 50)
      else send()
    },
  })
  // Only the load that is not applied matters here, not how busy this machine is.
  const limits = { scheduleDelayP99Ms: 60_000, eventLoopDelayP99Ms: 60_000, busyUtilization: 1 }
  const { http } = engineFor(server.url, { limits })
  const { browse, buy } = await parallel({
    browse: http.run({ load: constantArrivalRate({ rate: 50, vus: 10, duration: '1s' }), request }),
    // One VU can send 20 requests a second.
    buy: http.run({ load: constantArrivalRate({ rate: 100, vus: 1, duration: '1s' }), request: { path: '/buy' } }),
  })
  expect(buy.result().invalidities.map(({ reason }) => reason)).toEqual(['offered-rate-missed'])
  expect(browse.errorRate).toBe(0)
  expect(messageOf(() => expect(browse).toHaveErrorRateBelow(0.5))).toMatch(
    /^InvalidRunError: [^]*the run buy in parallel did not apply its load: \d+ of 100 requests were dropped/,
  )
  expect(browse.result()).toMatchObject({ invalidities: [{ reason: 'offered-rate-missed' }], parallelTo: ['buy'] })
})

test('a saturated generator names the runs that it carried in parallel', () => {
  const invalidity = { reason: 'generator-saturated', finding: 'schedule delay p99 48 ms', fix: 'use several' } as const
  const companions = [{ name: 'buy', startMs: 0, endMs: 1, invalidities: [] }]
  expect(alsoCarried(invalidity, companions).finding).toBe('schedule delay p99 48 ms; the same process carried buy')
  expect(alsoCarried(invalidity, [])).toBe(invalidity)
  expect(alsoCarried({ ...invalidity, reason: 'aborted' }, companions)).not.toHaveProperty(
    'finding',
    expect.stringContaining('carried'),
  )
})

test('only runs that were to apply their load at the same time matter to one another', () => {
  const missed = {
    reason: 'offered-rate-missed',
    finding: '60% of the requests due were sent',
    fix: 'lower the rate',
  } as const
  const saturated = { reason: 'generator-saturated', finding: 'schedule delay p99 48 ms', fix: 'use several' } as const
  const other = { name: 'buy', startMs: 1000, endMs: 5000 }
  const found = (invalidities: readonly (typeof missed | typeof saturated)[], startMs: number, endMs: number) =>
    companionInvalidities([{ ...other, invalidities }], [{ startMs, endMs }]).map(({ finding }) => finding)
  expect(found([missed], 4000, 9000)).toEqual([
    'the run buy in parallel did not apply its load: 60% of the requests due were sent',
  ])
  expect(found([missed], 5000, 9000)).toEqual([])
  expect(found([missed], 0, 1000)).toEqual([])
  // The health of the generator is that of the process: each run judges it by itself.
  expect(found([saturated], 4000, 9000)).toEqual([])
  expect(found([], 4000, 9000)).toEqual([])
})

test('unnamed runs of Promise.all are numbered in the order of their calls', async () => {
  await using server = await quick()
  const { http } = engineFor(server.url)
  // Reading the body of the first run takes several turns of the event loop.
  const slow = { method: 'GET', path: '/', body: new Blob(['x'.repeat(100_000)]) }
  const runs = await Promise.all([http.run({ load: one, request: slow }), http.run({ load: one, request })])
  expect(runs.map(({ name }) => name)).toEqual(['http 1', 'http 2'])
})
