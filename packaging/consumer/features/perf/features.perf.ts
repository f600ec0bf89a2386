import { readFile } from 'node:fs/promises'
import { expect } from 'vitest'
import { constantArrivalRate, killTarget, perfTest, sharedIterations } from 'vitest-slo'

const load = constantArrivalRate({ rate: 100, vus: 20, duration: '3s' })
const request = { path: '/hello' }

perfTest('http, metrics and capacity', async ({ http, metrics, capacity }) => {
  const run = await http.run({ load, request })
  expect(run).toHaveErrorRateBelow(0.1)
  expect((await metrics.during(run)).counter('shop_requests_total').delta).toBeGreaterThan(0)
  expect(await capacity.during(run)).toHaveCpuBelow(0.99)
})

perfTest('a fan-out', async ({ ws, target }) => {
  const run = await ws.fanOut({
    path: '/live',
    connections: 5,
    subscribe: () => ({ type: 'subscribe' }),
    isSubscribed: (message) => message.json<{ type?: string }>().type === 'subscribe',
    publish: { rate: 20, send: ({ id }) => fetch(`${target.url}/publish/${id}`) },
    identify: (message) => {
      const { id } = message.json<{ id?: string }>()
      return id === undefined ? 'other' : { id }
    },
    duration: '3s',
  })
  expect(run).toHaveMissingRateBelow(0.5)
})

perfTest('a conversation', async ({ ws }) => {
  const run = await ws.run({
    path: '/live',
    load: sharedIterations({ iterations: 50, vus: 2 }),
    steps: {
      name: 'say',
      send: ({ vu, iteration }) => ({ text: `${vu.id}-${iteration}` }),
      check: (message, { sent }) => message.json<{ text: string }>().text === (sent as { text: string }).text,
    },
  })
  expect(run).toHaveErrorRateBelow(0.1)
})

perfTest('a ledger of an API', async ({ http, ledger, target }) => {
  const { history } = await http.run({
    load: sharedIterations({ iterations: 50, vus: 2 }),
    request: ({ vu, iteration }) => ({
      method: 'POST',
      path: '/payments',
      headers: { 'idempotency-key': `k-${vu.id}-${iteration}` },
    }),
    expectStatus: 201,
    record: true,
  })
  await expect(ledger).toApplyExactlyOnce(history, {
    rows: async () => (await fetch(`${target.url}/payments`)).json() as Promise<{ key: string }[]>,
    key: 'key',
    isUnscoped: true,
  })
})

perfTest('freshness', async ({ freshness, http, target }) => {
  const version = async (method: string, signal: AbortSignal) =>
    ((await (await fetch(`${target.url}/price`, { method, signal })).json()) as { version: number }).version
  const probe = await freshness.probe({
    write: ({ signal }) => version('POST', signal),
    read: ({ signal }) => version('GET', signal),
    writeInterval: '200ms',
    readInterval: '10ms',
  })
  await http.run({ load, request })
  expect(await probe.stop()).toStayFresherThan(2_000)
})

perfTest('micro', async ({ micro }) => {
  const parse = () => void JSON.parse(`[${'1,'.repeat(20_000)}1]`)
  const parsing = await micro.measure('parse', parse, { duration: '500ms', minCalls: 100, warmup: '50ms' })
  expect(parsing).toHaveP50Below(1_000)
})

perfTest('two builds', async ({ compare }) => {
  const comparison = await compare(
    { base: '.', head: '.' },
    { load: constantArrivalRate({ rate: 100, vus: 20, duration: '6s' }), request },
  )
  expect(comparison).toBeNoSlowerThan('base', { tolerance: 0.99 })
})

perfTest('chaos', async ({ chaos, http }) => {
  const disrupted = await chaos.during(http.run({ load, request, abortWhen: false }), [
    killTarget({ time: '1s', downtime: '200ms' }),
  ])
  expect(disrupted).toHaveErrorRateBelow(0.99)
  expect(chaos.done).toHaveLength(1)
})

perfTest('setup, a custom metric and a baseline', async ({ baseline, http, metric, setup, target }) => {
  const { hello } = await setup(() => target.get<{ hello: string }>('/hello'))
  const greeted = metric.rate('greeted')
  const run = await http.run({
    load,
    request: {
      ...request,
      check: (response) => {
        greeted.add(response.json<{ hello: string }>().hello === hello)
        return true
      },
    },
  })
  expect(run.metric(greeted)).toHaveRateAtLeast(0.5)
  expect(run).toBeNoSlowerThan(await baseline.of(run), { tolerance: 0.99 })
})

perfTest('the reset of a service', async ({ http, reset, runId, scale, services }) => {
  const run = await http.run({
    load: sharedIterations({ iterations: 50, vus: 2 }),
    request: { path: `/hello?run=${runId}` },
  })
  expect(run).toHaveErrorRateBelow(0.1)
  await reset({ service: 'stock' })
  expect(await readFile(services['stock']!['file']!, 'utf8')).toBe('seeded 2 times')
  expect(scale.name).toBe('full')
})
