import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import fc from 'fast-check'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { judgedP95, sampleHttpRun } from '../testing/sample-records.ts'
import { sampleResults, scenario } from '../testing/sample-results.ts'
import { report } from './report.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slo-cli-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
})

async function run(...args: string[]) {
  const streams = { stdout: collector(), stderr: collector() }
  const exitCode = await report(args, streams)
  return { exitCode, stdout: streams.stdout.text(), stderr: streams.stderr.text() }
}

function collector() {
  const chunks: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk))
      done()
    },
  })
  return Object.assign(stream, { text: () => chunks.join('') })
}

async function resultsFile(content: object = sampleResults()): Promise<string> {
  const file = join(folder, 'results.json')
  await writeFile(file, JSON.stringify(content))
  return file
}

describe('vitest-slo report', () => {
  test('renders the reports next to the results, which are not changed', async () => {
    const file = await resultsFile()
    const before = await readFile(file, 'utf8')
    const { exitCode, stdout, stderr } = await run(file)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toContain('FAIL     S4 votes at a spike')
    expect(stdout).toContain(`Report  ${join(folder, 'index.html')}`)
    expect(await readdir(folder)).toEqual(['comment.md', 'index.html', 'results.json', 'summary.md'])
    expect(await readFile(file, 'utf8')).toBe(before)
  })

  test('rejects totals that differ from the scenarios', async () => {
    const results = sampleResults()
    const { exitCode, stderr } = await run(await resultsFile({ ...results, totals: { ...results.totals, failed: 0 } }))
    expect(exitCode).toBe(1)
    expect(stderr).toContain('is damaged: totals.failed must be 1, the number in scenarios, received 0')
  })

  test('reads a file with a byte order mark', async () => {
    const file = join(folder, 'results.json')
    await writeFile(file, `\uFEFF${JSON.stringify(sampleResults())}`)
    expect((await run(file)).exitCode).toBe(0)
  })

  test('renders to another folder, compared with another file', async () => {
    const scenarios = [scenario('S1', 'passed', [sampleHttpRun()], [judgedP95(50)])]
    const file = await resultsFile(sampleResults({ scenarios }))
    const { exitCode, stdout } = await run(file, '--output-dir', join(folder, 'out'), '--previous-results', file)
    expect(exitCode).toBe(0)
    expect(stdout).toContain('previous run: p95 50 ms, now within noise (−6.8% to +7.3%)')
    expect(await readdir(join(folder, 'out'))).toEqual(['comment.md', 'index.html', 'summary.md'])
  })

  test.each([
    [
      'of another version',
      { ...sampleResults(), schemaVersion: 99, vitestSlo: '7.0.0' },
      /was written by vitest-slo 7\.0\.0 in format 99; this version reads format 2/,
    ],
    ['with other content', { name: 'a package' }, /is not a results file/],
  ])('rejects a file %s', async (_name, content, message) => {
    const { exitCode, stderr } = await run(await resultsFile(content))
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(message)
    expect(stderr.trim()).toMatch(/^.*\nFix: .*$/)
  })

  test('shows no control characters, workflow commands or secrets of a file', async () => {
    const hostile = '\u001b[2J\u001b[8m\u001b]52;c;ZQ==\u0007\u202e\u200b token=hunter22secret\n::error::x\nPASS     x'
    const results = sampleResults()
    const [first, ...rest] = results.scenarios
    const [run1, ...runs] = first!.runs
    const scenario = { ...first!, name: `a${hostile}`, runs: [{ ...run1!, name: `b${hostile}` }, ...runs] }
    const content = { ...results, scale: `c${hostile}`, vitestSlo: `d${hostile}`, scenarios: [scenario, ...rest] }
    const { exitCode, stdout, stderr } = await run(await resultsFile(content))
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const names = ['index.html', 'summary.md', 'comment.md']
    const files = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
    for (const text of [stdout, ...files]) {
      const bare = text.match(/(?![\n\t])\p{Cc}|[\u200b\u202e]|hunter22|^\s*::error/mu)?.[0]
      expect(bare).toBeUndefined()
      expect(text.includes('***')).toBe(true)
    }
    expect(stdout).not.toMatch(/^PASS {5}x/m)
    const other = await run(await resultsFile({ ...results, schemaVersion: hostile, vitestSlo: hostile }))
    expect(other.exitCode).toBe(1)
    expect(other.stderr).not.toMatch(/(?!\n)\p{Cc}|[\u200b\u202e]|hunter22/u)
  })

  test.each([
    [
      'verdict',
      (scenario: object) => ({ ...scenario, verdict: 'wat' }),
      /scenarios\[0\]\.verdict must be one of 'failed', /,
    ],
    [
      'outcome',
      (scenario: { assertions: readonly object[] }) => ({
        ...scenario,
        assertions: scenario.assertions.map((assertion) => ({ ...assertion, outcome: 'wat' })),
      }),
      /assertions\[0\]\.outcome must be one of .* received "wat"/,
    ],
    [
      'timeline',
      (scenario: { runs: readonly object[] }) => ({
        ...scenario,
        runs: scenario.runs.map((each) => ({ ...each, timeline: 5 })),
      }),
      /is damaged: /,
    ],
  ])('rejects a file with an invalid %s in one line, and writes nothing', async (_name, broken, message) => {
    const results = sampleResults()
    const scenarios = results.scenarios.map((scenario) => broken(structuredClone(scenario) as never))
    const { exitCode, stdout, stderr } = await run(await resultsFile({ ...results, scenarios }))
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/undefined|not a function|Cannot/)
    expect(stderr.trim()).toMatch(/^.*\nFix: .*$/)
    expect(await readdir(folder)).toEqual(['results.json'])
  })

  test('rejects a file that is truncated or missing', async () => {
    const file = join(folder, 'results.json')
    await writeFile(file, JSON.stringify(sampleResults()).slice(0, -20))
    expect(await run(file)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('results.json ends in the middle: '),
    })
    expect(await run(join(folder, 'none.json'))).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /^vitest-slo report: .+ does not exist\nFix: run the scenarios first, or pass the results\.json of an earlier run\n$/,
      ),
    })
  })

  test('reports that a file cannot be written', async () => {
    const file = await resultsFile()
    const { exitCode, stdout, stderr } = await run(file, '--output-dir', join(file, 'below-a-file'))
    expect(exitCode).toBe(1)
    expect(stdout).toContain('FAIL     S4 votes at a spike')
    expect(stderr).toMatch(/could not be written: E/)
  })

  test('shows its help, and rejects invalid arguments', async () => {
    expect(await run('--help')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('Usage: vitest-slo report'),
    })
    expect(await run('--nope')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("Unknown option '--nope'"),
    })
    expect(await run('a', 'b')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('expected one results file, received 2'),
    })
  })
})

/** Paths of all values inside a value. */
function placesIn(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, item]) => placesIn(item, [...path, key]))]
}

function replaced(value: unknown, [key, ...rest]: readonly string[], item: unknown): unknown {
  if (key === undefined) return item
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) }
  Object.assign(copy, { [key]: replaced((value as Record<string, unknown>)[key], rest, item) })
  return copy
}

test('renders a file with any value replaced, or rejects it in one line, and never outputs markup from it', async () => {
  const markup = '<img src=x onerror=alert(1)>'
  const hostile: readonly unknown[] = [
    null,
    [],
    {},
    [null],
    -1,
    '',
    markup,
    { text: markup },
    [markup],
    { toString: 1 },
    true,
  ]
  const places = placesIn(sampleResults())
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...places), fc.constantFrom(...hostile), async (place, item) => {
      const file = join(folder, 'hostile.json')
      await writeFile(file, JSON.stringify(replaced(sampleResults(), place, item)))
      await rm(join(folder, 'index.html'), { force: true })
      const { exitCode, stderr } = await run(file)
      expect([0, 1]).toContain(exitCode)
      expect(stderr.split('\n').filter((line) => line !== '')).toHaveLength(2 * exitCode)
      const page = await readFile(join(folder, 'index.html'), 'utf8').catch(() => '')
      expect(page).not.toContain(markup)
      for (const name of ['summary.md', 'comment.md'])
        expect(
          (await readFile(join(folder, name), 'utf8').catch(() => '')).replace(/`[^`]*`|```[^]*?```/g, ''),
        ).not.toContain(markup)
    }),
    { numRuns: 150 },
  )
})
