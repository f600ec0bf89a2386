import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { createMetricFactory } from '../execution/custom-metrics/metric.ts'
import { ScenarioError } from '../execution/scenario-error.ts'
import { sharedIterations } from '../load/builders.ts'
import type { FanOutOptions } from './fan-out/fan-out-options.ts'
import { createWebSocket, type WebSocketLoad } from './websocket.ts'

/** A server that acknowledges a subscription, and returns every other message to its sender. */
async function startServer(): Promise<{ url: string; publish: (text: string) => void }> {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (ws) =>
    ws.on('message', (data: Buffer) => ws.send(data.toString() === 'join' ? 'joined' : data.toString())),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    sockets.close()
    for (const ws of sockets.clients) ws.terminate()
    server.close()
  })
  const publish = (text: string) => {
    for (const ws of sockets.clients) ws.send(text)
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, publish }
}

/** No limits, so that other work on the machine does not decide these tests. */
const UNLIMITED = { scheduleDelayP99Ms: 60_000, eventLoopDelayP99Ms: 60_000, serviceTimeRatio: 1, busyUtilization: 2 }

function load(baseUrl: string): WebSocketLoad {
  const scale = { name: 'full', users: 1, time: 1 }
  return createWebSocket({
    ...{ baseUrl, seed: 1, limits: UNLIMITED, onRun: () => {} },
    ...{ signal: new AbortController().signal, scale },
  })
}

const CLIENTS = 5
const [RATE, WARMUP, COUNTED] = [20, 10, 20]

function fanOut(url: string, more: Pick<FanOutOptions, 'publish' | 'identify'> & Partial<FanOutOptions>) {
  return load(url).fanOut({
    ...{ path: '/', connections: CLIENTS, warmup: '500ms', duration: '1s' },
    ...{ subscribe: () => 'join', isSubscribed: (message) => message.toString() === 'joined' },
    ...more,
  })
}

test('records metrics in publish.send, before and after it waits, in the phase of the publication', async () => {
  const { url, publish } = await startServer()
  const metric = createMetricFactory()
  const [sent, took] = [metric.counter('sent'), metric.trend('took', { unit: 'ms' })]
  const run = await fanOut(url, {
    identify: (message) => ({ id: message.toString() }),
    publish: {
      rate: RATE,
      send: async ({ id, index }) => {
        sent.add(2)
        await new Promise((resolve) => setImmediate(resolve))
        took.add(index + 1)
        publish(id)
      },
    },
  })
  expect(run.metric(sent).figures?.total).toBe(2 * COUNTED)
  expect(run.metric(sent).phase('warmup')).toMatchObject({ count: WARMUP })
  // Each belongs to its own publication, although others were due while it waited.
  expect(run.metric(took).figures).toMatchObject({ min: WARMUP + 1, max: WARMUP + COUNTED })
})

test('records metrics in identify for each message, also for equal ones', async () => {
  const { url, publish } = await startServer()
  const metric = createMetricFactory()
  const [size, all] = [metric.trend('size', { unit: 'B' }), metric.rate('short')]
  const run = await fanOut(url, {
    identify: (message) => {
      size.add(message.packet.length)
      all.add(message.packet.length < 100)
      return { id: message.toString() }
    },
    publish: { rate: RATE, send: ({ id }) => publish(id) },
  })
  expect(run.deliveries.received).toBe(CLIENTS * COUNTED)
  const [warmup, steady] = [run.metric(size).phase('warmup').count, run.metric(size).count]
  // A message of the warm-up may arrive after it.
  expect(warmup + steady).toBe(CLIENTS * (WARMUP + COUNTED))
  expect(steady).toBeGreaterThanOrEqual(CLIENTS * COUNTED)
  expect(run.metric(size).figures).toMatchObject({ min: 36, max: 36 })
  expect(run.metric(all).figures).toMatchObject({ hits: steady, rate: 1 })
})

test('records metrics in functions that open connections, in what is judged', async () => {
  const { url, publish } = await startServer()
  const metric = createMetricFactory()
  const names = ['headers', 'query', 'subscribe', 'isSubscribed'] as const
  const [headers, query, subscribe, isSubscribed] = names.map((name) => metric.counter(name))
  const run = await fanOut(url, {
    headers: async () => {
      await new Promise((resolve) => setImmediate(resolve))
      headers!.add()
      return {}
    },
    query: () => {
      query!.add()
      return {}
    },
    subscribe: () => {
      subscribe!.add()
      return 'join'
    },
    isSubscribed: (message) => {
      isSubscribed!.add()
      return message.toString() === 'joined'
    },
    identify: (message) => ({ id: message.toString() }),
    publish: { rate: RATE, send: ({ id }) => publish(id) },
  })
  const totals = [headers!, query!, subscribe!, isSubscribed!].map((each) => run.metric(each).figures?.total)
  expect(totals).toEqual([CLIENTS, CLIENTS, CLIENTS, CLIENTS])
})

test('records metrics in functions that open connections of a conversation', async () => {
  const { url } = await startServer()
  const metric = createMetricFactory()
  const [cookies, opened, ready] = ['cookies', 'opened', 'ready'].map((name) => metric.counter(name))
  const run = await load(url).run({
    ...{ path: '/', load: sharedIterations({ vus: 3, iterations: 30 }), warmup: '300ms' },
    cookies: async () => {
      await new Promise((resolve) => setImmediate(resolve))
      cookies!.add()
      return {}
    },
    onOpen: () => {
      opened!.add()
      return 'join'
    },
    isReady: (message) => {
      ready!.add()
      return message.toString() === 'joined'
    },
    steps: { send: 'hello' },
  })
  expect([cookies!, opened!, ready!].map((each) => run.metric(each).figures?.total)).toEqual([3, 3, 3])
})

test('ends the run if a value is recorded after the promise of publish.send has settled', async () => {
  const { url, publish } = await startServer()
  const sent = createMetricFactory().counter('sent')
  const run = fanOut(url, {
    identify: (message) => ({ id: message.toString() }),
    publish: {
      rate: RATE,
      send: ({ id }) => {
        setTimeout(() => sent.add(), 5)
        publish(id)
      },
    },
  })
  await expect(run).rejects.toThrow(
    new ScenarioError(
      'publish.send: add() of the counter "sent" was called after the promise of send had settled\n' +
        'Fix: let send return a promise that settles when everything that it starts has ended',
    ),
  )
})

test('has no figures of a metric that is never recorded, and rejects what is not a metric', async () => {
  const { url, publish } = await startServer()
  const sent = createMetricFactory().counter('sent')
  const run = await fanOut(url, {
    identify: (message) => ({ id: message.toString() }),
    publish: { rate: RATE, send: ({ id }) => publish(id) },
  })
  expect(run.metric(sent)).toMatchObject({ count: 0, figures: undefined })
  expect(run.result()).not.toHaveProperty('metrics')
  expect(() => run.metric('sent' as never)).toThrow('run.metric(): must be a metric of the fixture metric')
})
