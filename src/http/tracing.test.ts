import { expect, test } from 'vitest'
import { constantVus, sharedIterations } from '../load/builders.ts'
import { RESPONSE_TIME_BOUNDS_SEC } from '../results/response-times.ts'
import type { RunSnapshot } from '../results/snapshot.ts'
import { response, engineFor, scriptedServer } from '../testing/scripted-server.ts'

const TRACEPARENT = /^traceparent: 00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])$/m
const load = sharedIterations({ iterations: 30, vus: 3 })
const echo = { onRequest: (socket: { write(text: string): unknown }) => void socket.write(response()) }

function traces(heads: readonly string[]) {
  return heads.map((head) => {
    const [, traceId, spanId, flags] = TRACEPARENT.exec(head.replaceAll('\r', '')) ?? []
    return { traceId, spanId, flags }
  })
}

test('every request has a unique traceparent, and the slowest requests have their trace ids', async () => {
  await using server = await scriptedServer(echo)
  const { http, results } = engineFor(server.url)
  await http.run({ load, request: { path: '/a?user=7' }, traceparent: true })
  await http.run({ load, request: () => ({ path: '/b', method: 'POST', body: 'x' }), traceparent: true })

  const sent = traces(server.requests)
  expect(sent).toHaveLength(60)
  expect(sent.every(({ flags }) => flags === '01')).toBe(true)
  expect(new Set(sent.map(({ traceId }) => traceId)).size).toBe(60)
  expect(new Set(sent.map(({ spanId }) => spanId)).size).toBe(60)
  for (const [at, label] of ['GET /a', 'POST /b'].entries()) {
    const { slowest = [], latency } = results[at]!
    expect(slowest).toHaveLength(10)
    expect(slowest[0]).toMatchObject({ label, status: 200 })
    // The histogram keeps three digits.
    expect(slowest[0]!.latencyMs / Number(latency!.maxMs)).toBeCloseTo(1, 2)
    const known = new Set(sent.slice(at * 30, at * 30 + 30).map(({ traceId }) => traceId))
    expect(slowest.every(({ traceId }) => known.has(traceId))).toBe(true)
  }
})

test('the sampled flag is set for the given ratio of requests, and ids of unsampled traces are not shown', async () => {
  await using server = await scriptedServer(echo)
  const { http, results } = engineFor(server.url)
  const request = { path: '/' }
  await http.run({ load: sharedIterations({ iterations: 400, vus: 4 }), request, traceparent: { sampledRatio: 0.5 } })
  await http.run({ load, request, traceparent: { sampledRatio: 0 } })

  const flags = traces(server.requests).map((trace) => trace.flags)
  const kept = flags.slice(0, 400).filter((flag) => flag === '01').length
  // 200 ± 10 is one standard deviation; eight of them.
  expect(kept).toBeGreaterThan(120)
  expect(kept).toBeLessThan(280)
  expect(flags.slice(400)).toEqual(Array.from({ length: 30 }, () => '00'))
  expect(results[1]!.slowest![0]).not.toHaveProperty('traceId')
})

test('a request keeps its own traceparent, and without the option none is added', async () => {
  await using server = await scriptedServer(echo)
  const { http, results } = engineFor(server.url)
  const headers = { Traceparent: 'mine' }
  await http.run({ load, request: { path: '/', headers }, traceparent: true })
  await http.run({ load, request: { path: '/' }, headers, traceparent: true })
  await http.run({ load, request: { path: '/' } })

  const lines = server.requests.map((head) => head.match(/^traceparent:.*$/gim) ?? [])
  expect(lines.slice(0, 60).every((found) => found.length === 1 && found[0] === 'Traceparent: mine')).toBe(true)
  expect(lines.slice(60).every((found) => found.length === 0)).toBe(true)
  expect(results.flatMap(({ slowest = [] }) => slowest).filter((each) => 'traceId' in each)).toEqual([])
})

test('snapshots contain response times by step and status, with every request counted once', async () => {
  await using server = await scriptedServer({
    onRequest: (socket, _head, number) => {
      if (number % 10 === 9) socket.destroy()
      else socket.write(response('ok', number % 10 === 8 ? { status: '503 Busy' } : {}))
    },
  })
  const snapshots: RunSnapshot[] = []
  const { http } = engineFor(server.url, { onSnapshot: (snapshot) => snapshots.push(snapshot) })
  const run = await http.run({
    load: constantVus({ vus: 2, duration: '300ms', thinkTime: '5ms' }),
    steps: [
      { name: 'list', request: { path: '/' } },
      { name: 'vote', request: { path: '/', method: 'POST' } },
    ],
    abortWhen: false,
  })
  const last = snapshots.at(-1)!
  const times = last.responseTimes!
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)
  const of = (status: string) => sum(times.filter((each) => each.status === status).flatMap(({ counts }) => counts))
  expect(new Set(times.map(({ step }) => step))).toEqual(new Set(['list', 'vote']))
  expect(of('200')).toBe(run.statuses.get(200))
  expect(of('503')).toBe(run.statuses.get(503))
  expect(of('reset')).toBe(run.errors.get('reset'))
  expect(sum(times.flatMap(({ counts }) => counts))).toBe(last.counts.completed)
  expect(times[0]!.counts).toHaveLength(RESPONSE_TIME_BOUNDS_SEC.length + 1)
})
