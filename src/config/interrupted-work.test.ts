import { existsSync, readdirSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { expect, onTestFinished, test } from 'vitest'
import { untilExited } from '../services/reaper/process-identity.ts'
import { InlineProject, INSTANT_TARGET, perfConfigSource, plainText } from '../testing/inline-project.ts'
import { readValidResults } from '../testing/valid-results.ts'

/** A target that writes its pid. */
const TARGET = `${INSTANT_TARGET}
  import { writeFileSync } from 'node:fs'
  writeFileSync('pid', String(process.pid))`

const HEAD = `
  import { expect } from 'vitest'
  import { constantArrivalRate, perfTest, sharedIterations } from 'vitest-slo'
  const few = sharedIterations({ iterations: 20, vus: 1 })
`

async function project(scenario: string, options = ''): Promise<InlineProject> {
  const made = await InlineProject.create({
    'vitest.config.ts': perfConfigSource(options),
    'target/server.mjs': TARGET,
    'perf/a.perf.ts': HEAD + scenario,
  })
  onTestFinished(() => made[Symbol.asyncDispose]())
  await mkdir(made.path('temporary'))
  return made
}

/** Whether the target or a temporary folder is left; the folder of run records remains. */
async function leftoversOf(made: InlineProject): Promise<readonly string[]> {
  const pid = Number(await readFile(made.path('pid'), 'utf8'))
  const folders = () => readdirSync(made.path('temporary')).filter((name) => !/^vitest-slo-\d+$/.test(name))
  await untilExited(() => existsSync(`/proc/${pid}`) || folders().length > 0, 20_000)
  return [...(existsSync(`/proc/${pid}`) ? [`the target, pid ${pid}`] : []), ...folders()]
}

const STACK = /\n +at |Unhandled|vitest-pool/

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s while a ledger settles ends the command with %i and partial results', async (signal, code) => {
  const made = await project(`
    perfTest('waits', async ({ http, ledger }) => {
      const headers = ({ vu, iteration }) => ({ 'idempotency-key': vu.id + '-' + iteration })
      const request = (iteration) => ({ path: '/', headers: headers(iteration) })
      const run = await http.run({ load: few, request, record: true })
      const isIdle = async () => (console.log('SETTLING'), false)
      const never = ledger.with({ isIdle, settleTimeout: '1h' })
      await expect(never).toApplyExactlyOnce(run.history, { rows: async () => [], key: 'key' })
    })`)
  let isSent = false
  const { exitCode, output } = await made.run(['run'], { TMPDIR: made.path('temporary') }, (soFar, stop) => {
    if (isSent || !soFar.includes('SETTLING')) return
    isSent = true
    stop(signal)
  })
  const text = plainText(output)
  expect(exitCode).toBe(code)
  expect(text.match(new RegExp(`^${signal}: .*$`, 'gm'))).toHaveLength(1)
  expect(text).not.toMatch(STACK)
  const { complete, scenarios } = await readValidResults(made.path('perf-report/results.json'))
  expect({ complete, scenarios }).toMatchObject({
    complete: false,
    scenarios: [{ verdict: 'invalid', runs: [{ state: 'completed' }] }],
  })
  expect(await leftoversOf(made)).toEqual([])
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s while the report is written ends the command with %i and the whole report', async (signal, code) => {
  const reporter = `{ onTestRunEnd() { process.kill(process.pid, '${signal}') } }`
  const made = await project(
    `perfTest('short', async ({ http }) => {
      expect(await http.run({ load: few, request: { path: '/' } })).toHaveErrorRateBelow(0.5)
    })`,
    `test: { reporters: ['default', ${reporter}] },`,
  )
  const { exitCode, output } = await made.run(['run'], { TMPDIR: made.path('temporary') })
  expect(exitCode).toBe(code)
  expect(plainText(output)).not.toMatch(STACK)
  const { complete, scenarios } = await readValidResults(made.path('perf-report/results.json'))
  // Whether it passed depends on the machine.
  expect({ complete, scenarios }).toMatchObject({
    complete: true,
    scenarios: [{ name: 'short', runs: [{ state: 'completed' }] }],
  })
  const files = ['comment.md', 'index.html', 'results.json', 'summary.md']
  expect(readdirSync(made.path('perf-report'))).toEqual(files)
  expect(await leftoversOf(made)).toEqual([])
})

test('a second Ctrl-C under load ends the command at once, with the target and its folders', async () => {
  const made = await project(`
    perfTest('long', async ({ http }) => {
      let sent = 0
      const load = constantArrivalRate({ rate: 50, vus: 10, duration: '1h' })
      await http.run({ load, request: () => (++sent === 40 && console.log('UNDER LOAD'), { path: '/' }) })
    })`)
  let sent = 0
  const { exitCode, output } = await made.run(['run'], { TMPDIR: made.path('temporary') }, (soFar, stop) => {
    const wanted = ['UNDER LOAD', 'SIGINT: '][sent]
    if (wanted === undefined || !plainText(soFar).includes(wanted)) return
    sent++
    stop('SIGINT')
  })
  expect({ exitCode, sent }).toEqual({ exitCode: 130, sent: 2 })
  expect(plainText(output)).not.toMatch(STACK)
  expect(await leftoversOf(made)).toEqual([])
})
