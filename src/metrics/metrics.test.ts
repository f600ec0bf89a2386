import { createServer, type RequestListener } from 'node:http'
import { Registry, Counter, Gauge, Histogram } from 'prom-client'
import { afterEach, describe, expect, test } from 'vitest'
import { windowOf, type TimedRun } from '../run/window.ts'
import { createMetrics } from './metrics.ts'

async function served(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/metrics`
}

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

function registryServer(registry: Registry): Promise<string> {
  return served((_, response) => {
    void registry.metrics().then((text) => response.end(text))
  })
}

/** A run whose counted part is from now until it is asked. */
function runFromNow(): TimedRun {
  const startMs = performance.now()
  return {
    [windowOf]: () => ({
      run: 'http 1',
      scope: 'steady phase',
      runStartMs: startMs,
      spans: [{ startMs, endMs: performance.now() }],
    }),
  }
}

const signal = new AbortController().signal

describe('metrics.during(run)', () => {
  test('gives what counters, gauges and histograms did in the window, summed over instances', async () => {
    const registries = [new Registry(), new Registry()]
    const made = registries.map((registry) => ({
      hits: new Counter({ name: 'cache_hits_total', help: '-', labelNames: ['cache'], registers: [registry] }),
      pool: new Gauge({ name: 'pool_connections', help: '-', registers: [registry] }),
      seconds: new Histogram({ name: 'http_seconds', help: '-', buckets: [0.1, 0.2, 0.4], registers: [registry] }),
    }))
    for (const { hits } of made) hits.inc({ cache: 'streamers' }, 1_000)
    const urls = await Promise.all(registries.map(registryServer))
    await using metrics = await createMetrics({ urls, signal })
    const run = runFromNow()

    for (const { hits, pool, seconds } of made) {
      hits.inc({ cache: 'streamers' }, 30)
      hits.inc({ cache: 'events' }, 5)
      pool.set(7)
      for (let i = 0; i < 100; i++) seconds.observe(0.15)
    }
    const window = await metrics.during(run)

    expect(window.counter('cache_hits_total{cache="streamers"}')).toMatchObject({ delta: 60, resets: 0 })
    expect(window.counter('cache_hits_total').delta, 'all labels, and a series that was born in the window').toBe(70)
    expect(window.gauge('pool_connections')).toMatchObject({ max: 14 })
    expect(window.quantile('http_seconds', 0.5)).toEqual({ value: 0.15000000000000002, low: 0.1, high: 0.2 })
  })

  test('a counter that began again counts from zero and says so', async () => {
    let value = 500
    const url = await served((_, response) => response.end(`# TYPE n counter\nn ${value}\n`))
    await using metrics = await createMetrics({ urls: [url], signal })
    const run = runFromNow()
    value = 20
    expect((await metrics.during(run)).counter('n')).toMatchObject({ delta: 20, resets: 1 })
  })

  test('what is missing is an error that lists near names, never zero', async () => {
    const url = await served((_, response) => response.end('cache_hits_total{cache="a"} 1\ncache_miss_total 2\nup 1\n'))
    await using metrics = await createMetrics({ urls: [url], signal })
    const window = await metrics.during(runFromNow())
    expect(() => window.counter('cache_misses_total')).toThrowErrorMatchingInlineSnapshot(
      `[MetricMissingError: cache_misses_total: the target offers no metric cache_misses_total; the nearest are cache_miss_total, cache_hits_total, up]`,
    )
    expect(() => window.counter('cache_hits_total{cache="b"}')).toThrowErrorMatchingInlineSnapshot(
      `[MetricMissingError: cache_hits_total{cache="b"}: cache_hits_total has no series with cache="b"]`,
    )
    expect(() => window.gauge('a b')).toThrowErrorMatchingInlineSnapshot(
      `[TypeError: "a b" selects no metric; write a name, or name{label="value"}]`,
    )
  })
})

describe('a route that cannot be read is one message, before any load', () => {
  test('HTML', async () => {
    const url = await served((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'))
    await expect(createMetrics({ urls: [url], signal })).rejects.toThrow(
      /127\.0\.0\.1:\d+\/metrics answered with text\/html, not with metrics: line 1 is no metric: <html>/,
    )
  })

  test('404', async () => {
    const url = await served((_, response) => response.writeHead(404).end())
    await expect(createMetrics({ urls: [url], signal })).rejects.toThrow(
      /metrics answered 404; give the path of the metrics route/,
    )
  })

  test('no answer', async () => {
    const url = await served(() => {})
    await expect(createMetrics({ urls: [url], signal, interval: '100ms' })).rejects.toThrow(/no answer within 1000 ms/)
  })

  test('nobody there', async () => {
    await expect(createMetrics({ urls: ['http://user:secret@127.0.0.1:1/metrics'], signal })).rejects.toThrow(
      /^http:\/\/127\.0\.0\.1:1\/metrics did not answer/,
    )
  })
})
