import { existsSync, readdirSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { Results } from '../report/results.ts'
import { untilExited } from '../services/reaper/process-identity.ts'
import { InlineProject, INSTANT_TARGET, perfConfigSource, plainText } from '../testing/inline-project.ts'

const SCENARIO = `
  import { constantArrivalRate, perfTest } from 'vitest-slo'
  perfTest('long', async ({ http }) => {
    const load = constantArrivalRate({ rate: 50, vus: 10, duration: '1h' })
    let sent = 0
    await http.run({ load, request: () => (++sent === 40 && console.log('UNDER LOAD'), { path: '/' }) })
  })
`

/** Configs that never become ready: a service that stops on abort, and a target. */
const NEVER_READY = {
  'a service': `
    const slow = {
      name: 'slow',
      start: ({ signal }) => new Promise((_, reject) => {
        console.log('STARTING')
        signal.addEventListener('abort', () => reject(signal.reason))
        setInterval(() => {}, 1000)
      }),
    }
    export default definePerfConfig({ services: [slow] })`,
  'a target': `
    const command = ['node', '-e', 'process.on("SIGTERM", () => process.exit()); setInterval(() => {}, 1000)']
    console.log('STARTING')
    export default definePerfConfig({ target: target({ command }) })`,
}

async function project(files: Readonly<Record<string, string>>): Promise<InlineProject> {
  const made = await InlineProject.create({ 'perf/a.perf.ts': SCENARIO, ...files })
  onTestFinished(() => made[Symbol.asyncDispose]())
  return made
}

/** Sends a signal once, when the text is printed. */
function sendOn(wanted: string, signal: NodeJS.Signals) {
  let isSent = false
  return (output: string, stop: (signal?: NodeJS.Signals) => void) => {
    if (isSent || !output.includes(wanted)) return
    isSent = true
    stop(signal)
  }
}

test.each([
  ['SIGINT', 130, 'a service', ['run']],
  ['SIGTERM', 143, 'a service', ['run']],
  ['SIGHUP', 129, 'a target', ['run']],
  ['SIGINT', 130, 'a service', ['--watch']],
] as const)('%s ends the command with %i and one line while %s starts (%j)', async (signal, code, what, args) => {
  const made = await project({
    'vitest.config.ts': `import { definePerfConfig, target } from 'vitest-slo/config'\n${NEVER_READY[what]}`,
    'perf-report/results.json': 'an earlier report',
  })
  const starting = what === 'a target' ? 'scale full' : 'STARTING'
  const { exitCode, output } = await made.run(args, { PERF_SCALE: 'full' }, sendOn(starting, signal))
  const printed = plainText(output).split('vitest-slo  scale full')[1]
  expect(printed?.split('\n').filter((line) => !/^$|STARTING|watching|\(PERF_SCALE\)/.test(line.trim()))).toEqual([
    `${signal}: stopped while services and target were starting; cleaning up. A second signal stops immediately.`,
  ])
  expect(exitCode).toBe(code)
  expect(await readFile(made.path('perf-report/results.json'), 'utf8')).toBe('an earlier report')
  expect(existsSync(made.path('perf-report/index.html'))).toBe(false)
})

test('closing the terminal stops the load and reports partial results', async () => {
  const made = await project({
    'vitest.config.ts': perfConfigSource(),
    'target/server.mjs': `${INSTANT_TARGET}\nimport { writeFileSync } from 'node:fs'\nwriteFileSync('pid', String(process.pid))`,
  })
  const { exitCode } = await made.run(['run'], {}, sendOn('UNDER LOAD', 'SIGHUP'))
  expect(exitCode).toBe(129)
  const results = JSON.parse(await readFile(made.path('perf-report/results.json'), 'utf8')) as Results
  expect(results).toMatchObject({
    complete: false,
    scenarios: [{ name: 'long', verdict: 'invalid', runs: [{ state: 'aborted' }] }],
  })
  const pid = Number(await readFile(made.path('pid'), 'utf8'))
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})

test('a signal to every process of the command reports partial results as well', async () => {
  const made = await project({
    'vitest.config.ts': perfConfigSource(),
    'target/server.mjs': INSTANT_TARGET,
  })
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGHUP', 129],
    ['SIGTERM', 143],
  ] as const) {
    const { exitCode } = await made.runInGroup(signal, 'UNDER LOAD')
    expect(exitCode).toBe(code)
    const results = JSON.parse(await readFile(made.path('perf-report/results.json'), 'utf8')) as Results
    expect(results).toMatchObject({
      complete: false,
      scenarios: [{ verdict: 'invalid', runs: [{ state: 'aborted' }] }],
    })
  }
})

test('a worker that alone receives SIGTERM ends within seconds', async () => {
  const made = await project({
    'vitest.config.ts': perfConfigSource(),
    'target/server.mjs': INSTANT_TARGET,
    'perf/a.perf.ts': SCENARIO.replace("'UNDER LOAD'", "'WORKER ' + process.pid"),
  })
  let worker: number | undefined
  const { exitCode } = await made.run(['run'], {}, (output) => {
    const [, pid] = /WORKER (\d+)/.exec(output) ?? []
    if (pid === undefined || worker !== undefined) return
    worker = Number(pid)
    process.kill(worker, 'SIGTERM')
  })
  expect(exitCode).toBe(1)
  expect(() => process.kill(worker!, 0)).toThrow('ESRCH')
})

test('a killed command leaves no temporary folder, including that of live results', async () => {
  const made = await project({ 'vitest.config.ts': perfConfigSource(), 'target/server.mjs': INSTANT_TARGET })
  const temporary = made.path('temporary')
  await mkdir(temporary)
  let folders: readonly string[] = []
  const kill = sendOn('UNDER LOAD', 'SIGKILL')
  await made.run(['run'], { TMPDIR: temporary }, (output, stop) => {
    if (output.includes('UNDER LOAD') && folders.length === 0) folders = ours(temporary)
    kill(output, stop)
  })
  expect(folders).toEqual([expect.stringMatching(/^vitest-slo-live-\d+-/)])
  expect(await untilExited(() => ours(temporary).length > 0, 20_000)).toBe(true)
})

/** Temporary folders of this package, without the folder of run records, which remains. */
function ours(temporary: string): readonly string[] {
  return readdirSync(temporary).filter((name) => name.startsWith('vitest-slo-') && !/^vitest-slo-\d+$/.test(name))
}
