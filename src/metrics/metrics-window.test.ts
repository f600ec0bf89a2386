import { describe, expect, test } from 'vitest'
import { metricsOf } from '../evidence/utilization-evidence.ts'
import type { InvalidRunError } from '../evidence/verdict.ts'
import { messageOf } from '../testing/message-of.ts'
import { MetricsWindow } from './metrics-window.ts'
import type { SentRequests } from './request-counters.ts'
import { ScrapeHistory } from './scrape-history.ts'

/** Run of one phase with a scrape every second, of one or more instances. */
async function windowOver(instances: readonly (readonly string[])[], requests?: SentRequests): Promise<MetricsWindow> {
  const histories = instances.map(() => new ScrapeHistory())
  for (const [index, scrapes] of instances.entries())
    for (const [second, text] of scrapes.entries())
      await histories[index]!.add(second * 1000, text).catch((error: Error) => {
        histories[index]!.failures.push({ atMs: second * 1000, message: error.message })
      })
  const endMs = (Math.max(...instances.map(({ length }) => length)) - 1) * 1000
  const span = { startMs: 0, endMs }
  const window = {
    run: 'http 1',
    scope: 'steady phase',
    runStartMs: 0,
    runEndMs: endMs,
    settledMs: endMs,
    spans: [span],
  }
  return new MetricsWindow({ window, histories, intervalMs: 1000, unavailable: undefined, requests })
}

const one = (...scrapes: readonly string[]) => windowOver([scrapes])

/** Cumulative buckets of `lag_seconds`, by bound. */
const buckets = (counts: Readonly<Record<string, number>>, labels = '') =>
  Object.entries(counts)
    .map(([le, count]) => `lag_seconds_bucket{${labels}le="${le}"} ${count}\n`)
    .join('')

describe('a quantile', () => {
  test('is unknown for a native histogram in text format', async () => {
    const text = (count: number) =>
      `# TYPE lag_seconds histogram\nlag_seconds_bucket{le="+Inf"} ${count}\nlag_seconds_sum ${count * 2}\nlag_seconds_count ${count}\n`
    const window = await one(text(0), text(500))
    expect(messageOf(() => window.quantile('lag_seconds', 0.95))).toMatchInlineSnapshot(`
      "InvalidRunError: lag_seconds has no quantile: its only bucket is +Inf, like that of a native histogram, whose buckets the text formats of Prometheus omit
      Fix: also give the histogram classic buckets, with the same bounds under all labels (in Go: Buckets in HistogramOpts)"
    `)
    const bare = await one(
      '# TYPE lag_seconds histogram\nlag_seconds_count 0',
      '# TYPE lag_seconds histogram\nlag_seconds_count 9',
    )
    expect(messageOf(() => bare.quantile('lag_seconds', 0.95))).toContain(
      'lag_seconds has no quantile: it has no buckets',
    )
  })

  test('has only a lower bound beyond the last finite bucket', async () => {
    const window = await one(buckets({ '0.1': 0, '1': 0, '+Inf': 0 }), buckets({ '0.1': 10, '1': 90, '+Inf': 100 }))
    const p95 = window.quantile('lag_seconds', 0.95)
    expect(p95).toEqual({ low: 1, high: Number.POSITIVE_INFINITY })
    expect(messageOf(() => p95.value)).toMatchInlineSnapshot(`
      "InvalidRunError: p95 of lag_seconds lies beyond its last finite bucket, 1: it is above that by an unknown amount
      Fix: give the histogram buckets beyond the limit; to fail at limits up to 1, assert on low first"
    `)
  })

  test('has no value within a bucket, which could pass limits that it exceeds', async () => {
    const window = await one(buckets({ '0.1': 0, '1': 0, '+Inf': 0 }), buckets({ '0.1': 10, '1': 90, '+Inf': 100 }))
    const p50 = window.quantile('lag_seconds', 0.5)
    expect(p50).toEqual({ low: 0.1, high: 1 })
    expect(messageOf(() => expect(p50.value).toBeLessThan(0.6))).toMatchInlineSnapshot(`
      "InvalidRunError: p50 of lag_seconds lies between 0.1 and 1, the ends of its bucket, and a histogram does not contain its exact value
      Fix: compare it with a limit by isBelow(limit)"
    `)
  })

  test('fails at limits up to the last finite bucket if it is beyond, and is invalid at others', async () => {
    const window = await one(buckets({ '0.1': 0, '1': 0, '+Inf': 0 }), buckets({ '0.1': 10, '1': 90, '+Inf': 100 }))
    const p95 = window.quantile('lag_seconds', 0.95)
    const holds = (limit: number) => {
      expect(p95.low).toBeLessThan(limit)
      expect(p95.value).toBeLessThan(limit)
    }
    expect(messageOf(() => holds(0.5))).toContain('AssertionError: expected 1 to be less than 0.5')
    expect(messageOf(() => holds(1))).toContain('AssertionError: expected 1 to be less than 1')
    expect(messageOf(() => holds(2))).toContain('InvalidRunError')
  })

  test.each([
    [0.99, 2, 'undecided'],
    [0.99, 1, false],
    [0.99, 0.5, false],
    [0.99, Number.POSITIVE_INFINITY, 'undecided'],
    [0.5, 1, true],
    [0.5, 2, true],
    [0.5, 0.9, 'undecided'],
    [0.5, 0.1, false],
    [0.05, 0.1, true],
  ])('p%d against %d: %s', async (q, limit, outcome) => {
    const window = await one(buckets({ '0.1': 0, '1': 0, '+Inf': 0 }), buckets({ '0.1': 10, '1': 90, '+Inf': 100 }))
    const judged = () => {
      try {
        return window.quantile('lag_seconds', q).isBelow(limit)
      } catch (error) {
        return (error as InvalidRunError).reason
      }
    }
    expect(judged()).toBe(outcome)
  })

  test('is undecided if the limit is within its bucket, and names the missing bucket', async () => {
    const window = await one(buckets({ '0.1': 0, '1': 0, '+Inf': 0 }), buckets({ '0.1': 10, '1': 90, '+Inf': 100 }))
    expect(messageOf(() => window.quantile('lag_seconds', 0.5).isBelow(0.9))).toMatchInlineSnapshot(`
      "InvalidRunError: p50 of lag_seconds lies between 0.1 and 1, the ends of its bucket, as does the limit 0.9
      Fix: give the histogram a bucket that ends at the limit"
    `)
    expect(messageOf(() => window.quantile('lag_seconds', 0.5).isBelow('1' as never))).toMatch(
      /^OptionsError: isBelow\(\)/,
    )
  })

  test.each([
    [95, 'for 95% use 0.95'],
    [99.9, 'for 99.9% use 0.999'],
    [0, 'must be a ratio above 0 and below 1'],
    [1, 'must be a ratio above 0 and below 1'],
    [-0.5, 'must be a ratio above 0 and below 1'],
    [Number.NaN, 'must be a ratio above 0 and below 1'],
    ['0.95', 'must be a ratio above 0 and below 1'],
    [undefined, 'must be a ratio above 0 and below 1'],
  ])('of %s is refused', async (q, message) => {
    const window = await one(buckets({ '1': 0, '+Inf': 0 }), buckets({ '1': 9, '+Inf': 9 }))
    expect(messageOf(() => window.quantile('lag_seconds', q as number))).toMatch(/^OptionsError: quantile\(\)/)
    expect(messageOf(() => window.quantile('lag_seconds', q as number))).toContain(message)
  })

  test('uses the common bounds of series with different bounds', async () => {
    const texts = [0, 1].map(
      (n) =>
        buckets({ '0.1': 10 * n, '1': 50 * n, '+Inf': 100 * n }, 'route="/a",') +
        buckets({ '0.5': 90 * n, '1.0': 100 * n, '+Inf': 100 * n }, 'route="/b",') +
        buckets({ '7': 0, '+Inf': 0 }, 'route="/idle",'),
    )
    const window = await one(...texts)
    expect(window.quantile('lag_seconds', 0.5)).toMatchObject({ low: 0, high: 1 })
    const apart = await one(
      ...[0, 1].map(
        (n) => buckets({ '1': n, '+Inf': n }, 'route="/a",') + buckets({ '2': n, '+Inf': n }, 'route="/b",'),
      ),
    )
    expect(messageOf(() => apart.quantile('lag_seconds', 0.5))).toContain(
      'its series have no common bucket except +Inf',
    )
  })

  test('uses _count if there is no bucket +Inf', async () => {
    const texts = [0, 1].map((n) => `${buckets({ '1': 50 * n })}lag_seconds_count ${100 * n}\n`)
    expect((await one(...texts)).quantile('lag_seconds', 0.9)).toEqual({ low: 1, high: Number.POSITIVE_INFINITY })
    const without = await one(buckets({ '1': 0 }), buckets({ '1': 50 }))
    expect(messageOf(() => without.quantile('lag_seconds', 0.9))).toContain('has no quantile')
  })

  test('reads the ranges of VictoriaMetrics', async () => {
    const after =
      'lag_seconds_bucket{vmrange="1.000e-01...1.136e-01"} 50\nlag_seconds_bucket{vmrange="9.000e-01...1.000e+00"} 49\n' +
      'lag_seconds_bucket{vmrange="1.000e+18...+Inf"} 1\nlag_seconds_sum 9\nlag_seconds_count 100\n'
    const window = await one('lag_seconds_bucket{vmrange="9.000e-01...1.000e+00"} 9\nup 1\n', after)
    expect(window.quantile('lag_seconds', 0.5)).toMatchObject({ low: 0.1, high: 0.1136 })
    expect(window.quantile('lag_seconds', 0.9)).toMatchObject({ low: 0.9, high: 1 })
    expect(window.quantile('lag_seconds', 0.999)).toEqual({ low: 1e18, high: Number.POSITIVE_INFINITY })
  })

  test('is rejected for a gauge histogram or infinite values', async () => {
    const gauge = '# TYPE lag_seconds gaugehistogram\n'
    const window = await one(gauge + buckets({ '1': 1, '+Inf': 2 }), gauge + buckets({ '1': 3, '+Inf': 4 }))
    expect(messageOf(() => window.quantile('lag_seconds', 0.5))).toContain('lag_seconds is a gauge histogram')
    const endless = await one(
      buckets({ '1': 0, '+Inf': 0 }),
      `${buckets({ '1': 3 })}lag_seconds_bucket{le="+Inf"} +Inf`,
    )
    expect(messageOf(() => endless.quantile('lag_seconds', 0.5))).toContain(
      'lag_seconds_bucket is infinite in some scrapes',
    )
  })

  test('accepts buckets that were read while they were counted', async () => {
    const window = await one(buckets({ '1': 0, '2': 0, '+Inf': 0 }), buckets({ '1': 60, '2': 59, '+Inf': 100 }))
    expect(window.quantile('lag_seconds', 0.6)).toEqual({ low: 0, high: 1 })
  })
})

describe('unreliable metrics', () => {
  const twoWorkers = [4_000, 8_000, 4_010, 8_010].map(
    (hits, at) =>
      `cache_hits_total ${hits}\ncache_misses_total ${hits / 100 + at}\nrequests_total ${hits}\nused 1\nsize 2\n`,
  )

  test('are invalid for several processes behind one route, for every type', async () => {
    const window = await one(...twoWorkers)
    expect(messageOf(() => window.counter('requests_total'))).toMatchInlineSnapshot(`
      "InvalidRunError: several processes respond behind one metrics route: cache_hits_total fell from 8000 to 4010 and came back
      Fix: aggregate all processes in one route (prom-client: AggregatorRegistry, Python: PROMETHEUS_MULTIPROC_DIR), give each a separate route (metrics: { url: […] }), or run one process"
    `)
    for (const read of [() => window.gauge('used'), () => window.quantile('used', 0.5)])
      expect(messageOf(read)).toMatch(/^InvalidRunError: several processes respond behind one metrics route/)
    const evidence = window[metricsOf]()
    expect(evidence.hitRatio('cache_hits_total', 'cache_misses_total').invalidities[0]).toMatchObject({
      reason: 'metric-unreliable',
      finding: expect.stringContaining('several processes'),
    })
    expect(evidence.share('pool', 'used', 'size').invalidities[0]?.reason).toBe('metric-unreliable')
  })

  test('are invalid if the request counter is far below the requests of the run', async () => {
    const scrapes = [0, 1, 2, 3].map((n) => `http_requests_total{route="/a"} ${100 * n}\nused 1\n`)
    const refused = await windowOver([scrapes], { responses: 600 })
    expect(messageOf(() => refused.gauge('used'))).toMatchInlineSnapshot(`
      "InvalidRunError: http_requests_total counted 300 requests while the run got about 600 responses: the metrics do not cover the whole target, as if several processes responded behind one route
      Fix: aggregate all processes in one route (prom-client: AggregatorRegistry, Python: PROMETHEUS_MULTIPROC_DIR), give each a separate route (metrics: { url: […] }), or run one process; if other parts of the target handle the rest, name the counter of all requests, or disable the comparison: metrics: { requestCounter: false }"
    `)
    const believed = [
      await windowOver([scrapes], { responses: 320 }),
      await windowOver([scrapes], { responses: 600, counter: false }),
      await windowOver([scrapes, scrapes], { responses: 600 }),
      await windowOver([scrapes], { responses: 99 }),
      await windowOver([scrapes.map((text) => text.replace('http_', 'cache_'))], { responses: 600 }),
      await windowOver([scrapes], { responses: 600, counter: 'other_total' }),
    ]
    for (const window of believed) expect(window.gauge('used').max).toBeGreaterThan(0)
    const named = await windowOver([scrapes.map((text) => text.replace('http_', 'my_'))], {
      ...{ responses: 600, counter: 'my_requests_total' },
    })
    expect(messageOf(() => named.gauge('used'))).toContain('my_requests_total counted 300 requests')
  })

  test('are invalid if one of their lines is unreadable, but other metrics are not', async () => {
    const window = await one(
      'n_total 5\nm_total 1\nused 1\nsize 2',
      'n_total 9\nm_total 2\nused 1\nsize 1e',
      'n_total 9,5\nm_total 3',
    )
    expect(window.counter('m_total').delta).toBe(2)
    expect(messageOf(() => window.counter('n_total'))).toMatchInlineSnapshot(`
      "InvalidRunError: n_total is unknown: line 1 cannot be read (the value is not a number): n_total 9,5
      Fix: correct the line that the target writes"
    `)
    const { invalidities } = window[metricsOf]().share('pool', 'used', 'size')
    expect(invalidities[0]?.finding).toBe('size is unknown: line 4 cannot be read (the value is not a number): size 1e')
    const absent = await one('m_total 1', 'm_total 3\nhits_total{cache="a} 7')
    const { invalidities: ofHits } = absent[metricsOf]().hitRatio('hits_total{cache="a"}', 'm_total')
    expect(ofHits[0]?.finding).toContain('hits_total{cache="a"} is unknown: line 2 cannot be read')
  })

  test.each([
    ['a counter without end', ['n_total 1', 'n_total +Inf'], (w: MetricsWindow) => w.counter('n_total')],
    ['a gauge without end', ['used 1', 'used +Inf'], (w: MetricsWindow) => w.gauge('used')],
    ['a gauge read as a counter', ['# TYPE n gauge\nn 5', '# TYPE n gauge\nn 3'], (w: MetricsWindow) => w.counter('n')],
    [
      'quantiles of a summary added up',
      [
        '# TYPE rpc summary\nrpc{quantile="0.5"} 1\nrpc{quantile="0.9"} 2',
        'rpc{quantile="0.5"} 1\nrpc{quantile="0.9"} 3',
      ],
      (w: MetricsWindow) => w.gauge('rpc'),
    ],
    [
      'one quantile of several series of a summary added up',
      Array.from({ length: 3 }, () => {
        return '# TYPE rpc summary\nrpc{quantile="0.95",path="a"} 0.05\nrpc{quantile="0.95",path="b"} 0.9'
      }),
      (w: MetricsWindow) => w.gauge('rpc{quantile="0.95"}'),
    ],
    [
      'quantiles added up that are exposed as gauges',
      Array.from({ length: 3 }, () => '# TYPE rpc gauge\nrpc{quantile="0.5"} 1\nrpc{quantile="0.9"} 2'),
      (w: MetricsWindow) => w.gauge('rpc'),
    ],
    [
      'buckets that fall and come back, among many counters that do not',
      [5, 3, 6, 2, 7].map((value, at) => {
        const others = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${name}_total ${at}\n`).join('')
        return others + buckets({ '0.1': value, '0.5': value, '+Inf': value })
      }),
      (w: MetricsWindow) => w.quantile('lag_seconds', 0.95),
    ],
    [
      'a quantile of a summary read as a counter',
      ['# TYPE rpc summary\nrpc{quantile="0.5"} 1', 'rpc{quantile="0.5"} 3'],
      (w: MetricsWindow) => w.counter('rpc'),
    ],
    [
      'buckets added up',
      [buckets({ '1': 0, '+Inf': 0 }), buckets({ '1': 3, '+Inf': 4 })],
      (w: MetricsWindow) => w.counter('lag_seconds_bucket'),
    ],
    [
      'a counter that falls and comes back, among many that do not',
      [5, 3, 6, 2, 7].map((value, at) => `n_total ${value}\na_total ${at}\nb_total ${at}\nc_total ${at}`),
      (w: MetricsWindow) => w.counter('n_total'),
    ],
  ])('as %s', async (_, scrapes, read) => {
    const window = await one(...scrapes)
    expect(messageOf(() => read(window))).toMatch(/^InvalidRunError: .*\nFix: /)
  })

  test('are invalid if their time stamps are old, in seconds or in milliseconds', async () => {
    const ago = (ms: number) => Date.now() - ms
    const text = (oldMs: number) =>
      `# TYPE used gauge\nused 3 ${ago(oldMs)}\nopen 4 ${ago(oldMs) / 1000}\nn_total 5 ${ago(oldMs)} # {a="b"} 1\nsize 10\n`
    const current = await one(text(200_000), text(200_000))
    expect([current.gauge('used').max, current.gauge('open').max, current.gauge('size').max]).toEqual([3, 4, 10])
    const old = await one(text(630_000), text(630_000))
    const shown = messageOf(() => old.gauge('used')).replace(/\d{13}/, '…')
    expect(shown).toMatchInlineSnapshot(`
      "InvalidRunError: used is unknown: line 2 cannot be read (its time stamp is 10 min old): used 3 …
      Fix: correct the line that the target writes"
    `)
    expect(messageOf(() => old.gauge('open'))).toContain('its time stamp is 10 min old')
    expect(messageOf(() => old.counter('n_total'))).toContain('its time stamp is 10 min old')
    expect(old.gauge('size').max).toBe(10)
  })

  test('reads one quantile of a summary, also if other series have no observations yet', async () => {
    const text = '# TYPE rpc summary\nrpc{quantile="0.9",path="a"} 2\nrpc{quantile="0.9",path="b"} NaN'
    const window = await one(text, text, text)
    expect(window.gauge('rpc').max).toBe(2)
    expect(window.gauge('rpc{path="a"}').max).toBe(2)
    const both = await windowOver([
      [text, text],
      [text, text],
    ])
    expect(messageOf(() => both.gauge('rpc'))).toMatchInlineSnapshot(`
      "InvalidRunError: rpc adds up quantiles of several instances
      Fix: expose a histogram, and ask for its quantile(): buckets can be added up"
    `)
  })

  test('reads a histogram whose process restarted once', async () => {
    const counts = [10, 20, 30, 5, 15, 25]
    const window = await one(...counts.map((count) => buckets({ '0.1': count, '0.5': count, '+Inf': count })))
    expect(window.quantile('lag_seconds', 0.95).isBelow(0.5)).toBe(true)
  })

  test('are invalid if one of several instances has no scrapes or lacks the metric', async () => {
    const text = 'n_total 1\nused 1\nsize 2'
    const window = await windowOver([
      [text, 'n_total 5\nused 1\nsize 2'],
      [text, '<html>'],
    ])
    expect(messageOf(() => window.counter('n_total'))).toContain(
      'too few scrapes of instance 2 of 2 lie around the steady phase: line 1 cannot be read (no name and labels): <html>',
    )
    const partly = await windowOver([
      [text, text],
      ['used 9', 'used 9'],
    ])
    expect(partly[metricsOf]().share('pool', 'used', 'size').invalidities[0]?.finding).toBe(
      'instance 2 of 2 shows no used of size, and the others do',
    )
  })

  test('include metrics with quoted names', async () => {
    const window = await one('{"my.hits", cache="a"} 1\nm_total 1', '{"my.hits", cache="a"} 5\nm_total 2')
    expect(window.counter('{"my.hits"}').delta).toBe(4)
    expect(window.counter('{"my.hits", cache="a"}').delta).toBe(4)
    expect(messageOf(() => window.counter('{"my.hit"}'))).toContain('my.hits')
  })

  test('require the suffix of an OpenMetrics counter', async () => {
    const window = await one(
      '# TYPE foo counter\nfoo_total 1\nfoo_created 9',
      '# TYPE foo counter\nfoo_total 4\nfoo_created 9',
    )
    expect(messageOf(() => window.counter('foo'))).toContain('foo does not exist; use foo_total')
    expect(window.counter('foo_total').delta).toBe(3)
  })
})

describe('a value of NaN', () => {
  const counters = (hits: number, misses: string) =>
    `# TYPE hits_total counter\nhits_total ${hits}\n# TYPE misses_total counter\nmisses_total ${misses}\n`
  const gauges = (a: string) => `used{pool="a"} ${a}\nused{pool="b"} 1\nsize 20\n`
  const unknown = (name: string) => ({
    reason: 'metric-unreliable',
    finding: `${name} is NaN in some scrapes, so its value is unknown`,
    fix: 'correct the value that the target exposes',
  })

  test('is unknown, not 0: a counter', async () => {
    const always = await one(counters(0, 'NaN'), counters(200, 'NaN'))
    expect(always[metricsOf]().hitRatio('hits_total', 'misses_total').invalidities).toContainEqual(
      unknown('misses_total'),
    )
    for (const window of [always, await one(counters(0, '0'), counters(100, 'NaN'), counters(200, '9'))])
      expect(messageOf(() => window.counter('misses_total', { allowUnchanged: true }))).toMatch(
        /^InvalidRunError: misses_total is NaN in some scrapes/,
      )
    expect(always.counter('hits_total').delta).toBe(200)
  })

  test('is unknown, not 0: a gauge', async () => {
    const window = await one(gauges('NaN'), gauges('9'))
    expect(messageOf(() => window.gauge('used'))).toContain('used is NaN in some scrapes')
    expect(window.gauge('used{pool="b"}').mean).toBe(1)
    expect(window[metricsOf]().share('pool usage', 'used', 'size').invalidities).toContainEqual(unknown('used'))
  })

  test('is unknown, not 0: a bucket', async () => {
    const window = await one(
      buckets({ '1': 0, '+Inf': 0 }),
      `${buckets({ '+Inf': 4 })}lag_seconds_bucket{le="1"} NaN\n`,
      buckets({ '1': 3, '+Inf': 4 }),
    )
    expect(messageOf(() => window.quantile('lag_seconds', 0.5))).toContain('lag_seconds is NaN in some scrapes')
  })

  test('of a summary means that nothing was observed', async () => {
    const summary = (value: string) => `# TYPE lag summary\nlag{quantile="0.9"} ${value}\n`
    const window = await one(summary('NaN'), summary('3'), summary('5'))
    expect(window.gauge('lag{quantile="0.9"}')).toMatchObject({ min: 3, max: 5 })
  })
})

describe('an infinite value', () => {
  const counters = (hits: number | string, misses: number | string) =>
    `hits_total ${hits}\nmisses_total ${misses}\nmisses_total{shard="2"} 5\n`
  const refused = (name: string) => ({
    reason: 'metric-unreliable',
    finding: `${name} is infinite in some scrapes, so its growth is unknown`,
    fix: 'correct the value that the target exposes',
  })

  test.each([
    ['constant misses', [counters(0, '+Inf'), counters(90, '+Inf')], 'misses_total'],
    ['misses from some time on', [counters(0, 0), counters(90, '+Inf'), counters(99, '+Inf')], 'misses_total'],
    ['misses in the middle', [counters(0, 0), counters(90, '+Inf'), counters(99, 9)], 'misses_total'],
    ['constant hits', [counters('+Inf', 0), counters('+Inf', 90)], 'hits_total'],
    ['negative misses', [counters(0, '-Inf'), counters(90, '-Inf')], 'misses_total'],
  ])('makes a hit ratio invalid: %s', async (_, scrapes, name) => {
    const window = await one(...scrapes)
    expect(window[metricsOf]().hitRatio('hits_total', 'misses_total').invalidities).toContainEqual(refused(name))
    expect(messageOf(() => window.counter(name, { allowUnchanged: true }))).toContain(refused(name).finding)
  })

  test('makes a quantile invalid, even if it never changes', async () => {
    const text = (count: number) => `${buckets({ '1': count, '+Inf': count })}lag_seconds_bucket{le="2"} +Inf\n`
    const window = await one(text(0), text(90))
    expect(messageOf(() => window.quantile('lag_seconds', 0.5))).toContain('lag_seconds_bucket is infinite')
    const counted = (count: number) => `${buckets({ '1': count, '+Inf': count })}lag_seconds_count +Inf\n`
    const other = await one(counted(0), counted(90))
    expect(messageOf(() => other.quantile('lag_seconds', 0.5))).toContain('lag_seconds_count is infinite')
  })
})

describe('a gauge that is missing in some scrapes', () => {
  const texts = (values: readonly (string | number | undefined)[], size: (at: number) => number = () => 10) =>
    values.map((used, at) => `up 1\nsize ${size(at)}\n${used === undefined ? '' : `used ${used}\n`}`)
  const present = (count: number) => Array.from({ length: 11 }, (_, at) => (at < count ? 3 : undefined))

  test('is invalid beyond a tenth of them', async () => {
    const window = await one(...texts(present(3)))
    expect(messageOf(() => window.gauge('used'))).toMatchInlineSnapshot(`
      "InvalidRunError: used has a value in only 3 of 11 scrapes of the steady phase
      Fix: make the target expose it in every scrape while its process runs"
    `)
    expect(window[metricsOf]().share('pool usage', 'used', 'size').invalidities).toMatchInlineSnapshot(`
      [
        {
          "finding": "used has a value in only 3 of 11 scrapes of the steady phase",
          "fix": "make the target expose it in every scrape while its process runs",
          "reason": "metric-unreliable",
        },
      ]
    `)
    const nearly = await one(...texts(present(10)))
    expect(nearly.gauge('used').mean).toBe(3)
    expect(nearly[metricsOf]().share('pool usage', 'used', 'size').invalidities).toEqual([])
  })

  test('is invalid if its pool has no size in them', async () => {
    const window = await one(...texts(present(11), (at) => (at < 3 ? 10 : 0)))
    expect(window[metricsOf]().share('pool usage', 'used', 'size').invalidities[0]?.finding).toBe(
      'used of size has a value in only 3 of 11 scrapes of the steady phase',
    )
  })

  test('is invalid for a pool of which one series disappears, unless its last value was 0', async () => {
    const shards = (last: number) =>
      present(3).map(
        (a, at) => `size 20\nused{pool="b"} 1\n${a === undefined ? '' : `used{pool="a"} ${at === 2 ? last : 9}\n`}`,
      )
    const gone = await one(...shards(9))
    expect(gone[metricsOf]().share('pool usage', 'used', 'size').invalidities[0]?.finding).toBe(
      'a series of used has a value in only 3 of 11 scrapes of the steady phase',
    )
    const released = await one(...shards(0))
    expect(released[metricsOf]().share('pool usage', 'used', 'size').invalidities).toEqual([])
  })

  test('is invalid if most scrapes failed', async () => {
    const window = await one(...texts(present(11)).map((text, at) => (at > 1 && at < 10 ? '<html>' : text)))
    expect(messageOf(() => window.gauge('used'))).toContain(
      'only 3 of 11 scrapes of the steady phase succeeded: line 1 cannot be read (no name and labels): <html>',
    )
  })
})

describe('scrapes that fail under load', () => {
  /** A steady phase from 2 s to 18 s of a run of 22 s; only the scrapes of these seconds succeed. */
  async function withScrapesAt(seconds: readonly number[]): Promise<MetricsWindow> {
    const history = new ScrapeHistory()
    for (let second = 0; second <= 22; second++) {
      const fast = Math.min(second, 4) * 100
      const text = `${buckets({ '0.1': fast, '1': second * 100, '+Inf': second * 100 })}requests_total ${second * 100}\n`
      if (seconds.includes(second)) await history.add(second * 1000, text)
      else history.failures.push({ atMs: second * 1000, message: 'the route did not respond within 1 s' })
    }
    const span = { startMs: 2_000, endMs: 18_000 }
    const run = { runStartMs: 0, runEndMs: 22_000, settledMs: 22_000 }
    const window = { run: 'http 1', scope: 'steady phase', ...run, spans: [span] }
    return new MetricsWindow({
      ...{ window, histories: [history], intervalMs: 1000 },
      ...{ unavailable: undefined, requests: undefined },
    })
  }

  test('make counters and quantiles invalid if the others cover too little of the scope', async () => {
    const window = await withScrapesAt([0, 1, 2, 3, 4, 19, 20, 21, 22])
    expect(messageOf(() => window.quantile('lag_seconds', 0.95))).toMatchInlineSnapshot(`
      "InvalidRunError: the scrapes cover only 2.00 s of the 16.0 s of the steady phase: the route did not respond within 1 s
      Fix: find out why the metrics route did not respond under load"
    `)
    expect(() => window.counter('requests_total')).toThrow('cover only 2.00 s of the 16.0 s')
    const { invalidities } = window[metricsOf]().hitRatio('requests_total', 'lag_seconds_bucket{le="0.1"}')
    expect(invalidities).toMatchObject([{ reason: 'metric-unreliable' }])
  })

  test('do not matter between the first and the last one of the scope', async () => {
    const window = await withScrapesAt([0, 1, 3, 16, 19, 22])
    expect(window.counter('requests_total').delta).toBe(1_300)
    expect(window.quantile('lag_seconds', 0.95)).toEqual({ low: 0.1, high: 1 })
  })
})

test('a gauge of several instances is invalid if one of them never exposes it', async () => {
  const window = await windowOver([
    ['jobs 5', 'jobs 6', 'jobs 7'],
    ['up 1', 'up 1', 'up 1'],
  ])
  expect(messageOf(() => window.gauge('jobs'))).toMatchInlineSnapshot(`
    "InvalidRunError: instance 2 of 2 shows no jobs, and others do, so their sum is too low
    Fix: make every instance expose it"
  `)
  const both = await windowOver([
    ['jobs 5', 'jobs 6', 'jobs 7'],
    ['jobs 1', 'jobs 1', 'jobs 1'],
  ])
  expect(both.gauge('jobs').max).toBe(8)
})

test('a gauge that never changes has that value as its mean, and several instances have their exact sum', async () => {
  const constant = await one(...Array.from({ length: 10 }, () => 'used 0.1'))
  expect(constant.gauge('used')).toMatchObject({ min: 0.1, mean: 0.1, max: 0.1 })
  const three = await windowOver(Array.from({ length: 3 }, () => ['used 0.1', 'used 0.1']))
  expect(three.gauge('used')).toMatchObject({ mean: 0.3, max: 0.3 })
})
