/**
 * Takes the pictures of the README and of the documentation from a real run: the live display as SVG, the report as WebP,
 * which takes half of the space of PNG.
 * Prints the output of the run, which the README quotes. Needs `script` (util-linux) and Chromium.
 *
 *     npm run docs:pictures
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Browser, chromiumPath } from '../../src/testing/chromium.ts'
import { terminalSvg } from './terminal-svg.ts'

const PROJECT = import.meta.dirname
const REPORT = join(PROJECT, 'perf-report')
const IMAGES = join(PROJECT, '../../docs/images')
const COMMAND = 'npx vitest run --config vitest.perf.config.ts'
const SIZE = { columns: 100, rows: 40 } as const
/** Size relative to the page: the package contains the pictures. */
const SCALE = 0.8
const MAX_BYTES = 60_000
/** Height of the report down to the first charts of the failed scenario, in pixels. */
const HEIGHT = 1_255
/** Sequence with which Vitest begins to draw its window again. */
const REDRAW = '\u001B[?2026h'

if (chromiumPath === undefined) {
  console.error('no Chromium found\nFix: install it, or set CHROMIUM_PATH')
  process.exit(1)
}

rmSync(REPORT, { recursive: true, force: true })
const output = await runInTerminal()
console.log(output.slice(output.lastIndexOf('Failed Tests')))
keep('live.svg', terminalSvg([`\u001B[90m$\u001B[39m ${COMMAND}`, '', ...liveFrame(output)], 'A run in the terminal'))
await using browser = await Browser.open()
for (const colorScheme of ['light', 'dark'] as const) {
  const page = await browser.show(join(REPORT, 'index.html'), { width: 1000, colorScheme })
  await page.setViewportSize({ width: 1000, height: HEIGHT })
  await page.locator('details.scenario summary').first().click()
  await page.locator('.uplot').nth(1).waitFor()
  const session = await page.context().newCDPSession(page)
  const clip = { x: 0, y: 0, width: 1000, height: HEIGHT, scale: SCALE }
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 65, clip })
  keep(`report-${colorScheme}.webp`, Buffer.from(data, 'base64'))
}

/** Output of the run in a terminal of its own. Its exit code is 1, because one scenario fails. */
async function runInTerminal(): Promise<string> {
  const vitest = `stty cols ${SIZE.columns} rows ${SIZE.rows}; npx vitest run --config vitest.config.ts`
  const environment = Object.entries(process.env).filter(([name]) => !/^(VITEST|PERF_|CI$|NO_COLOR)/.test(name))
  const child = spawn('script', ['--quiet', '--command', vitest, '/dev/null'], {
    cwd: PROJECT,
    env: { ...Object.fromEntries(environment), FORCE_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await once(child, 'close')
  return text.replaceAll('\r', '')
}

/** The last picture of the window in which the second scenario is running with all figures. */
function liveFrame(text: string): readonly string[] {
  const frames = text.split(REDRAW).filter((frame) => /checkout.*\n.*steady/.test(frame) && frame.includes('last 3s'))
  const frame = frames.at(Math.floor(frames.length * 0.7))
  if (frame === undefined) throw new Error(`the run shows no live figures:\n${text}`)
  // oxlint-disable-next-line no-control-regex -- sequences that erase the previous picture, and private modes
  const lines = frame.replaceAll(/\u001B\[(?:K|\d*A|\?\d+[hl])/g, '').split('\n')
  return lines
    .slice(lines.findIndex((line) => line !== ''))
    .join('\n')
    .trimEnd()
    .split('\n')
}

function keep(name: string, content: string | Uint8Array): void {
  writeFileSync(join(IMAGES, name), content)
  const { length } = readFileSync(join(IMAGES, name))
  console.log(`docs/images/${name}: ${length} bytes`)
  if (length <= MAX_BYTES) return
  console.error(`docs/images/${name} is larger than ${MAX_BYTES} bytes\nFix: show less of the report`)
  process.exitCode = 1
}
