import { expect, test } from 'vitest'
import { metricsOf } from '../evidence/utilization-evidence.ts'
import { messageOf } from '../testing/message-of.ts'
import { MetricsWindow } from './metrics-window.ts'
import { ScrapeHistory } from './scrape-history.ts'

/** Run of one phase with a scrape every second. */
async function windowOver(...scrapes: readonly string[]): Promise<MetricsWindow> {
  const history = new ScrapeHistory()
  for (const [second, text] of scrapes.entries()) await history.add(second * 1000, text)
  const endMs = (scrapes.length - 1) * 1000
  const times = { runStartMs: 0, runEndMs: endMs, settledMs: endMs, spans: [{ startMs: 0, endMs }] }
  const window = { run: 'http 1', scope: 'steady phase', ...times }
  return new MetricsWindow({
    window,
    histories: [history],
    intervalMs: 1000,
    unavailable: undefined,
    requests: undefined,
  })
}

const histogram = (counts: Readonly<Record<string, number>>, count?: number) =>
  Object.entries(counts)
    .map(([le, value]) => `lag_bucket{le="${le}"} ${value}\n`)
    .join('') + (count === undefined ? 'up 1\n' : `lag_count ${count}\n`)

test('decreasing buckets are rejected', async () => {
  const window = await windowOver(histogram({ 1: 0, 2: 0, '+Inf': 0 }), histogram({ 1: 60, 2: 40, '+Inf': 100 }))
  expect(messageOf(() => window.quantile('lag', 0.5))).toMatchInlineSnapshot(`
    "InvalidRunError: the buckets of lag are not cumulative: 60 up to le="1", and 40 up to le="2"
    Fix: make each bucket count all observations up to its bound"
  `)
})

test('a count that differs from the bucket +Inf is rejected', async () => {
  const window = await windowOver(histogram({ 1: 0, '+Inf': 0 }, 0), histogram({ 1: 60, '+Inf': 100 }, 200))
  expect(messageOf(() => window.quantile('lag', 0.5))).toMatchInlineSnapshot(`
    "InvalidRunError: lag_count grew by 200, and its bucket le="+Inf" by 100
    Fix: make the target count every observation in both"
  `)
})

test('a count may lag behind by observations in progress', async () => {
  const window = await windowOver(histogram({ 1: 0, '+Inf': 0 }, 0), histogram({ 1: 60, '+Inf': 100 }, 103))
  expect(window.quantile('lag', 0.5).isBelow(1)).toBe(true)
})

test('a duplicate bound in a scrape is rejected', async () => {
  const twice = histogram({ '1.0': 60, 1: 60, '+Inf': 100 })
  const window = await windowOver(histogram({ '1.0': 0, 1: 0, '+Inf': 0 }), twice)
  expect(messageOf(() => window.quantile('lag', 0.5))).toMatchInlineSnapshot(`
    "InvalidRunError: lag has two buckets with the same bound in one scrape: le="1" and le="1.0"
    Fix: make the target write each bound once per set of labels"
  `)
})

test('a counter that only falls is rejected', async () => {
  const window = await windowOver('left_total 1000', 'left_total 940', 'left_total 880', 'left_total 820')
  expect(messageOf(() => window.counter('left_total'))).toMatchInlineSnapshot(`
    "InvalidRunError: left_total fell 3 times, from 1000 to 820, and never grew: it is not a counter
    Fix: read it with gauge(), or make the target expose a counter"
  `)
})

test('a counter missing in the last scrape is rejected, unless its process restarted', async () => {
  const gone = await windowOver('seen_total 1\nup 1', 'seen_total 9\nup 1', 'up 1')
  expect(messageOf(() => gone.counter('seen_total'))).toMatchInlineSnapshot(`
    "InvalidRunError: seen_total is missing in the last scrape, so its growth since the previous scrape is unknown
    Fix: make the target keep the series of a counter while its process runs"
  `)
  const start = (value: number) => `process_start_time_seconds ${value}`
  const again = await windowOver(`seen_total 1\n${start(5)}`, `seen_total 9\n${start(5)}`, start(900))
  expect(again.counter('seen_total').delta).toBe(8)
})

test('a missing counter is accepted if the other counters restarted', async () => {
  const lines = (requests: number, seen?: number) =>
    `requests_total ${requests}\n` + (seen === undefined ? '' : `seen_total ${seen}\n`)
  const again = await windowOver(lines(100, 1), lines(900, 9), lines(7), lines(60))
  expect(again.counter('seen_total').delta).toBe(8)
  const back = await windowOver(lines(100, 1), lines(900, 9), lines(7), lines(60, 2))
  expect(back.counter('seen_total')).toMatchObject({ delta: 10, resets: 1 })
  const one = await windowOver(lines(100, 1), lines(900, 9), lines(950))
  expect(messageOf(() => one.counter('seen_total'))).toContain('seen_total is missing in the last scrape')
  const some = (requests: number, others: string) => `jobs_total ${requests}\n${others}`
  const mixed = await windowOver(some(5, lines(100, 1)), some(6, lines(900, 9)), some(6, lines(7)))
  expect(
    messageOf(() => mixed.counter('seen_total')),
    'another counter continued',
  ).toContain('is missing in the last scrape')
})

test('a counter with float steps above 1 must grow by many steps', async () => {
  const coarse = await windowOver('big_total 900719925474000000', 'big_total 900719925474000240')
  expect(messageOf(() => coarse.counter('big_total'))).toMatchInlineSnapshot(`
    "InvalidRunError: big_total is 900719925474000300, where a float changes in steps of 128, and grew by 256
    Fix: count in a larger unit, or from 0 when the target starts"
  `)
  const grown = await windowOver('big_total 900719925474000000', 'big_total 900719926474000000')
  expect(grown.counter('big_total').delta).toBeCloseTo(1_000_000_000, -3)
})

test('a pool gauge below 0 is rejected', async () => {
  const window = await windowOver('used -5\nsize 10', 'used -5\nsize 10')
  const { invalidities } = window[metricsOf]().share('pool', 'used', 'size')
  expect(invalidities).toMatchInlineSnapshot(`
    [
      {
        "finding": "used is -5, which is not a valid number of used connections",
        "fix": "correct the value that the target exposes, or name the gauge of used connections",
        "reason": "metric-unreliable",
      },
    ]
  `)
})

test('a counter that restarts once or repeatedly is accepted', async () => {
  const once = await windowOver('jobs_total 1000', 'jobs_total 0', 'jobs_total 0')
  expect(once.counter('jobs_total', { allowUnchanged: true })).toMatchObject({ delta: 0, resets: 1 })
  const often = await windowOver('jobs_total 10', 'jobs_total 2', 'jobs_total 5', 'jobs_total 1', 'jobs_total 4')
  expect(often.counter('jobs_total')).toMatchObject({ delta: 9, resets: 2 })
})

test('a counter at zero is no evidence of a restart', async () => {
  const lines = (requests: number, seen: string) => `errors_total 0\nrequests_total ${requests}\n${seen}`
  const again = await windowOver(lines(100, 'seen_total 1'), lines(900, 'seen_total 9'), lines(7, ''))
  expect(again.counter('seen_total').delta).toBe(8)
})

test('a counter beyond the safe integers must grow by 1,000 steps', async () => {
  const grown = (steps: number) => windowOver(`big_total ${2 ** 53}`, `big_total ${2 ** 53 + 2 * steps}`)
  expect((await grown(1_000)).counter('big_total').delta).toBe(2_000)
  const grownBy999 = await grown(999)
  expect(messageOf(() => grownBy999.counter('big_total'))).toContain('changes in steps of 2')
})

test('a large count may lag behind by 1%', async () => {
  const counts = (bucket: number, count: number) => histogram({ 1: bucket, '+Inf': bucket }, count)
  const within = await windowOver(counts(0, 0), counts(100_000, 100_900))
  expect(within.quantile('lag', 0.5).isBelow(1)).toBe(true)
  const beyond = await windowOver(counts(0, 0), counts(100_000, 101_100))
  expect(() => beyond.quantile('lag', 0.5)).toThrow('lag_count grew by 101,100')
})

test('buckets missing in the last scrape are rejected', async () => {
  const window = await windowOver(histogram({ 1: 0, '+Inf': 0 }), histogram({ 1: 60, '+Inf': 100 }), 'up 1\n')
  expect(() => window.quantile('lag', 0.5)).toThrow('lag_bucket is missing in the last scrape')
})

test('a counter that does not fall at a restart may have lost growth', async () => {
  const scrape = (start: number, requests: number, errors: number) =>
    `process_start_time_seconds ${start}\nrequests_total ${requests}\nerrors_total ${errors}\n`
  const window = await windowOver(scrape(1000.5, 0, 3), scrape(1000.5, 500, 3), scrape(1060.5, 20, 5))
  expect(window.counter('requests_total')).toMatchObject({ delta: 520, resets: 1 })
  expect(messageOf(() => window.counter('errors_total'))).toMatchInlineSnapshot(`
    "InvalidRunError: the process of errors_total restarted, and the counter did not fall: it was 3 before and 5 after, so its growth is unknown
    Fix: keep the target running during the scope, or scrape more often: metrics: { interval: '250ms' }"
  `)
})

test('several states of a state set do not add up', async () => {
  const text = '# TYPE breaker stateset\nbreaker{breaker="open"} 1\nbreaker{breaker="closed"} 0\n'
  const window = await windowOver(text, text)
  expect(messageOf(() => window.gauge('breaker'))).toMatchInlineSnapshot(`
    "InvalidRunError: breaker adds up the states of a state set, one of which is always 1
    Fix: name one of them: breaker{breaker="open"}"
  `)
  expect(window.gauge('breaker{breaker="closed"}').max).toBe(0)
})

test('a counter that does not fall when its process creates it again may have lost growth', async () => {
  const scrape = (createdSec: number, requests: number, labels = '') =>
    `# TYPE requests counter\nrequests_total${labels} ${requests}\nrequests_created${labels} ${createdSec}\n`
  const window = await windowOver(scrape(1000.5, 900), scrape(1000.5, 1_000), scrape(1060.5, 1_200))
  expect(messageOf(() => window.counter('requests_total'))).toMatchInlineSnapshot(`
    "InvalidRunError: requests_total was created again, as requests_created shows, and did not fall: it was 1000 before and 1200 after, so its growth is unknown
    Fix: keep the target running during the scope, or scrape more often: metrics: { interval: '250ms' }"
  `)
  const fell = await windowOver(scrape(1000.5, 1_000), scrape(1060.5, 20))
  expect(fell.counter('requests_total')).toMatchObject({ delta: 20, resets: 1 })
  const other = await windowOver(
    scrape(1000.5, 900, '{route="/a"}') + scrape(1000.5, 5, '{route="/b"}'),
    scrape(1000.5, 950, '{route="/a"}') + scrape(1060.5, 9, '{route="/b"}'),
  )
  expect(other.counter('requests_total{route="/a"}').delta).toBe(50)
  expect(() => other.counter('requests_total')).toThrow('metrics: { interval')
})

test('buckets that do not fall when their process creates the histogram again may have lost growth', async () => {
  const scrape = (createdSec: number, count: number) =>
    `# TYPE lag histogram\n${histogram({ 1: count, '+Inf': count }, count)}lag_created ${createdSec}\n`
  const window = await windowOver(scrape(1000.5, 100), scrape(1060.5, 400))
  expect(() => window.quantile('lag', 0.5)).toThrow('lag_bucket was created again')
  const kept = await windowOver(scrape(1000.5, 100), scrape(1000.5, 400))
  expect(kept.quantile('lag', 0.5).isBelow(1)).toBe(true)
})
