import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { InlineProject, perfConfigSource } from '../testing/inline-project.ts'
import type { TerminalSession } from '../testing/terminal-session.ts'
import type { Results } from './results.ts'

const SETTLED = /for file changes/
/** Live figures while the load is on, not the final ones. */
const figuresOf = (scenario: string) => new RegExp(`${scenario} {2}http 1[^]*achieved [1-9]`)

/** A target that logs each start. @param status status of responses to scenarios; the readiness check always gets 200 */
function targetSource(status = 200): string {
  return `
    import { appendFileSync } from 'node:fs'
    import { createServer } from 'node:http'
    appendFileSync('started.log', process.pid + '\\n')
    createServer((request, response) => response.writeHead(request.url === '/' ? 200 : ${status}).end()).listen(Number(process.env.PORT), '127.0.0.1')
  `
}

/** A scenario that logs each run. @param load source of the load @param assertion source of the assertion on `run` */
function scenarioSource(name: string, load: string, assertion = 'expect(run.completed).toBeGreaterThan(0)'): string {
  return `
    import { appendFileSync } from 'node:fs'
    import { expect } from 'vitest'
    import { constantArrivalRate, perfTest, sharedIterations } from 'vitest-slo'
    perfTest('${name}', async ({ http }) => {
      appendFileSync('ran.log', '${name}\\n')
      const run = await http.run({ load: ${load}, request: { path: '/work' }, abortWhen: false })
      ${assertion}
    })
  `
}

const QUICK = `sharedIterations({ iterations: 200, vus: 2 })`
/** At full scale, longer than any test waits. */
const LONG = `constantArrivalRate({ rate: 20, vus: 5, duration: '10m' })`

async function watching(scenarios: Readonly<Record<string, string>>, options = '') {
  const project = await InlineProject.create({
    'vitest.config.ts': perfConfigSource(options),
    'target/server.mjs': targetSource(),
    ...scenarios,
  })
  onTestFinished(() => project[Symbol.asyncDispose]())
  const terminal = await project.openTerminal()
  onTestFinished(() => terminal[Symbol.asyncDispose]())
  return { project, terminal }
}

async function linesOf(project: InlineProject, file: string): Promise<readonly string[]> {
  return (await readFile(project.path(file), 'utf8')).trim().split('\n')
}

async function resultsOf(project: InlineProject, folder = 'perf-report'): Promise<Results> {
  return JSON.parse(await readFile(project.path(`${folder}/results.json`), 'utf8')) as Results
}

/** Prints the milliseconds until an event. They are not asserted, because they depend on the machine. */
async function timed(name: string, event: Promise<unknown>): Promise<void> {
  const startMs = performance.now()
  await event
  console.info(`${name}: ${Math.round(performance.now() - startMs)} ms`)
}

/** Runs again until the verdict is shown: on a busy machine, a run may be invalid. */
async function untilVerdict(terminal: TerminalSession, verdict: string): Promise<string> {
  for (;;) {
    const screen = await terminal.shows(/(?:PASS|FAIL|INVALID) +alpha[^]*for file changes/)
    if (screen.includes(verdict)) return screen
    await terminal.press('a')
    await terminal.shows(/RERUN/)
  }
}

const hasTmux = spawnSync('tmux', ['-V']).status === 0
if (!hasTmux) console.warn('Watch mode is not tested: tmux is not on the path.\nFix: apt-get install tmux')

describe.skipIf(!hasTmux)('watch mode in a terminal', { timeout: 180_000 }, () => {
  test('runs only a saved scenario again, at smoke scale, against the running target', async () => {
    const { project, terminal } = await watching({
      'perf/a.perf.ts': scenarioSource('alpha', QUICK),
      'perf/b.perf.ts': scenarioSource('beta', QUICK),
    })
    expect(await terminal.shows(SETTLED)).toContain('scale smoke: 5% of the users')

    await project.write('perf/a.perf.ts', scenarioSource('gamma', LONG))
    await timed('first figures after saving a scenario', terminal.shows(figuresOf('gamma')))
    await terminal.press('c')
    await terminal.shows(SETTLED)
    expect(await linesOf(project, 'ran.log')).toEqual(['alpha', 'beta', 'gamma'])
    expect(await linesOf(project, 'started.log')).toHaveLength(1)
    const saved = { scale: 'smoke', isPartial: true, scenarios: [{ name: 'gamma' }] }
    expect(await resultsOf(project, 'perf-report/partial')).toMatchObject(saved)
    expect(await resultsOf(project)).toMatchObject({ scenarios: [{ name: 'alpha' }, { name: 'beta' }] })
  })

  test('restarts the target and runs again if a file of it is saved; a failure shows the previous result', async () => {
    const assertion = 'expect(run).toHaveErrorRateBelow(0.01)'
    const { project, terminal } = await watching({ 'perf/a.perf.ts': scenarioSource('alpha', QUICK, assertion) })
    await untilVerdict(terminal, 'PASS')

    await project.write('target/server.mjs', targetSource(500))
    await timed('run again after saving a file of the target', terminal.shows(/RERUN/))
    const screen = await untilVerdict(terminal, 'FAIL')
    expect(screen).toMatch(/previous run: toHaveErrorRateBelow\(0\.01\) passed, error rate = 0%/)
    expect(new Set(await linesOf(project, 'started.log')).size).toBe(2)
  })

  test('a key stops the load immediately; pressed again, it does its usual action', async () => {
    const { project, terminal } = await watching(
      {
        // Vitest runs the larger file first.
        'perf/a.perf.ts': scenarioSource(
          'fails',
          QUICK,
          `expect(run.sent, 'on purpose, and in the larger file').toBe(0)`,
        ),
        'perf/b.perf.ts': scenarioSource('long', LONG),
      },
      `scale: 'full'`,
    )
    /** Presses a key under load, which stops the load, and presses it again. */
    const press = async (key: string) => {
      await terminal.shows(figuresOf('long'))
      const stopped = terminal.shows(/INVALID +long[^]*stopped before its end[^]*for file changes/)
      await terminal.press(key)
      await timed(`stopped after pressing ${key}`, stopped)
      await terminal.press(key)
    }
    const ran = async () => (await linesOf(project, 'ran.log')).join(' ')

    await press('a')
    await press('f')
    await terminal.shows(/RERUN +rerun failed[^]*for file changes/)
    expect(await ran()).toBe('fails long fails long fails')

    await terminal.press('a')
    await press('t')
    await terminal.shows('Input test name pattern')
    await terminal.type('long')
    await terminal.press('Enter')
    await press('p')
    await terminal.shows('Input filename pattern')
    await terminal.type('a.perf')
    await terminal.press('Enter')
    await terminal.shows(/RERUN +change filename pattern[^]*for file changes/)
    // The name pattern still applies, and matches no scenario of that file.
    expect(await ran()).toBe('fails long fails long fails fails long long')

    await terminal.press('a')
    await press('q')
    await terminal.exited()
    const [pid] = await linesOf(project, 'started.log')
    expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH')
  })

  test('Ctrl-C stops the load, reports what was measured, and cleans up the target', async () => {
    const { project, terminal } = await watching({ 'perf/a.perf.ts': scenarioSource('long', LONG) }, `scale: 'full'`)
    await terminal.shows(figuresOf('long'))
    await terminal.press('C-c')
    await timed('exited after Ctrl-C', terminal.exited())
    expect(await resultsOf(project)).toMatchObject({
      complete: false,
      scenarios: [{ name: 'long', verdict: 'invalid', runs: [{ state: 'aborted' }] }],
    })
    const [pid] = await linesOf(project, 'started.log')
    expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH')
  })
})
