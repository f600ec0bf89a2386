import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser, chromiumPath } from '../../testing/chromium.ts'
import { sampleMergedRun } from '../../testing/sample-records.ts'
import { sampleResults, scenario } from '../../testing/sample-results.ts'
import { htmlReport } from './page.ts'

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string }[]
}

describe.skipIf(chromiumPath === undefined)('in a browser', () => {
  let browser: Browser
  let folder: string
  let file: string
  let axe: string
  beforeAll(async () => {
    axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
    browser = await Browser.open()
    folder = await mkdtemp(join(tmpdir(), 'slo-html-'))
    file = join(folder, 'index.html')
    const { scenarios } = sampleResults()
    const merged = scenario('S9 generators', 'passed', [sampleMergedRun()], [])
    await writeFile(file, await htmlReport(sampleResults({ scenarios: [...scenarios, merged] })))
  })
  afterAll(async () => {
    await browser[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  async function violations(page: Page): Promise<readonly string[]> {
    await page.evaluate(axe)
    const found = await page.evaluate<readonly Violation[]>('axe.run().then(({ violations }) => violations)')
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join('; ')}`)
  }

  test.each([
    [1400, 'light'],
    [1400, 'dark'],
    [400, 'light'],
    [400, 'dark'],
  ] as const)('axe-core finds no violation at %i px in %s', async (width, colorScheme) => {
    const page = await browser.show(file, { width, colorScheme })
    expect(await violations(page)).toEqual([])
    await page.locator('#unfold').click()
    await expect.poll(() => page.locator('.plot canvas').count(), { timeout: 10_000 }).toBeGreaterThan(0)
    expect(await violations(page)).toEqual([])
  })

  test('axe-core finds a field without a name', async () => {
    const page = await browser.show(file)
    await page
      .locator('#filter')
      .evaluate((field) => ['aria-label', 'placeholder'].forEach((name) => field.removeAttribute(name)))
    expect(await violations(page)).toEqual([expect.stringMatching(/^label: /)])
  })

  test('saves a chart with its title and legend as a PNG file', async () => {
    const page = await browser.show(file, { hash: '#scenario-s1-session-and-config' })
    const figure = page.locator('#scenario-s1-session-and-config figure').first()
    await figure.locator('canvas').waitFor()
    const saved = page.waitForEvent('download')
    await figure.getByRole('button', { name: 'Save as PNG: Latency over time' }).click()
    const download = await saved
    expect(download.suggestedFilename()).toBe('scenario-s1-session-and-config-run-1-latency-over-time.png')
    const picture = await readFile(await download.path())
    expect(picture.subarray(1, 4).toString()).toBe('PNG')
    const { width, height } = (await figure.locator('canvas').boundingBox())!
    expect(picture.readUInt32BE(16)).toBeGreaterThan(width)
    expect(picture.readUInt32BE(20)).toBeGreaterThan(height + 50)
  })
})
