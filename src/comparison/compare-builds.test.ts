// oxlint-disable vitest/no-standalone-expect -- `test` runs concurrently here
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test as serialTest, type TestContext } from 'vitest'
import { constantArrivalRate, constantVus } from '../load/builders.ts'
import { rows } from '../load/data.ts'
import { parseScale } from '../load/scale.ts'
import type { HttpRunResult } from '../results/result.ts'
import '../matchers/register.ts'
import { compareBuilds, type CompareContext } from './compare-builds.ts'
import { readCompareOptions, type CompareOptions } from './options.ts'

/** Simultaneous: they wait most of the time, and neither limits nor expectations depend on how busy the generator is. */
const test = serialTest.concurrent

/** Limits that a busy machine does not exceed. */
const LIMITS = {
  scheduleDelayP99Ms: 60_000,
  eventLoopDelayP99Ms: 60_000,
  sentRatio: 0,
  busyUtilization: 2,
  serviceTimeRatio: 0,
}

const load = constantArrivalRate({ rate: 40, vus: 8, duration: '1200ms' })
const request = { path: '/' }

/** Two builds that respond after a delay. `log` has the requests they received, in order. */
async function builds({ onTestFinished }: TestContext, { baseMs = 1, headMs = 1 } = {}) {
  const log: { side: string; path: string }[] = []
  const build = async (side: string, ms: number) => {
    const server = createServer((received, response) => {
      log.push({ side, path: received.url! })
      setTimeout(() => response.end('ok'), ms)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => close(server))
    return {
      server,
      build: {
        label: side,
        baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        pids: [process.pid],
      },
    }
  }
  const [base, head] = [await build('base', baseMs), await build('head', headMs)]
  return { log, base: base.server, head: head.server, both: { base: base.build, head: head.build } }
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

function compare<D>(
  both: Awaited<ReturnType<typeof builds>>['both'],
  options: CompareOptions<D>,
  context: Partial<CompareContext> = {},
) {
  const results: HttpRunResult[] = []
  const comparison = compareBuilds('pair', both, readCompareOptions(options), {
    signal: new AbortController().signal,
    scale: parseScale('full'),
    seed: 1,
    limits: LIMITS,
    onRun: (result) => results.push(result),
    ...context,
  })
  return { comparison, results }
}

test('sends both builds the same rows of iterations, and each slice the next ones', async (context) => {
  const { both, log } = await builds(context)
  const list = Array.from({ length: 500 }, (_, n) => ({ n }))
  const options = { assignment: 'per-iteration', unique: true } as const
  const comparison = compare(both, {
    ...{ load, warmup: 0, data: rows(list, options) },
    request: ({ vu }) => ({ path: `/${vu.data.n}` }),
  }).comparison
  await comparison
  const sentTo = (side: string) => log.filter((one) => one.side === side).map(({ path }) => path)
  expect(new Set(sentTo('base')).size).toBe(sentTo('base').length)
  expect(sentTo('head').toSorted()).toEqual(sentTo('base').toSorted())
  const closed = { load: constantVus({ vus: 1, duration: '2s' }), data: rows(list, options), request }
  await expect(compare(both, closed).comparison).rejects.toThrow(
    'data: unique rows for each iteration need a known number of iterations, but this load has none\nFix: use an arrival rate',
  )
})

test('alternates between the builds and which comes first, and sends both the same requests', async (context) => {
  const { both, log } = await builds(context)
  const { comparison, results } = compare(both, {
    load,
    warmup: '200ms',
    slices: 6,
    data: [{ n: 1 }, { n: 2 }, { n: 3 }],
    request: ({ vu, iteration, random }) => ({ path: `/${vu.id}/${iteration}/${vu.data.n}/${random.int(0, 99)}` }),
  })
  const found = await comparison
  const turns = log.filter(({ side }, at) => side !== log[at - 1]?.side).map(({ side }) => side)
  // Warm-ups, then pairs: base head, head base, base head, …
  expect(turns).toEqual(Array.from({ length: 9 }, (_, at) => ['base', 'head'][at % 2]))
  const requestsOf = (side: string) =>
    log
      .filter((each) => each.side === side)
      .map(({ path }) => /^(\/\d+\/\d+)(.*)/.exec(path)!.slice(1) as [string, string])
  const [base, head] = [new Map(requestsOf('base')), new Map(requestsOf('head'))]
  expect(base.size).toBe(requestsOf('base').length)
  // A busy machine may omit a request or two while a slice settles; the requests in common are the same.
  const common = [...base].filter(([key]) => head.has(key))
  expect(common.length).toBeGreaterThanOrEqual(48)
  expect(common.filter(([key, rest]) => head.get(key) !== rest)).toEqual([])
  expect(found).toMatchObject({ pairs: 6, name: 'pair', invalidities: [] })
  expect(found.figures.map(({ name }) => name)).toEqual([
    'p50',
    'p95',
    'p99',
    'throughput',
    'CPU per request',
    'errors',
  ])
  // Warm-up and settling are not counted.
  expect(results).toMatchObject([
    { name: 'pair, base', offered: 48, completed: 48, state: 'completed' },
    { name: 'pair, head', offered: 48, completed: 48, state: 'completed' },
  ])
  expect(JSON.parse(JSON.stringify(found.result()))).toEqual(found.result())
})

test('finds a build slower that takes four times as long, and not one that takes a quarter', async (context) => {
  const { both } = await builds(context, { baseMs: 10, headMs: 40 })
  const options = { load: constantVus({ vus: 2, duration: '1200ms' }), request, slices: 6, warmup: 0 }
  const [slower, quicker] = await Promise.all([
    compare(both, options).comparison,
    compare({ base: both.head, head: both.base }, options).comparison,
  ])
  expect(slower).not.toBeNoSlowerThan('base', { tolerance: 0.5 })
  expect(slower.figures.find(({ name }) => name === 'throughput')!.change!.value).toBeLessThan(-0.5)
  expect(quicker).toBeNoSlowerThan('base')
})

test('stops and fails if head is down, and is invalid if base is down', async (context) => {
  const { both, head, log } = await builds(context)
  await close(head)
  const dead = await compare(both, { load, request, warmup: 0 }).comparison
  expect(() => expect(dead).toBeNoSlowerThan('base')).toThrow(
    /^expect.*\n\n.*\nReceived: head failed in slice 1 of 6: \d+ × connect(?:, \d+ × dropped)?\n/,
  )
  expect(() => expect(dead).not.toBeNoSlowerThan('base')).toThrow(/head failed/)
  const before = log.length
  const baseless = await compare({ base: both.head, head: both.base }, { load, request, warmup: '200ms' }).comparison
  expect(() => expect(baseless).toBeNoSlowerThan('base')).toThrow(
    /INVALID, not judged. aborted: base failed in its warm-up: \d+ × connect/,
  )
  expect(log.length).toBe(before)
})

test('is invalid if the generator exceeded its limits in most slices', async (context) => {
  const { both } = await builds(context)
  const limits = { ...LIMITS, scheduleDelayP99Ms: -1 }
  const found = await compare(both, { load, request, warmup: 0 }, { limits }).comparison
  expect(found.invalidities).toMatchObject([{ reason: 'generator-saturated' }])
  expect(found.invalidities[0]!.finding).toMatch(/^in \d+ of 12 slices, last: schedule delay/)
})

test('stops within the slice on abort, and reports what was measured', async (context) => {
  const { both, log } = await builds(context)
  const stop = new AbortController()
  const { comparison, results } = compare(
    both,
    {
      load: constantArrivalRate({ rate: 40, vus: 8, duration: '2m' }),
      request: () => {
        if (log.length >= 30) stop.abort(new Error('enough'))
        return request
      },
      slices: 100,
      warmup: 0,
    },
    { signal: stop.signal },
  )
  const found = await comparison
  expect(found.invalidities).toMatchObject([{ reason: 'aborted', finding: 'the comparison was aborted: enough' }])
  expect(results).toMatchObject([{ name: 'pair, base', state: 'aborted' }])
  expect(log.length).toBeLessThan(40)
})

test('rejects with an error of the scenario’s code, and reports what was measured', async (context) => {
  const { both } = await builds(context)
  const failing = ({ iteration }: { iteration: number }) => {
    if (iteration >= 2_000_000) throw new RangeError('no more rows')
    return request
  }
  const { comparison, results } = compare(both, { load, request: failing, warmup: 0 })
  await expect(comparison).rejects.toThrow(new RangeError('no more rows'))
  expect(results.map(({ name }) => name)).toEqual(['pair, base', 'pair, head'])
})
