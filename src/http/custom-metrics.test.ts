import { beforeAll, describe, expect, test } from 'vitest'
import { createMetricFactory, type MetricFactory } from '../execution/custom-metrics/metric.ts'
import { sharedIterations } from '../load/builders.ts'
import { messageOf } from '../testing/message-of.ts'
import { engineFor, response, scriptedServer, type ScriptedServer } from '../testing/scripted-server.ts'
import type { HttpRunOptions } from './types.ts'

let server: ScriptedServer
let metric: MetricFactory

beforeAll(async () => {
  server = await scriptedServer({
    onRequest(socket, head) {
      const path = head.split(' ')[1] ?? ''
      if (path === '/503') socket.write(response('', { status: '503 Service Unavailable' }))
      else if (path !== '/never') socket.write(response(JSON.stringify({ path, items: [1, 2, 3] })))
    },
  })
  return () => server[Symbol.asyncDispose]()
})

const twenty = sharedIterations({ iterations: 20, vus: 4 })
const itemsOf = (response: { json<T>(): T }) => response.json<{ items: number[] }>().items

function run(options: Partial<HttpRunOptions>) {
  const { http } = engineFor(server.url)
  return http.run({ load: twenty, ...options })
}

async function errorOf(options: Partial<HttpRunOptions>): Promise<string> {
  const error: unknown = await run(options).catch((thrown: unknown) => thrown)
  return messageOf(() => {
    throw error
  })
}

describe('custom metrics', () => {
  beforeAll(() => {
    metric = createMetricFactory()
  })

  test('are recorded in every function of a run', async () => {
    const names = ['request', 'check', 'extract', 'key', 'response', 'outcome']
    const counters = Object.fromEntries(names.map((name) => [name, metric.counter(name)]))
    const found = await run({
      steps: [
        {
          name: 'cart',
          request() {
            counters['request']!.add()
            return { path: '/cart' }
          },
          check: (received) => {
            counters['check']!.add(itemsOf(received).length)
            return true
          },
          extract: {
            id(received) {
              counters['extract']!.add(0.5)
              return received.status
            },
          },
        },
      ],
      record: {
        key({ vu }) {
          counters['key']!.add()
          return String(vu.id)
        },
        response() {
          counters['response']!.add()
          return undefined
        },
        outcome() {
          counters['outcome']!.add()
          return 'ok'
        },
      },
    })
    expect(names.map((name) => found.metric(counters[name]!).figures?.total)).toEqual([20, 60, 10, 20, 20, 20])
  })

  test('are recorded in flows, before and after requests and in groups', async () => {
    const [size, waits, cached, queue] = [
      metric.trend('size', { unit: 'items' }),
      metric.counter('waits'),
      metric.rate('cached'),
      metric.gauge('queue'),
    ]
    let hits = 0
    const found = await run({
      flow: async ({ request, group, sleep, iteration }) => {
        waits.add()
        await group('cart', async () => {
          const received = await request({ path: '/cart', check: () => waits.add(10) })
          size.add(itemsOf(received).length)
        })
        await sleep('1ms')
        cached.add(iteration === 0)
        if (iteration === 0) hits++
        await Promise.resolve()
        queue.set(iteration)
      },
    })
    expect(found.metric(size).figures).toMatchObject({ min: 3, p50: 3, max: 3 })
    expect(found.metric(waits).figures?.total).toBe(220)
    expect(found.metric(cached)).toMatchObject({ count: 20, figures: { hits } })
    expect(found.metric(queue)).toMatchObject({ count: 20, figures: { min: 0 } })
  })

  test('of runs at the same time are separate', async () => {
    const seen = metric.counter('seen')
    const flow = (amount: number): Partial<HttpRunOptions> => ({
      flow: async ({ request }) => {
        await request({ path: '/cart' })
        seen.add(amount)
      },
    })
    const [one, ten] = await Promise.all([run(flow(1)), run(flow(10))])
    expect([one.metric(seen).figures?.total, ten.metric(seen).figures?.total]).toEqual([20, 200])
  })

  test('of the warm-up are left out, as its requests are', async () => {
    const seen = metric.counter('with warm-up')
    const found = await run({
      warmup: '100ms',
      request: { path: '/cart', check: () => seen.add() },
    })
    expect(found.metric(seen).figures?.total).toBe(20)
    const warmup = found.phase('warmup')
    expect(warmup.metric(seen).count).toBe(warmup.completed)
  })

  test('cannot be recorded outside the functions of a run', async () => {
    expect(messageOf(() => metric.trend('outside').add(1))).toMatchInlineSnapshot(`
      "ScenarioError: add() of the trend "outside" was called outside the functions of a run, so the value belongs to no request
      Fix: call it in a function of http.run(), ws.run() or ws.fanOut(), such as check, flow or identify, before the function returns"
    `)
    const later: Promise<string>[] = []
    const seen = metric.counter('later')
    await run({
      request: {
        path: '/cart',
        check() {
          later.push(new Promise((resolve) => setTimeout(() => resolve(messageOf(() => seen.add())), 1)))
          return true
        },
      },
    })
    expect(await later[0]).toMatch(/was called outside the functions of a run/)
  })

  test('cannot be recorded after the iteration of a flow has ended', async () => {
    const seen = metric.counter('too late')
    const error = await errorOf({
      load: sharedIterations({ iterations: 40, vus: 1 }),
      flow: async ({ request }) => {
        await request({ path: '/cart' })
        setImmediate(() => seen.add())
      },
    })
    expect(error).toMatchInlineSnapshot(`
      "ScenarioError: flow: add() of the counter "too late" was called after the iteration had ended
      Fix: await every request(), group() and sleep(), and every function that calls them"
    `)
  })

  test.each<[string, () => void]>([
    ['trend', () => metric.trend('a trend').add(-1)],
    ['counter', () => metric.counter('a counter').add(Number.NaN)],
    ['rate', () => metric.rate('a rate').add(1 as never)],
    ['gauge', () => metric.gauge('a gauge').set('3' as never)],
  ])('with an invalid value of a %s end the run', async (_, record) => {
    const error = await errorOf({ request: { path: '/cart', check: () => record() } })
    expect(error).toMatch(
      /^ScenarioError: (?:add|set)\(\) of the (\w+) "a \1": the value must be .*, received .*\nFix: pass /,
    )
  })

  test.each([
    [1e-10, "in which values are larger: 'ms' instead of 's'"],
    [9_007_199_255, "in which values are smaller: 'KiB' instead of 'B'"],
  ])('with a value of %d, beyond the range of a trend, end the run', async (value, unit) => {
    const error = await errorOf({ request: { path: '/cart', check: () => metric.trend('a trend').add(value) } })
    expect(error).toBe(
      `ScenarioError: add() of the trend "a trend": the value must be 0, or a number from 1e-9 to 9007199254, received ${value}\n` +
        `Fix: record in another unit, ${unit}`,
    )
  })

  test('with an invalid value end the run, also if the function catches the error', async () => {
    const size = metric.trend('caught')
    const flow: HttpRunOptions['flow'] = async ({ request }) => {
      await request({ path: '/cart' })
      try {
        size.add(Number.NaN)
      } catch {
        size.add(1)
      }
    }
    expect(await errorOf({ flow })).toMatch(/^ScenarioError: add\(\) of the trend "caught": the value must be/)
  })

  test('have valid names of one kind', () => {
    expect(messageOf(() => metric.trend('', { unt: 'x', unit: 5 } as never))).toMatchInlineSnapshot(`
      "OptionsError: metric.trend() received 3 invalid options:

        name: must be a text of 1 to 100 characters without surrounding spaces, line breaks and control characters
          Received: ''
          Fix:      write, for example, metric.trend('cart size', { unit: 'items' })
        options.unt: unknown option; did you mean unit? Valid options: unit
          Received: 'x'
          Fix:      write unit: 'x'
        options.unit: must be a text of 1 to 20 characters
          Received: 5
          Fix:      write, for example, unit: 'items'"
    `)
    expect(messageOf(() => (metric.rate as (...args: unknown[]) => unknown)('hits', { unit: 's' })))
      .toMatchInlineSnapshot(`
      "OptionsError: metric.rate() received an invalid option:

        options.unit: must be left out: a rate is a ratio
          Received: 's'
          Fix:      write, for example, metric.rate('cached responses')"
    `)
    const size = metric.trend('one name', { unit: 'items' })
    expect(metric.trend('one name', { unit: 'items' })).toBe(size)
    expect(messageOf(() => metric.counter('one name'))).toMatchInlineSnapshot(`
      "ScenarioError: metric.counter(): "one name" is the name of a trend already
      Fix: give each metric its own name"
    `)
    expect(messageOf(() => metric.trend('one name'))).toMatchInlineSnapshot(`
      "ScenarioError: metric.trend(): "one name" has the unit "items" already, received undefined
      Fix: give both the same unit, or different names"
    `)
  })
})

describe('soft checks', () => {
  const hasItems = (received: { json<T>(): T }) => itemsOf(received).length === 3

  test('do not fail the request, and have a rate of their own', async () => {
    let ofVu0 = 0
    const found = await run({
      steps: [
        {
          name: 'cart',
          request: ({ vu }) => ({
            path: '/cart',
            softChecks: {
              'is of VU 0': () => vu.id === 0 && ++ofVu0 > 0,
              'has items': () => 'overridden by the request',
            },
          }),
          softChecks: { 'has items': hasItems, 'has a total': { json: { total: expect.any(Number) } } },
        },
      ],
    })
    expect(found.errorRate).toBe(0)
    expect(found.softCheck('has items').figures).toEqual({
      hits: 0,
      rate: 0,
      reasons: new Map([['check: overridden by the request', 20]]),
    })
    expect(found.softCheck('has a total').figures?.reasons).toEqual(
      new Map([['check: the response differs at $.total', 20]]),
    )
    expect(found.softCheck('is of VU 0').figures).toMatchObject({ hits: ofVu0 })
  })

  test('are not passed by requests without an expected response', async () => {
    const found = await run({
      timeout: '50ms',
      load: sharedIterations({ iterations: 3, vus: 1 }),
      flow: async ({ request, iteration }) => {
        const path = ['/cart', '/503', '/never'][iteration]!
        await request({ name: 'cart', path, softChecks: { 'has items': hasItems } })
      },
    })
    expect(found.softCheck('has items').figures).toEqual({
      hits: 1,
      rate: 1 / 3,
      reasons: new Map([
        ['status 503', 1],
        ['timeout', 1],
      ]),
    })
  })

  test('are made on responses that fail their check', async () => {
    const request = { path: '/cart', check: () => false, softChecks: { 'has items': hasItems, 'is text': { json: 1 } } }
    const found = await run({ request })
    expect(found.errorRate).toBe(1)
    expect(found.softCheck('has items').figures?.rate).toBe(1)
    expect(found.softCheck('is text').figures?.rate).toBe(0)
  })

  test('that throw end the run', async () => {
    const softChecks = {
      broken: () => {
        throw new TypeError('a mistake')
      },
    }
    expect(await errorOf({ request: { path: '/cart', softChecks } })).toBe('TypeError: a mistake')
  })

  test('are validated before the load', async () => {
    const softChecks = { ' x': () => true, empty: {}, all: { text: '' } } as never
    expect(await errorOf({ request: { path: '/cart', softChecks } })).toMatchInlineSnapshot(`
      "OptionsError: http.run() received 3 invalid options:

        request.softChecks: the name of each check must be a text of 1 to 100 characters without surrounding spaces, line breaks and control characters
          Received: ' x'
          Fix:      write, for example, softChecks: { 'cart is complete': (response) => response.json().items.length > 0 }
        request.softChecks.empty: must be { json }, { text } or a function of the response
          Received: {}
          Fix:      write, for example, empty: { json: { status: 'ok' } }
        request.softChecks.all: must require something of the response
          Received: { text: '' }
          Fix:      write, for example, all: { json: { status: 'ok' } }"
    `)
    expect(await errorOf({ request: () => ({ path: '/cart', softChecks }) })).toMatch(/request\(\)\.softChecks\.empty/)
  })
})
