import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HttpRunResult } from '../../results/result.ts'
import { Browser, chromiumPath } from '../../testing/chromium.ts'
import {
  COMPARED,
  METRICS,
  PASSED,
  sampleFanOutRun,
  sampleHttpRun,
  sampleMergedRun,
} from '../../testing/sample-records.ts'
import { sampleResults, scenario } from '../../testing/sample-results.ts'
import { EarlierRuns } from '../earlier.ts'
import type { Results } from '../results.ts'
import { htmlReport } from './page.ts'

if (chromiumPath === undefined)
  console.warn(
    'The HTML report is not tested in a browser: Chromium is not installed.\nFix: apt-get install chromium (Debian), or set CHROMIUM_PATH',
  )

/** Ids of two of the sample scenarios. */
const [S1, S4] = ['scenario-s1-session-and-config', 'scenario-s4-votes-at-a-spike']

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slo-html-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function fileOf(results: Results): Promise<string> {
  const file = join(folder, `${crypto.randomUUID()}.html`)
  await writeFile(file, await htmlReport(results))
  return file
}

/** Exact values of a run's figures, by name. */
function exactFigures(page: Page, run: string): Promise<Record<string, number>> {
  return page.locator(`#${run} .figures > div`).evaluateAll((items) => {
    const entries = items.map((item) => {
      return [item.querySelector('dt')!.textContent!.trim(), Number(item.querySelector('dd')!.dataset['value'])]
    })
    return Object.fromEntries(entries)
  })
}

test('shows custom metrics and soft checks', async () => {
  const runs = [{ ...sampleHttpRun(), ...METRICS }]
  const page = await htmlReport(sampleResults({ scenarios: [scenario('S1', 'passed', runs, [])] }))
  expect(page).toContain('Custom metrics and soft checks')
  expect(page).toContain('cart is complete')
  expect(page).toContain('passed 99% (1,188 of 1,200), most often 12 × status 503')
})

test('shows custom metrics of a fan-out', async () => {
  const runs = [{ ...sampleFanOutRun(), metrics: METRICS.metrics }]
  const page = await htmlReport(sampleResults({ scenarios: [scenario('S3', 'passed', runs, [])] }))
  expect(page).toContain('Custom metrics and soft checks')
  expect(page).toContain('last 3 jobs, min -1 jobs, max 1,250 jobs')
})

test('shows the times of iterations and groups', async () => {
  const run = sampleHttpRun()
  const part = { offered: 10, completed: 8, dropped: 1, unfinished: 1, errors: {}, time: run.latency! }
  const withParts = { ...run, iterations: part, groups: [{ name: 'checkout', ...part }] }
  const page = await htmlReport(sampleResults({ scenarios: [scenario('S3', 'passed', [withParts], [])] }))
  const table = page.slice(page.indexOf('Iterations and groups'))
  expect(table).toMatch(/whole iterations[^]*checkout/)
  expect(await htmlReport(sampleResults({ scenarios: [scenario('S3', 'passed', [run], [])] }))).not.toContain(
    'Iterations and groups',
  )
})

describe.skipIf(chromiumPath === undefined)('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await Browser.open()
  })
  afterAll(() => browser[Symbol.asyncDispose]())

  test('opens from disk without errors or requests, in light, in dark and at phone width', async () => {
    const file = await fileOf(sampleResults())
    for (const look of [{}, { colorScheme: 'dark' as const }, { width: 390 }]) {
      const page = await browser.show(file, look)
      await page.evaluate(`dispatchEvent(new Event('beforeprint'))`)
      expect(await page.locator('.plot canvas').count()).toBe(await page.locator('figure.chart').count())
      expect(await page.evaluate('document.documentElement.dataset.theme')).toBe(look.colorScheme ?? 'light')
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
      expect(browser.complaints).toEqual([])
    }
  })

  test('shows a row for each generator of a run', async () => {
    const file = await fileOf(sampleResults({ scenarios: [scenario('S3', 'passed', [sampleMergedRun()], [])] }))
    const page = await browser.show(file, { width: 390 })
    const table = page.locator('table', { hasText: 'Generators' }).first()
    const rows = await table
      .locator('tbody tr')
      .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent!.trim()).join(' | ')))
    expect(rows).toMatchInlineSnapshot(`
      [
        "1 | node-a | 1,500 | 1,500 | 31.6 ms | 50.7 ms | 150 ms | 0.4 ms | 31%",
        "2 | node-b | 1,500 | 1,500 | 31.6 ms | 50.7 ms | 150 ms | 0.8 ms | 48%",
        "3 | lost at 21.0 s (node-c) | – | – | – | – | – | – | –",
        "4 | node-d.example.internal | 1,500 | 1,500 | 31.6 ms | 50.7 ms | 150 ms | 1.6 ms | 33%",
      ]
    `)
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
  })

  test('shows the numbers of the results', async () => {
    const results = sampleResults()
    const page = await browser.show(await fileOf(results))
    const run = results.scenarios[0]!.runs[0] as HttpRunResult
    expect(await exactFigures(page, `${S1}--run-1`)).toEqual({
      Offered: run.offered,
      Sent: run.sent,
      Dropped: run.dropped,
      p50: run.latency!.p50Ms,
      p95: run.latency!.p95Ms,
      p99: run.latency!.p99Ms,
      Max: run.latency!.maxMs,
      'Service p95': run.serviceTime!.p95Ms,
      Errors: run.errors['status']! / run.offered,
    })
    const verdicts = await page.locator('.scenario').evaluateAll((all) => all.map((one) => one.dataset['verdict']))
    expect(verdicts).toEqual(['failed', 'invalid', 'passed', 'passed', 'skipped'])
    expect(await page.locator(`#${S4} pre`).first().textContent()).toContain('Received: error rate = 0.33%')
    expect(await page.locator('#scenario-s7-later').textContent()).toContain('needs a container engine')
  })

  test('has a table for each chart, with every value drawn', async () => {
    const page = await browser.show(await fileOf(sampleResults()), { hash: `#${S1}` })
    const chart = page.locator(`#${S1} figure`, { hasText: 'Latency over time' })
    await chart.locator('summary').click()
    const rows = await chart
      .locator('.data tbody tr')
      .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)))
    const { timeline } = sampleHttpRun()
    expect(rows).toHaveLength(timeline.length)
    expect(rows[7]).toEqual([
      '0:07',
      `${Number(timeline[7]!.p50Ms).toFixed(1)} ms`,
      expect.stringMatching(/ ms$/),
      expect.stringMatching(/ ms$/),
    ])
  })

  test('can be used by keyboard: announces values, zooms all charts of the run, and resets the zoom', async () => {
    const page = await browser.show(await fileOf(sampleResults()), { hash: `#${S1}` })
    const plots = page.locator(`#${S1} .plot`)
    await plots.first().focus()
    for (let i = 0; i < 8; i++) await page.keyboard.press('ArrowRight')
    await expect
      .poll(() => page.locator('#readout').textContent())
      .toMatch(/^0:08: p50 [\d.]+ ms, p95 [\d.]+ ms, p99 [\d.]+ ms$/)

    const ticks = () => plots.nth(1).evaluate((plot) => plot.querySelector('canvas')!.toDataURL())
    const before = await ticks()
    await page.keyboard.press('+')
    expect(await ticks()).not.toBe(before)
    await page.keyboard.press('0')
    await plots.first().evaluate((plot) => plot.blur())
    expect(await ticks()).toBe(before)
  })

  test('hides a phase only in the charts of its run', async () => {
    const page = await browser.show(await fileOf(sampleResults()))
    await page.evaluate(`dispatchEvent(new Event('beforeprint'))`)
    const picture = (run: string) =>
      page
        .locator(`#${run} figure`)
        .first()
        .evaluate((figure) => figure.querySelector('canvas')!.toDataURL())
    const [mine, other] = [await picture(`${S4}--run-2`), await picture(`${S1}--run-1`)]
    await page.locator(`#${S4}--run-2 .phases`).getByLabel('warmup').uncheck()
    expect(await picture(`${S4}--run-2`)).not.toBe(mine)
    expect(await picture(`${S1}--run-1`)).toBe(other)
    expect(browser.complaints).toEqual([])
  })

  test('a far limit leaves the scale to the data, and widely varying times get a logarithmic axis', async () => {
    const run = sampleHttpRun()
    const stalls = { ...run, timeline: run.timeline.map((point) => ({ ...point, p50Ms: 2, p99Ms: 5000 })) }
    const axisOf = async (shown: HttpRunResult, limit: number) => {
      const asserted = { ...PASSED, limit, value: 50, unit: 'ms', percentile: 0.95 } as const
      const file = await fileOf(sampleResults({ scenarios: [scenario('S1', 'passed', [shown], [asserted])] }))
      const plot = (await browser.show(file)).locator('.plot[data-top]').first()
      return plot.evaluate(({ dataset }) => ({ axis: dataset['axis'], top: Number(dataset['top']) }))
    }
    const largest = Math.max(...run.timeline.map(({ p99Ms }) => Number(p99Ms)))
    expect(await axisOf(run, 30_000)).toEqual({ axis: 'linear', top: expect.closeTo(largest * 1.08, 0) })
    expect(await axisOf(run, 200)).toEqual({ axis: 'linear', top: expect.closeTo(216) })
    expect(await axisOf(stalls, 200)).toEqual({ axis: 'logarithmic', top: expect.closeTo(6500) })
  })

  test('switches the theme, and prints in light', async () => {
    const page = await browser.show(await fileOf(sampleResults()), { colorScheme: 'dark' })
    const theme = () => page.evaluate('document.documentElement.dataset.theme')
    await page.emulateMedia({ media: 'print' })
    await expect.poll(theme, { timeout: 10_000 }).toBe('light')
    await page.emulateMedia({ media: 'screen' })
    await expect.poll(theme, { timeout: 10_000 }).toBe('dark')
    await page.locator('#theme').click()
    expect(await theme()).toBe('light')
  })
})

test('a report of six ten-minute scenarios stays under 3 MB', async () => {
  const runs = Array.from({ length: 6 }, (_, at) => scenario(`S${at + 1}`, 'passed', [sampleHttpRun(600)], []))
  const { size } = await stat(await fileOf(sampleResults({ scenarios: runs })))
  expect(size).toBeLessThan(3 * 2 ** 20)
})

test('shows two builds figure by figure', async () => {
  const compared = { ...scenario('S8 two builds', 'passed', [], []), comparisons: [COMPARED] }
  const text = await htmlReport(sampleResults({ scenarios: [compared] }))
  expect(text).toContain('head against base, 8 pairs of slices of 1s')
  expect(text).toMatch(/p50<\/th>[^]*?data-value="2"[^]*?2 ms[^]*?data-value="2.3"[^]*?\+15%[^]*?12/)
})

test.each([
  ['a fan-out', sampleFanOutRun()],
  ['a conversation', { ...sampleHttpRun(3), kind: 'conversation' as const }],
])('shows application heartbeats of %s in a table', async (_, run) => {
  const textOf = async (more: object) =>
    htmlReport(sampleResults({ scenarios: [scenario('S', 'passed', [{ ...run, ...more }], [])] }))
  expect(await textOf({})).not.toContain('application heartbeats')
  expect(await textOf({ heartbeats: { sent: 75 } })).not.toContain('without a response')
  expect(await textOf({ heartbeats: { sent: 75, withoutResponse: 60 } })).toMatch(
    /application heartbeats<\/th>[^]*?75[^]*?application heartbeats without a response<\/th>[^]*?60/,
  )
})

test('shows how much p95 changed since the previous run, with its interval', async () => {
  const results = (value: number) => {
    const figure = { ...PASSED, limit: 150, value, unit: 'ms', percentile: 0.95 } as const
    const interval = { low: value * 0.95, high: value * 1.05, confidence: 0.95 }
    return sampleResults({ scenarios: [scenario('S1', 'passed', [sampleHttpRun()], [{ ...figure, interval }])] })
  }
  const earlier = new EarlierRuns()
  earlier.learn(results(99))
  expect(await htmlReport(results(100), earlier)).toContain(
    'previous run: p95 99 ms, now within noise (−5.9% to +8.4%)',
  )
  expect(await htmlReport(results(100))).not.toContain('previous run')
})

test('escapes names and labels of the results', async () => {
  const evil = '</script><script>alert(1)</script><img src=x onerror=alert(2)>'
  const run = { ...sampleHttpRun(3), name: evil, load: evil, marks: [{ label: evil, startMs: 0 }] }
  const text = await htmlReport(sampleResults({ scenarios: [scenario(evil, 'failed', [run], [])] }))
  expect(text).not.toContain('<script>alert')
  expect(text).not.toContain('<img')
})
