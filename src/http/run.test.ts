import { expect, test } from 'vitest'
import { evidenceOf } from '../evidence/evidence.ts'
import {
  constantArrivalRate,
  constantVus,
  rampingArrivalRate,
  rampingVus,
  sharedIterations,
  spike,
} from '../load/builders.ts'
import { offeredIterations } from '../load/describe.ts'
import type { Load } from '../load/load.ts'
import type { RunSnapshot } from '../results/snapshot.ts'
import { response, engineFor, scriptedServer } from '../testing/scripted-server.ts'

const echo = { onRequest: (socket: { write(text: string): unknown }) => void socket.write(response()) }
const request = { path: '/x' }

test.each<[string, Load]>([
  ['constantArrivalRate', constantArrivalRate({ rate: 37, vus: 10, duration: '1s' })],
  ['constantArrivalRate, Poisson', constantArrivalRate({ rate: 60, vus: 10, duration: '1s', arrivals: 'poisson' })],
  ['rampingArrivalRate', rampingArrivalRate({ startRate: 10, stages: [{ target: 90, duration: '1s' }], vus: 10 })],
  ['spike', spike({ rate: 100, duration: '500ms', vus: 10, timeBefore: '300ms', timeAfter: '300ms' })],
  ['sharedIterations', sharedIterations({ iterations: 123, vus: 7 })],
])('%s sends exactly as many requests as it offers', async (_, load) => {
  await using server = await scriptedServer(echo)
  const { http, results } = engineFor(server.url)
  const run = await http.run({ load, request })
  const phases = new Set(run.phases.map(({ name }) => name))
  const sent = [...phases].reduce((sum, name) => sum + run.phase(name).sent, 0)
  expect(sent).toBe(offeredIterations(load))
  expect(server.requests).toHaveLength(sent)
  expect(run.offered).toBe(run.sent + run.dropped)
  expect(results).toHaveLength(1)
  expect(results[0]!.timeline.reduce((sum, point) => sum + point.offered, 0)).toBe(sent)
})

test('closed loads keep their VUs busy, and change their number in ramps', async () => {
  await using server = await scriptedServer(echo)
  const { http } = engineFor(server.url)
  const thinkTime = '20ms'
  const constant = await http.run({ load: constantVus({ vus: 3, duration: '500ms', thinkTime }), request })
  // Each VU sends at least one request and at most one in 20 ms.
  expect(constant.sent).toBeGreaterThanOrEqual(3)
  expect(constant.sent).toBeLessThanOrEqual(3 * 26)
  expect(constant.completed).toBe(constant.sent)

  const stages = [{ target: 4, duration: '1s' } as const]
  const ramp = await http.run({ load: rampingVus({ stages, thinkTime }), request, name: 'ramp' })
  expect(ramp.sent).toBeGreaterThanOrEqual(4)
  expect(ramp.phases).toEqual([{ name: 'ramp', startMs: 0, endMs: 1000 }])
})

test('a VU keeps its id, its row and its variables, and VUs take arrivals round-robin', async () => {
  await using server = await scriptedServer(echo)
  const { http } = engineFor(server.url)
  await http.run({
    load: constantArrivalRate({ rate: 40, vus: 4, duration: '500ms' }),
    data: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
    request: ({ vu, iteration }) => {
      vu.vars['count'] = Number(vu.vars['count'] ?? 0) + 1
      return { path: `/${vu.id}/${vu.data.name}/${iteration}/${String(vu.vars['count'])}` }
    },
  })
  const paths = server.requests.map((head) => head.split(' ')[1])
  const turns = [0, 0, 0, 0]
  // On a busy machine several requests are due at once; a VU that is still busy then misses its turn.
  for (const path of paths.toSorted((a, b) => (a! < b! ? -1 : 1))) {
    const [, vu = '', name] = path!.split('/')
    const turn = turns[Number(vu)]!++
    expect(path).toBe(`/${vu}/${'abca'[Number(vu)]}/${turn}/${turn + 1}`)
    expect(name).toBe('abca'[Number(vu)])
  }
  expect(paths).toHaveLength(20)
  expect(Math.min(...turns)).toBeGreaterThanOrEqual(3)
})

test('the same seed gives the same requests, another seed different ones', async () => {
  const paths = async (seed: number) => {
    await using server = await scriptedServer(echo)
    const { http } = engineFor(server.url, { seed })
    await http.run({
      load: sharedIterations({ iterations: 8, vus: 1 }),
      request: ({ random }) => ({ path: `/${random.int(0, 1e9)}` }),
    })
    return server.requests.map((head) => head.split(' ')[1])
  }
  const first = await paths(1)
  expect(new Set(first).size).toBe(8)
  expect(await paths(1)).toEqual(first)
  expect(await paths(2)).not.toEqual(first)
})

test('the warm-up is sent, but counted only in the timeline', async () => {
  await using server = await scriptedServer(echo)
  const { http, results } = engineFor(server.url)
  const run = await http.run({
    load: constantArrivalRate({ rate: 40, vus: 4, duration: '500ms' }),
    request,
    warmup: '250ms',
  })
  expect(server.requests).toHaveLength(30)
  expect(run).toMatchObject({ offered: 20, sent: 20, completed: 20 })
  expect(run.phases.map(({ name, endMs }) => [name, endMs])).toEqual([
    ['warmup', 250],
    ['steady', 750],
  ])
  expect(results[0]).toMatchObject({ offered: 20, latency: { count: 20 } })
  expect(results[0]!.timeline[0]!.offered).toBe(30)
  const warmup = run.phase('warmup')
  expect(warmup.offered).toBe(10)
  expect(warmup[evidenceOf]().invalidities.map(({ reason }) => reason)).toContain('wrong-phase')
})

test('requests that are due in the warm-up and find no free VU are dropped there', async () => {
  await using server = await scriptedServer({
    onRequest: (socket) => void setTimeout(() => socket.write(response()), 100),
  })
  const { http } = engineFor(server.url)
  const run = await http.run({
    load: constantArrivalRate({ rate: 40, vus: 1, duration: '300ms' }),
    request,
    warmup: '300ms',
  })
  const warmup = run.phase('warmup')
  expect([warmup.offered, run.offered]).toEqual([12, 12])
  expect(warmup.dropped).toBeGreaterThan(0)
  expect(server.requests).toHaveLength(warmup.sent + run.sent)
})

test('connections are opened before the load begins and stay open', async () => {
  await using server = await scriptedServer(echo)
  const { http } = engineFor(server.url)
  const openWhenDue: number[] = []
  const run = await http.run({
    load: constantArrivalRate({ rate: 10, vus: 50, duration: '500ms' }),
    request: () => {
      openWhenDue.push(server.open)
      return request
    },
  })
  expect(openWhenDue).toEqual([50, 50, 50, 50, 50])
  expect(run.connections).toMatchObject({ opened: 50, maxOpen: 50, openAtEnd: 50, refused: 0 })
})

test('requests that are due while no VU is free wait, and their latency includes the wait', async () => {
  await using server = await scriptedServer({
    onRequest: (socket) => void setTimeout(() => socket.write(response()), 50),
  })
  const { http, warnings } = engineFor(server.url)
  const run = await http.run({ load: constantArrivalRate({ rate: 40, vus: 1, duration: '500ms' }), request })
  expect(run.offered).toBe(20)
  expect(run.sent).toBeLessThan(12)
  expect(run.dropped).toBe(20 - run.sent)
  expect(run.errorRate).toBeCloseTo(run.dropped / 20)
  if (run.state === 'empty') throw new Error('nothing was measured')
  expect(run.latency.maxMs).toBeGreaterThan(run.serviceTime.minMs * 2)
  expect(warnings).toEqual([
    expect.stringMatching(
      /^http 1: vus: 1 cannot carry 40\/s of iterations that take .* each; that takes [2-9], with room for bursts \d+$/,
    ),
  ])
  expect(run[evidenceOf]().hint).toMatch(/ requests were dropped because no VU was free: at 40\/s.*: raise vus to /)
})

test('a request that waited longer than maxQueueTime is dropped', async () => {
  await using server = await scriptedServer({
    onRequest: (socket) => void setTimeout(() => socket.write(response()), 100),
  })
  const { http } = engineFor(server.url)
  const run = await http.run({
    load: constantArrivalRate({ rate: 40, vus: 1, duration: '500ms' }),
    request,
    maxQueueTime: '10ms',
  })
  expect(run.offered).toBe(20)
  expect(run.dropped).toBe(20 - run.sent)
  if (run.state === 'empty') throw new Error('nothing was measured')
  // No request waited for more than 10 ms, apart from delays of the machine.
  const { good } = run
  if (good.state === 'empty') throw new Error('nothing was good')
  expect(good.latency.p50Ms).toBeLessThan(good.serviceTime.p50Ms + 50)
  expect(run.latency.p50Ms).toBe(Infinity)
})

test('a run waits for its last responses, up to the time-out', async () => {
  await using server = await scriptedServer({
    onRequest: (socket) => void setTimeout(() => socket.write(response()), 300),
  })
  const { http } = engineFor(server.url)
  const run = await http.run({ load: constantArrivalRate({ rate: 20, vus: 10, duration: '200ms' }), request })
  expect(run).toMatchObject({ offered: 4, completed: 4, durationMs: 200 })
  await using silent = await scriptedServer({ onRequest: () => {} })
  const never = await engineFor(silent.url).http.run({
    load: constantArrivalRate({ rate: 20, vus: 10, duration: '200ms' }),
    request,
    timeout: '300ms',
  })
  expect([...never.errors]).toEqual([['timeout', 4]])
})

test('a response is counted in the second it was due in', async () => {
  await using server = await scriptedServer({
    onRequest: (socket) => void setTimeout(() => socket.write(response()), 600),
  })
  const { http } = engineFor(server.url)
  const run = await http.run({ load: constantArrivalRate({ rate: 4, vus: 10, duration: '2s' }), request })
  expect(run.timeline.slice(0, 2).map(({ offered, completed }) => [offered, completed])).toEqual([
    [4, 4],
    [4, 4],
  ])
  expect(run.between('1s', '2s').completed).toBe(4)
})

test('a signal stops the load immediately and keeps the partial results', async () => {
  await using server = await scriptedServer({
    onRequest: (socket, _, number) => void (number < 5 ? socket.write(response()) : undefined),
  })
  const stop = new AbortController()
  const { http, results } = engineFor(server.url, { signal: stop.signal })
  const running = http.run({
    load: constantArrivalRate({ rate: 50, vus: 20, duration: '1m' }),
    request: () => {
      if (server.requests.length >= 8) stop.abort(new Error('enough'))
      return request
    },
  })
  const run = await running
  expect(run.aborted).toBe('enough')
  expect(run.completed).toBe(5)
  expect(run.sent).toBeGreaterThan(5)
  expect(results).toMatchObject([{ state: 'aborted', abortReason: 'enough', completed: 5 }])
  expect(results[0]!.invalidities.map(({ reason }) => reason)).toContain('aborted')
  await expect(http.run({ load: sharedIterations({ iterations: 1, vus: 1 }), request })).rejects.toThrow('enough')
})

test('a run against a target that goes down ends early, with errors by kind', async () => {
  const server = await scriptedServer(echo)
  const { http } = engineFor(server.url)
  const running = http.run({
    load: constantArrivalRate({ rate: 50, vus: 5, duration: '1m' }),
    request,
    abortWhen: { errorRateAbove: 0.5, duration: '1s' },
  })
  while (server.requests.length < 10) await new Promise((resolve) => setTimeout(resolve, 10))
  await server[Symbol.asyncDispose]()
  const run = await running
  expect(run.aborted).toMatch(/^error rate .*% over the last 1s, limit 50% \(\d+ × connect.*\)$/)
  expect(run.errors.get('connect')).toBeGreaterThan(10)
  expect(run.durationMs).toBeLessThan(30_000)
  expect(run[evidenceOf]().hint).toMatch(
    /could not connect to http:\/\/127\.0\.0\.1:\d+ \(ECONN(?:REFUSED|RESET)\): check that the target is running/,
  )
})

test('a run ends as soon as an objective cannot be met any more', async () => {
  await using server = await scriptedServer({
    onRequest: (socket) => void socket.write(response('', { status: '503 Service Unavailable' })),
  })
  const { http } = engineFor(server.url)
  const run = await http.run({
    load: constantArrivalRate({ rate: 100, vus: 20, duration: '1m' }),
    request,
    abortWhen: { unreachable: { errorRateBelow: 0.01 } },
  })
  expect(run.aborted).toMatch(
    /^an error rate below 1% cannot be reached any more: \d+ of at most 6,001 requests ended in errors$/,
  )
  expect(run.offered).toBeLessThan(6_000)
})

test('the hint and the warnings name an exit of the target during the run, and no earlier one', async () => {
  await using server = await scriptedServer(echo)
  const exitAfter = (ms: number) => ({ timeMs: Date.now() + ms, reason: 'exit code 7, with "Error: no memory"' })
  const load = sharedIterations({ iterations: 1, vus: 1 })
  const { http } = engineFor(server.url, { targetExits: async () => [exitAfter(-60_000), exitAfter(1_000)] })
  const run = await http.run({ load, request })
  expect(run[evidenceOf]().hint).toMatch(
    /^find out why the target exited 1(\.\d+)?s after the start of the run: exit code 7, with "Error: no memory"$/,
  )
  expect(run.warnings).toEqual([expect.stringContaining('the target exited unexpectedly')])

  const earlier = engineFor(server.url, { targetExits: async () => [exitAfter(-60_000)] })
  expect((await earlier.http.run({ load, request })).warnings).toEqual([])
  const gone = engineFor(server.url, { targetExits: () => Promise.reject(new Error('closed')) })
  expect((await gone.http.run({ load, request })).warnings).toEqual([])
})

test('abortWhen may be a function of the live snapshot', async () => {
  await using server = await scriptedServer(echo)
  const snapshots: RunSnapshot[] = []
  const { http } = engineFor(server.url, { onSnapshot: (snapshot) => snapshots.push(snapshot) })
  const run = await http.run({
    load: constantArrivalRate({ rate: 20, vus: 2, duration: '1m' }),
    request,
    abortWhen: ({ counts }) => counts.completed >= 30 && 'that is enough',
  })
  expect(run.aborted).toBe('that is enough')
  expect(snapshots.map(({ state }) => state)).toEqual(['running', 'running', 'running', 'ended'])
  expect(snapshots[1]).toMatchObject({ run: 'http 1', kind: 'http', phase: 'steady', plannedMs: 60_000, users: 2 })
})

test('an error in the scenario ends the run, rejects the promise, and keeps the partial results', async () => {
  await using server = await scriptedServer(echo)
  const { http, results } = engineFor(server.url)
  const load = constantArrivalRate({ rate: 50, vus: 2, duration: '1m' })
  const failing = ({ iteration }: { iteration: number }) => {
    if (iteration === 2) throw new RangeError('no more rows')
    return request
  }
  await expect(http.run({ load, request: failing })).rejects.toThrow(new RangeError('no more rows'))
  expect(results).toMatchObject([{ state: 'aborted', abortReason: 'the scenario failed: no more rows', completed: 4 }])
  await expect(http.run({ load, request: () => ({ path: 'x' }) })).rejects.toThrow(
    `request().path: must begin with '/' and be percent-encoded`,
  )
})

test('a run leaves no socket, timer or thread open', async () => {
  await using server = await scriptedServer(echo)
  const { http } = engineFor(server.url)
  const held = () => Map.groupBy(process.getActiveResourcesInfo(), (resource) => resource)
  const before = held()
  await http.run({ load: constantArrivalRate({ rate: 40, vus: 20, duration: '300ms' }), request })
  while (server.open > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  await new Promise((resolve) => setImmediate(resolve))
  for (const [resource, all] of held())
    expect([resource, all.length]).toEqual([resource, Math.min(all.length, before.get(resource)?.length ?? 0)])
})

test('the evidence names the scale that reduced a load', async () => {
  await using server = await scriptedServer(echo)
  const load = sharedIterations({ iterations: 40, vus: 2 })
  const reduced = await engineFor(server.url, { scale: { name: 'tenth', users: 0.1, time: 1 } }).http.run({
    load,
    request,
  })
  expect(reduced[evidenceOf]().reducedTo).toBe('tenth')
  const asWritten = await engineFor(server.url).http.run({ load, request })
  expect(asWritten[evidenceOf]().reducedTo).toBeUndefined()
})
