import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Registry, Counter, Gauge, Histogram, Summary } from 'prom-client'
import { describe, expect, onTestFinished, test } from 'vitest'
import { windowOf, type TimedRun } from '../evidence/run-window.ts'
import { metricsOf } from '../evidence/utilization-evidence.ts'
import { cpuTimeOf } from './cpu-time.ts'
import { createMetrics, type MetricsContext } from './metrics.ts'

async function served(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
}

function registryServer(registry: Registry): Promise<string> {
  return served((_, response) => void registry.metrics().then((text) => response.end(text)))
}

/** Target that exposes the current `text`. */
function textServer(text: () => string): Promise<string> {
  return served((_, response) => response.end(text()))
}

/** Run of one phase, from now until its window is read. */
function runFromNow(): TimedRun {
  const startMs = performance.now()
  return {
    [windowOf]() {
      const endMs = performance.now()
      const spans = [{ startMs, endMs }]
      return { run: 'http 1', scope: 'steady phase', runStartMs: startMs, runEndMs: endMs, settledMs: endMs, spans }
    },
  }
}

const signal = new AbortController().signal

/** Metrics with scrapes only on request: tests act between known scrapes. */
async function metricsAt(urls: readonly string[], context: Partial<MetricsContext> = {}) {
  const metrics = await createMetrics({ urls, signal, interval: '1h', ...context })
  onTestFinished(() => metrics[Symbol.asyncDispose]())
  return metrics
}

async function windowOver(before: string, after: string) {
  let text = before
  const metrics = await metricsAt([await textServer(() => text)])
  const run = runFromNow()
  text = after
  return metrics.during(run)
}

describe('metrics.during(run)', () => {
  test('returns counters, gauges and histograms over the window, summed over instances', async () => {
    const registries = [new Registry(), new Registry()]
    const made = registries.map((registry) => ({
      hits: new Counter({ name: 'cache_hits_total', help: '-', labelNames: ['cache'], registers: [registry] }),
      pool: new Gauge({ name: 'pool_connections', help: '-', registers: [registry] }),
      seconds: new Histogram({ name: 'http_seconds', help: '-', buckets: [0.1, 0.2, 0.4], registers: [registry] }),
    }))
    for (const { hits } of made) hits.inc({ cache: 'streamers' }, 1_000)
    const metrics = await metricsAt(await Promise.all(registries.map(registryServer)))
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
    expect(window.quantile('http_seconds', 0.5)).toMatchObject({ low: 0.1, high: 0.2 })
    expect(window.counter('http_seconds_count').delta).toBe(200)
    expect(window.scrapeCount).toBe(2)
    expect(metrics.readings('pool_connections').map(({ value }) => value)).toEqual([0, 14])
  })

  test('counts a reset counter from zero, and reports the reset', async () => {
    const window = await windowOver('n_total 500\nmisses_total 9', 'n_total 20\nmisses_total 10')
    expect(window.counter('n_total')).toMatchObject({ delta: 20, resets: 1 })
    expect(window[metricsOf]().hitRatio('n_total', 'misses_total')).toMatchObject({
      hits: 20,
      misses: 1,
      invalidities: [],
      evidenceLines: [
        expect.stringMatching(/^steady phase, 2 scrapes over /),
        'n_total +20   misses_total +1',
        'a counter was reset once: the target restarted, and its last counts before that are lost',
      ],
    })
  })

  test('scrapes every interval, and records failures without throwing', async () => {
    let queried = 0
    const enough = Promise.withResolvers<void>()
    const url = await served((_, response) => {
      if (++queried === 5) enough.resolve()
      if (queried === 3) response.writeHead(500).end()
      else response.end(`n_total ${queried}\nsize 4\n`)
    })
    const metrics = await metricsAt([url], { interval: '400ms' })
    const run = runFromNow()
    await enough.promise
    const window = await metrics.during(run)
    expect(window.scrapeCount).toBeGreaterThanOrEqual(2)
    expect(window.failures).toContainEqual(expect.stringMatching(/metrics responded with 500$/))
    expect(window.counter('n_total').delta).toBeGreaterThanOrEqual(1)
    const [line] = window[metricsOf]().share('pool usage', 'n_total', 'size').evidenceLines
    expect(line).toMatch(/, \d+ more failed \(http:/)
  })

  test('throws for a missing metric, with similar names', async () => {
    const text = [
      ...['cache_hits_total{cache="a"} 1', 'cache_hits_total{cache="b",zone="x"} 1', 'cache_miss_total 2', 'up 1'],
      ...['# TYPE votes_total counter', '# TYPE rpc summary', 'rpc{quantile="0.9"} 1', 'rpc_sum 1', 'rpc_count 1'],
      ...['# TYPE lag_seconds histogram', 'lag_seconds_bucket{le="+Inf",route="/a"} 1', 'lag_seconds_count 1'],
    ].join('\n')
    const window = await windowOver(text, text)
    const messages = [
      () => window.counter('cache_misses_total'),
      () => window.counter('cache_hits_total{cache="c"}'),
      () => window.counter('cache_hits_total{node="1"}'),
      () => window.counter('cache_hits_total{cache="a",zone="x"}'),
      () => window.gauge('up{job="x"}'),
      () => window.counter('votes_total'),
      () => window.counter('lag_seconds'),
      () => window.quantile('rpc', 0.9),
      () => window.quantile('lag_seconds{route="/b"}', 0.9),
      () => window.quantile('lag_seconds', 0.9),
      () => window.gauge('a b'),
    ].map(messageOf)
    expect(messages.join('\n')).toMatchInlineSnapshot(`
      "InvalidRunError: the target exposes no metric cache_misses_total; the most similar are cache_miss_total, cache_hits_total, votes_total, lag_seconds
      Fix: select a metric that the target exposes on its metrics route
      InvalidRunError: cache_hits_total{cache="c"} matches no series; cache is "a", "b"
      Fix: select a metric that the target exposes on its metrics route
      InvalidRunError: cache_hits_total{node="1"} matches no series; its labels are cache, zone
      Fix: select a metric that the target exposes on its metrics route
      InvalidRunError: no series matches all labels of cache_hits_total{cache="a", zone="x"}
      Fix: select a metric that the target exposes on its metrics route
      InvalidRunError: up{job="x"} matches no series; it has no labels
      Fix: select a metric that the target exposes on its metrics route
      InvalidRunError: votes_total is declared by the target, but has no series yet
      Fix: select a metric that the target exposes on its metrics route
      InvalidRunError: lag_seconds is a histogram: use quantile(), or the counter lag_seconds_count
      Fix: select a metric that the target exposes on its metrics route
      InvalidRunError: rpc is a summary: its quantiles cover its own time window, not this one; expose a histogram
      Fix: select a metric that the target exposes on its metrics route
      InvalidRunError: lag_seconds_bucket{route="/b"} matches no series; route is "/a"
      Fix: select a metric that the target exposes on its metrics route
      InvalidRunError: lag_seconds has no quantile: its only bucket is +Inf, like that of a native histogram, whose buckets the text formats of Prometheus omit
      Fix: also give the histogram classic buckets, with the same bounds under all labels (in Go: Buckets in HistogramOpts)
      TypeError: "a b" is not a valid selector
      Fix: write a name, name{label="value"}, or {"a.name", label="value"} for a name with other characters"
    `)
  })

  test('throws for an unchanged counter, with similar ones that changed, unless allowUnchanged is set', async () => {
    const window = await windowOver(
      'hits_total 7\nhits_all_total 1\nx_total 1',
      'hits_total 7\nhits_all_total 3\nx_total 1',
    )
    expect(messageOf(() => window.counter('hits_total'))).toMatchInlineSnapshot(
      `
      "InvalidRunError: hits_total did not change in the steady phase (value 7); the most similar that changed are hits_all_total
      Fix: select a counter that this load increases; if it may stay unchanged: counter(selector, { allowUnchanged: true })"
    `,
    )
    expect(window.counter('hits_total', { allowUnchanged: true })).toMatchObject({ delta: 0, resets: 0 })
    const still = await windowOver('hits_total 7', 'hits_total 7')
    expect(messageOf(() => still.counter('hits_total'))).toMatchInlineSnapshot(
      `
      "InvalidRunError: hits_total did not change in the steady phase (value 7); no other counter changed either
      Fix: select a counter that this load increases; if it may stay unchanged: counter(selector, { allowUnchanged: true })"
    `,
    )
  })
})

describe('hit ratio', () => {
  const announced = '# TYPE cache_hits_total counter\n# TYPE cache_misses_total counter\n'
  const [hits, misses] = ['cache_hits_total{cache="a"}', 'cache_misses_total{cache="a"}'] as const

  test('counts zero hits for a cache without a series of hits', async () => {
    const window = await windowOver(announced, `${announced}cache_misses_total{cache="a"} 30\n`)
    const found = window[metricsOf]().hitRatio(hits, misses)
    expect(found).toMatchObject({ hits: 0, misses: 30, invalidities: [] })
    expect(found.evidenceLines).toContain('cache_hits_total{cache="a"} has no series yet and counts as 0')
  })

  test.each([
    ['not announced', '', 'cache_misses_total{cache="a"} 30\n', hits],
    ['other labels', announced, `${announced}cache_misses_total{cache="a"} 30\n`, 'cache_hits_total{cache="A"}'],
    ['the other counter did not change', `${announced}cache_misses_total{cache="a"} 30\n`, undefined, hits],
  ])('nor does it where nothing vouches for it: %s', async (_, before, after, selector) => {
    const window = await windowOver(before || 'up 1', after ?? before)
    const { invalidities } = window[metricsOf]().hitRatio(selector, misses)
    expect(invalidities[0]).toMatchObject({ reason: 'metric-missing' })
  })

  test('is invalid if neither counter changed', async () => {
    const text = `${announced}cache_hits_total{cache="a"} 5\ncache_misses_total{cache="a"} 5\n`
    const { invalidities } = (await windowOver(text, text))[metricsOf]().hitRatio(hits, misses)
    expect(invalidities.map(({ finding }) => finding)).toEqual([
      'cache_hits_total{cache="a"} did not change in the steady phase (value 5); no other counter changed either',
    ])
  })
})

describe('pool utilization', () => {
  test('is that of the fullest instance', async () => {
    const urls = [await textServer(() => 'used 1\nsize 10'), await textServer(() => 'used 9\nsize 10')]
    const metrics = await metricsAt(urls)
    const share = (await metrics.during(runFromNow()))[metricsOf]().share('pool usage', 'used', 'size')
    expect(share).toMatchObject({ mean: 0.9, max: 0.9, of: 'of size 10', invalidities: [] })
    expect(share.evidenceLines[1]).toMatch(/^mean 90% {3}max 90% at 0 s {3}by instance 10%, 90%$/)
  })

  test('is invalid without a pool size', async () => {
    const evidence = (await windowOver('used 1\nsize 0', 'used 1\nsize 0'))[metricsOf]()
    expect(evidence.share('pool usage', 'used', 'size').invalidities[0]?.finding).toBe(
      'size is 0, so there is no utilization',
    )
    const absent = evidence.share('pool usage', 'in_use', 'size')
    expect(absent.invalidities.map(({ finding }) => finding)).toEqual([
      'the target exposes no metric in_use; the most similar are used, size',
    ])
  })
})

test('createMetrics() passes the queried series of the whole run to the report', async () => {
  const reported: unknown[] = []
  let text = 'used 1\nsize 10\nhits_total 1\nmisses_total 1'
  const url = await textServer(() => text)
  const metrics = await createMetrics({ urls: [url], signal, onSeries: (...found) => reported.push(found) })
  const run = runFromNow()
  text = 'used 4\nsize 10\nhits_total 4\nmisses_total 2'
  const window = await metrics.during(run)
  window[metricsOf]().share('pool usage', 'used', 'size')
  window[metricsOf]().hitRatio('hits_total', 'misses_total')
  await metrics[Symbol.asyncDispose]()
  expect(reported).toMatchObject([
    [
      'http 1',
      [
        { group: 'target', label: 'used', unit: 'count', values: [4] },
        { group: 'target', label: 'size', unit: 'count', values: [10] },
        { group: 'target', label: 'hits: hits_total', unit: 'ratio', values: [0.75] },
      ],
    ],
  ])
})

describe('createMetrics() rejects before any load', () => {
  async function refused(url: string, context: Partial<MetricsContext> = {}): Promise<string> {
    const made = createMetrics({ urls: [url], signal, ...context })
    return made.then(
      () => 'it was read',
      (error: Error) => `${error.name}: ${error.message}`.replace(/:\d{4,5}\//, ':PORT/'),
    )
  }

  test('an HTML page', async () => {
    const url = await served((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'))
    expect(await refused(url)).toMatchInlineSnapshot(
      `
      "ScrapeError: http://127.0.0.1:PORT/metrics responded with text/html, not with metrics: line 1 cannot be read (no name and labels): <html>
      Fix: set the metrics route: definePerfConfig({ metrics: '/metrics' }), or PERF_METRICS_URL for an external target"
    `,
    )
  })

  test('a status of 404', async () => {
    expect(await refused(await served((_, response) => response.writeHead(404).end()))).toMatchInlineSnapshot(
      `
      "ScrapeError: http://127.0.0.1:PORT/metrics responded with 404
      Fix: set the metrics route: definePerfConfig({ metrics: '/metrics' }), or PERF_METRICS_URL for an external target"
    `,
    )
  })

  test('a response slower than the interval, before its head and within its body', async () => {
    expect(await refused(await served(() => {}), { interval: '100ms' })).toMatchInlineSnapshot(
      `
      "ScrapeError: http://127.0.0.1:PORT/metrics did not respond within 100 ms, the time between two scrapes
      Fix: increase it: definePerfConfig({ metrics: { interval: '5s' } })"
    `,
    )
    const stuck = await served((_, response) => response.write('n 1\n'))
    expect(await refused(stuck, { interval: '100ms' })).toContain('did not respond within 100 ms')
  })

  test('a closed port, without a secret in the message', async () => {
    expect(await refused('http://user:secret@127.0.0.1:1/metrics?key=secret')).toMatchInlineSnapshot(
      `
      "ScrapeError: http://127.0.0.1:1/metrics did not respond: ECONNREFUSED
      Fix: check that the target runs, or set the metrics route: definePerfConfig({ metrics: '/metrics' }), or PERF_METRICS_URL for an external target"
    `,
    )
  })

  test('an endless response', async () => {
    const line = `n 1 # ${'x'.repeat(1024)}\n`.repeat(1024)
    const url = await served((_, response) => {
      const more = () => {
        while (response.write(line));
      }
      response.on('drain', more)
      more()
    })
    expect(await refused(url, { interval: '30s' })).toContain('sends an endless response')
  })

  test('a missing target, and an invalid interval', async () => {
    await expect(createMetrics({ urls: [], signal })).rejects.toThrow(
      'no target is configured, so there are no metrics to read',
    )
    await expect(createMetrics({ urls: [], signal, interval: '1ms' })).rejects.toThrow(
      'must be a duration at least 100 ms',
    )
  })

  test('nothing for an external target without a required route: metrics are unavailable', async () => {
    const url = await served((_, response) => response.writeHead(404).end())
    const metrics = await metricsAt([url], { required: false })
    expect(metrics.unavailable).toMatch(/^the metrics of the external target cannot be read: .* responded with 404/)
    const window = await metrics.during(runFromNow())
    expect(() => window.counter('n_total')).toThrow('the metrics of the external target')
    expect(window[metricsOf]().hitRatio('a', 'b').unavailable).toBe(metrics.unavailable)
    expect(window[metricsOf]().share('pool', 'a', 'b').unavailable).toBe(metrics.unavailable)
  })
})

test('a window without a final scrape reports the failure', async () => {
  let isGone = false
  const url = await served((request, response) => (isGone ? request.socket.destroy() : response.end('n_total 1')))
  const metrics = await metricsAt([url])
  const run = runFromNow()
  isGone = true
  const window = await metrics.during(run)
  expect(() => window.counter('n_total')).toThrow(
    /^there are no two scrapes around the steady phase: .*did not respond/,
  )
})

test('scrapes send the credentials of the URL', async () => {
  let authorization: string | undefined
  const url = await served((request, response) => {
    authorization = request.headers.authorization
    response.end('up 1')
  })
  await metricsAt([url.replace('127', 'scraper:p%40ss@127')])
  expect(Buffer.from(authorization!.replace('Basic ', ''), 'base64').toString()).toBe('scraper:p@ss')
})

test('scrapes read summaries and OpenMetrics', async () => {
  const registry = new Registry()
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never)
  const summary = new Summary({ name: 'rpc', help: '-', percentiles: [0.9], registers: [registry] })
  const count = new Counter({ name: 'calls', help: '-', registers: [registry] })
  const metrics = await metricsAt([await registryServer(registry)])
  const run = runFromNow()
  for (let i = 1; i <= 10; i++) summary.observe(i)
  count.inc(4)
  const window = await metrics.during(run)
  expect(window.gauge('rpc{quantile="0.9"}').max).toBeCloseTo(9.5)
  expect(window.counter('rpc_count').delta).toBe(10)
  expect(window.counter('calls_total').delta).toBe(4)
})

function messageOf(read: () => unknown): string {
  try {
    read()
    return 'nothing was thrown'
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
}

describe('the CPU time of an external target', () => {
  const process = (instance: string, seconds: number) =>
    `process_cpu_seconds_total{instance="${instance}"} ${seconds}\n`

  async function cpuTimeOver(...texts: readonly string[]) {
    let text = texts[0]!
    const metrics = await metricsAt([await textServer(() => text)])
    for (text of texts.slice(1)) await metrics.during(runFromNow())
    return metrics[cpuTimeOf]()
  }

  test('begins a new generation if a process starts, restarts or disappears', async () => {
    const { readings, doubt } = await cpuTimeOver(
      process('a', 100),
      process('a', 101),
      process('a', 102) + process('b', 500),
      process('a', 103) + process('b', 501),
      process('a', 0.1) + process('b', 502),
      process('b', 503),
      process('b', 504),
    )
    expect(doubt).toBeUndefined()
    expect(readings.map(({ totalSec, generation }) => [totalSec, generation])).toEqual([
      ...[
        [100, 0],
        [101, 0],
        [602, 1],
        [604, 1],
        [502.1, 2],
        [503, 3],
        [504, 3],
      ],
    ])
  })

  test('is doubtful if several processes respond behind one route', async () => {
    const { doubt } = await cpuTimeOver(
      ...[10, 900, 11, 901].map(
        (seconds) => `process_start_time_seconds ${seconds > 99 ? 5 : 50}\nprocess_cpu_seconds_total ${seconds}\n`,
      ),
    )
    expect(doubt).toBe(
      'several processes respond behind one metrics route: process_start_time_seconds went back from 50 to 5',
    )
  })
})
