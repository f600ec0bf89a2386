import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser, chromiumPath } from '../../testing/chromium.ts'
import { FAILED, INVALID, PASSED, sampleHttpRun } from '../../testing/sample-records.ts'
import { sampleResults, scenario } from '../../testing/sample-results.ts'
import { anchorsOf } from './anchors.ts'
import { htmlReport } from './page.ts'

test('ids of scenarios follow from their names, also if others are added', () => {
  const named = (...names: string[]) => anchorsOf(names.map((name) => ({ name })))
  expect(named('checkout > S1 pays once', 'Zażółć gęślą', '支払い', '!?', '?!')).toEqual([
    'scenario-checkout-s1-pays-once',
    'scenario-zazołc-gesla',
    'scenario-支払い',
    'scenario-unnamed',
    'scenario-unnamed-2',
  ])
  expect(named('a', 'a 2', 'A', 'a')).toEqual(['scenario-a', 'scenario-a-2', 'scenario-a-3', 'scenario-a-4'])
})

/** 19 scenarios: two failed, one is invalid. */
const NINETEEN = Array.from({ length: 19 }, (_, at) => {
  const run = [sampleHttpRun(60)]
  if (at === 7 || at === 15) return scenario(`S${at} pays`, 'failed', run, [PASSED, FAILED])
  if (at === 11) return scenario(`S${at} votes`, 'invalid', run, [INVALID])
  return scenario(`S${at} browses`, 'passed', run, [PASSED])
})

describe.skipIf(chromiumPath === undefined)('in a browser', () => {
  let browser: Browser
  let folder: string
  let file: string
  beforeAll(async () => {
    browser = await Browser.open()
    folder = await mkdtemp(join(tmpdir(), 'slo-html-'))
    file = join(folder, 'index.html')
    await writeFile(file, await htmlReport(sampleResults({ scenarios: NINETEEN })))
  })
  afterAll(async () => {
    await browser[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  const shown = (page: Page) => page.locator('.scenario:visible h2').allTextContents()
  const focused = (page: Page) =>
    page.evaluate<string>('document.activeElement.textContent.replace(/\\s+/g, " ").trim()')
  const openOnes = (page: Page) => page.locator('.scenario[open] h2').allTextContents()

  test('19 scenarios fit in two screens when folded, those that did not pass first', async () => {
    for (const width of [1400, 400]) {
      const page = await browser.show(file, { width })
      expect(await openOnes(page)).toEqual([])
      expect((await shown(page)).slice(0, 4)).toEqual(['S7 pays', 'S15 pays', 'S11 votes', 'S0 browses'])
      const end = await page.locator('.scenario').last().boundingBox()
      expect(end!.y + end!.height).toBeLessThan(2 * 900)
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    }
  })

  test('a folded scenario shows verdict, objective, figure and course', async () => {
    const page = await browser.show(file, { width: 1400 })
    const [failed, invalid, , passed] = await page
      .locator('.scenario > summary')
      .evaluateAll((all) => all.map((one) => one.innerText.split(/\s*\n\s*/)))
    expect(failed).toEqual(['× Failed', 'S7 pays', 'error rate < 0.1%', 'error rate = 0.33%', '31.2s'])
    expect(invalid).toEqual(['× Failed', 'S15 pays', 'error rate < 0.1%', 'error rate = 0.33%', '31.2s'])
    expect(passed).toEqual(['✓ Passed', 'S0 browses', 'p95 < 150 ms', 'p95 = 98.1 ms', '31.2s'])
    expect(await page.locator('.scenario > summary svg path:not(.area)').count()).toBe(19)
  })

  test('filters by verdict and by text, in the list and in the contents', async () => {
    const page = await browser.show(file, { width: 1400 })
    await page.getByRole('button', { name: '16 passed' }).click()
    expect(await shown(page)).toEqual(['S7 pays', 'S15 pays', 'S11 votes'])
    await page.locator('#filter').fill('PAY errorrate')
    expect(await shown(page)).toEqual(['S7 pays', 'S15 pays'])
    expect(await page.locator('.contents li:visible').allTextContents()).toHaveLength(2)
    expect(await page.getByRole('status').textContent()).toBe('2 of 19 scenarios')
    await page.locator('#filter').fill('nothing')
    expect(await page.getByRole('status').textContent()).toBe('No scenario matches')
    await page.locator('#filter').press('Escape')
    await page.getByRole('button', { name: '16 passed' }).click()
    expect(await shown(page)).toHaveLength(19)
  })

  test('a link unfolds its scenario, also a filtered one and that of a run', async () => {
    const page = await browser.show(file, { width: 1400, hash: '#scenario-s12-browses' })
    expect(await openOnes(page)).toEqual(['S12 browses'])
    await expect.poll(() => focused(page), { timeout: 10_000 }).toContain('S12 browses')
    await page.locator('.contents').getByRole('link', { name: 'S7 pays' }).click()
    expect(await openOnes(page)).toEqual(['S7 pays', 'S12 browses'])
    await page.locator('#filter').fill('votes')
    await page.evaluate(`location.hash = '#scenario-s3-browses--run-1'`)
    await expect.poll(() => openOnes(page), { timeout: 10_000 }).toContain('S3 browses')
    expect(browser.complaints).toEqual([])
  })

  test('can be used by keyboard alone', async () => {
    const page = await browser.show(file, { width: 1400 })
    await page.keyboard.press('/')
    await page.keyboard.type('browses')
    await page.keyboard.press('ArrowDown')
    expect(await focused(page)).toContain('S0 browses')
    await page.keyboard.press('ArrowDown')
    expect(await focused(page)).toContain('S1 browses')
    await page.keyboard.press('Enter')
    expect(await openOnes(page)).toEqual(['S1 browses'])
    await page.keyboard.press('End')
    expect(await focused(page)).toContain('S18 browses')
    await page.keyboard.press('Home')
    await page.keyboard.press('ArrowUp')
    expect(await focused(page)).toContain('S0 browses')
    await page.getByRole('button', { name: 'Unfold all' }).focus()
    await page.keyboard.press('Enter')
    expect(await openOnes(page)).toHaveLength(16)
    await expect.poll(() => page.locator('#unfold').textContent(), { timeout: 10_000 }).toBe('Fold all')
    await page.keyboard.press('Enter')
    expect(await openOnes(page)).toEqual([])
  })

  test('prints every scenario unfolded, and folds them again', async () => {
    const page = await browser.show(file, { width: 1400, hash: '#scenario-s12-browses' })
    await page.evaluate(`dispatchEvent(new Event('beforeprint'))`)
    expect(await openOnes(page)).toHaveLength(19)
    await page.evaluate(`dispatchEvent(new Event('afterprint'))`)
    expect(await openOnes(page)).toEqual(['S12 browses'])
  })
})
