import { readFileSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { configSource, InlineProject, plainText, REPORTER } from '../testing/inline-project.ts'
import {
  FAILED,
  INVALID,
  PASSED,
  judgedP95,
  record,
  sampleFanOutRun,
  sampleHttpRun,
} from '../testing/sample-records.ts'
import { readValidResults } from '../testing/valid-results.ts'
import type { Results } from './results.ts'

/** A test with the record of a scenario, which then runs `body`. */
function scenario(name: string, recorded: object, body = ''): string {
  return `test(${JSON.stringify(name)}, ({ task }) => { task.meta.slo = ${JSON.stringify(recorded)}; ${body} })`
}

const HEAD = `import { test, expect } from 'vitest'
class InvalidRunError extends Error { name = 'InvalidRunError' }
`

async function project(body: string, config = configSource(), files: Record<string, string> = {}) {
  const made = await InlineProject.create({ 'vitest.config.ts': config, 'perf/a.perf.ts': HEAD + body, ...files })
  onTestFinished(() => made[Symbol.asyncDispose]())
  return made
}

async function resultsOf(made: InlineProject, path = 'perf-report/results.json'): Promise<Results> {
  return readValidResults(made.path(path))
}

describe('results.json', () => {
  test.each([
    ['no file', 'perf/*.other.ts'],
    ['no scenario', '**/*.perf.ts'],
  ])('is not written, and no path is printed, if a command found %s', async (_, include) => {
    const config = configSource().replace('**/*.perf.ts', include)
    const made = await project(`test('not a scenario', () => {})`, config)
    const { output } = await made.run()
    expect(plainText(output)).toContain('Report  not written: no scenario was found\n')
    expect(output).not.toContain('index.html')
    expect(await readdir(made.root)).not.toContain('perf-report')
  })

  test('holds every scenario with its verdict, and the command fails', async () => {
    const made = await project(`
      ${scenario('S1 passes', record([sampleHttpRun()], [PASSED]))}
      ${scenario('S2 fails', record([sampleHttpRun()], [PASSED, FAILED]), `throw new Error('too slow')`)}
      ${scenario('S3 is invalid', record([sampleHttpRun()], [INVALID]), `throw new InvalidRunError('too few')`)}
      ${scenario('S4 fails and is invalid', record([], [FAILED, INVALID]), `throw new InvalidRunError('too few')`)}
      ${scenario('S5 throws', record([], []), `throw new TypeError('no such thing')`)}
      ${scenario('S6 fan-out', record([sampleFanOutRun()], [PASSED]))}
      test.skip('not a scenario: it recorded nothing', () => {})
    `)
    const run = await made.run()
    expect(run.exitCode).toBe(1)

    const results = await resultsOf(made)
    expect(results).toMatchObject({ schemaVersion: 2, vitestSlo: '0.1.0', complete: true, services: [], errors: [] })
    expect(results.environment).toMatchObject({ node: process.version, cores: expect.any(Number) })
    expect(results.totals).toEqual({ scenarios: 6, passed: 2, failed: 3, invalid: 1, skipped: 0 })
    expect(results.scenarios.map(({ name, verdict }) => `${name}: ${verdict}`)).toEqual([
      'S1 passes: passed',
      'S2 fails: failed',
      'S3 is invalid: invalid',
      'S4 fails and is invalid: failed',
      'S5 throws: failed',
      'S6 fan-out: passed',
    ])
    expect(results.scenarios[0]).toMatchObject({
      file: 'perf/a.perf.ts',
      runs: [sampleHttpRun()],
      assertions: [PASSED],
    })
    expect(results.scenarios[4]!.errors).toEqual([
      { name: 'TypeError', message: 'no such thing', at: expect.stringMatching(/^perf\/a\.perf\.ts:\d+:\d+$/) },
    ])
    expect(await readdir(made.path('perf-report'))).toEqual(['comment.md', 'index.html', 'results.json', 'summary.md'])
  })

  test("is written to outputDir, and onInvalid: 'warn' keeps invalid scenarios from failing the command", async () => {
    const made = await project(
      scenario('warned', record([], [INVALID])),
      configSource({ outputDir: 'out/slo', onInvalid: 'warn' }),
    )
    const run = await made.run()
    expect(run.exitCode).toBe(0)
    expect((await resultsOf(made, 'out/slo/results.json')).totals).toMatchObject({ invalid: 1, passed: 0 })
    expect(plainText(run.output)).toMatch(/INVALID {2}warned/)
  })

  test.each([
    ['failed', FAILED],
    ['invalid', INVALID],
  ])('a %s assertion whose error the scenario caught fails the command', async (verdict, assertion) => {
    const made = await project(scenario('caught', record([], [PASSED, assertion])))
    const run = await made.run()
    expect(run.exitCode).toBe(1)
    expect((await resultsOf(made)).scenarios[0]).toMatchObject({ verdict })
  })

  test('a scenario marked with .fails passes if it fails', async () => {
    const fails = scenario('S1', record([], [FAILED]), `throw new Error('as expected')`).replace('test(', 'test.fails(')
    const made = await project(fails)
    expect((await made.run()).exitCode).toBe(0)
    expect((await resultsOf(made)).totals).toMatchObject({ passed: 1, failed: 0 })
  })

  test('contains the scale and services that the project provides, whose tests are then all scenarios', async () => {
    const config = configSource().replace('test: {', `test: { globalSetup: ['./setup.ts'],`)
    const setup = `export default (project) => project.provide('vitest-slo:run-info', {
      scale: 'smoke',
      services: [{ name: 'postgres', provider: 'embedded', summary: 'PostgreSQL 18, postgres://perf:hunter2@127.0.0.1:5/x' }],
    })`
    const made = await project(`test.skip('later', () => {})\ntest('bare', () => {})`, config, { 'setup.ts': setup })
    await made.run()
    const results = await resultsOf(made)
    expect(results.scale).toBe('smoke')
    expect(results.services[0]!.summary).toBe('PostgreSQL 18, postgres://perf:***@127.0.0.1:5/x')
    expect(results.totals).toMatchObject({ scenarios: 2, skipped: 1, passed: 1 })
  })

  test('contains the error of a test file that cannot be loaded', async () => {
    const made = await project(`throw new Error('bad file, token=abcdef123456')`)
    const run = await made.run()
    expect(run.exitCode).toBe(1)
    expect(await resultsOf(made)).toMatchObject({
      totals: { scenarios: 0 },
      errors: [{ name: 'Error', message: 'bad file, token=***' }],
    })
  })

  test('keeps finished scenarios when the process is killed', async () => {
    const made = await project(`
      ${scenario('done', record([sampleHttpRun()], [PASSED]))}
      test('kills the command', async () => {
        const { readFile } = await import('node:fs/promises')
        while (!(await readFile('perf-report/results.json', 'utf8').catch(() => '')).includes('done')) await new Promise(setImmediate)
        process.kill(process.ppid, 'SIGKILL')
        await new Promise((resolve) => process.once('disconnect', resolve))
        process.exit()
      })
    `)
    await made.run()
    const results = await resultsOf(made)
    expect(results).toMatchObject({ complete: false, totals: { scenarios: 1, passed: 1 } })
  })
})

describe('watch mode', () => {
  test('replaces the reports at each re-run and shows what changed', async () => {
    const spec = (p95Ms: number) => HEAD + scenario('S1', record([sampleHttpRun()], [judgedP95(p95Ms)]))
    const made = await project('')
    await made.write('perf/a.perf.ts', spec(50))
    const seen: Results[] = []
    const run = await made.run(['watch'], {}, (output, stop) => {
      const reports = output.split('Report  ').length - 1
      if (reports === seen.length || reports > 2) return
      seen.push(JSON.parse(readFileSync(made.path('perf-report/results.json'), 'utf8')) as Results)
      if (reports === 1) writeFileSync(made.path('perf/a.perf.ts'), spec(100))
      else stop()
    })
    expect(seen.map(({ totals }) => totals.scenarios)).toEqual([1, 1])
    expect(seen.map(({ scenarios }) => scenarios[0]!.assertions)).toEqual([[judgedP95(50)], [judgedP95(100)]])
    const [, first, second] = plainText(run.output).split('PASS     S1')
    expect(first).not.toContain('previous run')
    expect(second).toContain('previous run: p95 50 ms, now +100% (+86% to +115%)')
  })
})

describe('observers', () => {
  const OBSERVER = `
    import { appendFileSync } from 'node:fs'
    import Reporter from ${JSON.stringify(REPORTER)}
    const events = []
    const observer = {
      onStart() { events.push('start'); throw new Error('observer is broken') },
      onSnapshot(scenario, snapshot) { events.push(scenario + ' at ' + snapshot.elapsedMs + ' of ' + snapshot.load) },
      onScenario(scenario, verdict, record) { events.push(scenario + ' ' + verdict + ' ' + record.assertions.length) },
      async onEnd() { events.push('end'); appendFileSync('events.json', JSON.stringify(events)) },
    }
    export default { test: { include: ['**/*.perf.ts'], reporters: [new Reporter({ observers: [observer] }), 'default'] } }
  `

  test('receive redacted events in order, and an error of one is printed in one line', async () => {
    const spec = `
      import { LIVE_ADDRESS, LiveSender } from ${JSON.stringify(join(import.meta.dirname, 'live/channel.ts'))}
      import { inject } from 'vitest'
      ${scenario(
        'S1',
        record([], [PASSED, FAILED]),
        `
        const sender = new LiveSender(inject(LIVE_ADDRESS), task.id)
        sender.send({ run: 'http 1', load: 'GET /a?user=planted', elapsedMs: 1000, plannedMs: 2000, state: 'ended' })
        await sender.close()
        throw new Error('too slow')
      `,
      ).replace('({ task })', 'async ({ task })')}
    `
    const made = await project(spec, OBSERVER)
    const run = await made.run()
    expect(JSON.parse(await readFile(made.path('events.json'), 'utf8'))).toEqual([
      'start',
      'S1 at 1000 of GET /a?user=***',
      'S1 failed 2',
      'end',
    ])
    expect(run.stderr).toContain('vitest-slo: an observer failed: observer is broken')
  })
})

describe('a report folder that cannot be written', () => {
  test('keeps the earlier results intact if the disk is full', async () => {
    const made = await project(scenario('S1', record([sampleHttpRun()], [PASSED])))
    await made.write('perf-report/results.json', '{"schemaVersion":0}')
    const limit = `ulimit -f 1; trap '' XFSZ; exec "$0" "$@"`
    const run = await made.runUnder(['bash', '-c', limit])
    expect(run.exitCode).toBe(0)
    expect(run.stderr).toMatch(/the report could not be written; the verdict is not affected: EFBIG/)
    expect(await readFile(made.path('perf-report/results.json'), 'utf8')).toBe('{"schemaVersion":0}')
    expect((await readdir(made.path('perf-report'))).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  test('is reported in one line, and changes neither the summary nor the verdict', async () => {
    const made = await project(scenario('S1', record([sampleHttpRun()], [PASSED])), undefined, {
      'perf-report': 'a file',
    })
    const run = await made.run()
    expect(run.exitCode).toBe(0)
    expect(plainText(run.stdout)).toContain('PASS     S1')
    const lines = run.stderr.split('\n').filter((line) => line.includes('could not be written'))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/EEXIST|ENOTDIR/)
  })
})

describe('options', () => {
  test('every mistake is reported in one error, before any test runs', async () => {
    const config = configSource({ outputDir: 7, onInvalid: 'maybe', outputDirectory: 'x' })
    const made = await project(scenario('never', record([], [])), config)
    const run = await made.run()
    expect(run.exitCode).toBe(1)
    const text = plainText(run.output)
    expect(text).toContain('outputDir: must be the path of a folder')
    expect(text).toContain("onInvalid: must be 'fail' or 'warn'")
    expect(text).toContain('outputDirectory: unknown option')
  })
})
