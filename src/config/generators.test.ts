import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Results } from '../report/results.ts'
import { processesWith, untilExited } from '../services/reaper/process-identity.ts'
import { InlineProject, INSTANT_TARGET, perfConfigSource, plainText } from '../testing/inline-project.ts'
import { RENDEZVOUS_KINDS } from '../testing/rendezvous-kinds.ts'

/** A custom service that records its starts and resets. */
const SERVICE = `services: [{
  name: 'cache',
  async start() {
    const seen = (what) => appendFileSync('seen', JSON.stringify({ what, generator: process.env.PERF_GENERATOR ?? '1' }) + '\\n')
    seen('service')
    return {
      name: 'cache', provider: 'own', summary: 'a cache', connection: { url: 'cache://1' }, env: {},
      async reset() { seen('reset') },
      async [Symbol.asyncDispose]() { seen('service stopped') },
    }
  },
}],`

const SCENARIO = `
  import { appendFileSync } from 'node:fs'
  import { expect } from 'vitest'
  import { perfTest } from 'vitest-slo'
  const generator = process.env.PERF_GENERATOR ?? '1'
  for (const name of ['first', 'second'])
    perfTest(FILE + name, async ({ target, services, runId, reset, setup }) => {
      const response = await fetch(target.url)
      const seen = (what, more) => appendFileSync('seen', JSON.stringify({ what, generator, ...more }) + '\\n')
      const { token } = await setup(() => (seen('setup'), { token: 'of ' + generator }), { teardown: (value) => seen('teardown', value) })
      seen(FILE + name, { url: target.url, cache: services.cache.url, runId, token })
      if (process.env.HANG) await new Promise(() => console.log('UNDER LOAD'))
      if (process.env.FAILS === generator) expect('status on generator ' + generator).toBe('another')
      expect(response.status).toBe(200)
    })
`

interface Seen {
  readonly what: string
  readonly generator: string
  readonly url?: string
  readonly runId?: string
  readonly token?: string
}

async function projectWith(options: string, whenFinished = onTestFinished): Promise<InlineProject> {
  const project = await InlineProject.create({
    'vitest.config.ts': `import { appendFileSync } from 'node:fs'\n${perfConfigSource(`${SERVICE} ${options}`)}`,
    'target/server.mjs': INSTANT_TARGET,
    'perf/a.perf.ts': `const FILE = 'a '\n${SCENARIO}`,
    'perf/b.perf.ts': `const FILE = 'b '\n${SCENARIO}`,
  })
  whenFinished(() => project[Symbol.asyncDispose]())
  return project
}

async function seenIn(project: InlineProject): Promise<readonly Seen[]> {
  const text = existsSync(project.path('seen')) ? await readFile(project.path('seen'), 'utf8') : ''
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Seen)
}

/** The current processes of further generators of this project. */
function generatorsOf(project: InlineProject) {
  return processesWith('PERF_TEST_PROJECT', project.root)
}

function count(seen: readonly Seen[], what: string, generator?: string): number {
  return seen.filter((one) => one.what === what && (generator === undefined || one.generator === generator)).length
}

test('runs every scenario on each generator, with one target and one reset', async () => {
  const project = await projectWith("generators: 3, reset: 'each-scenario',")
  const { exitCode, output } = await project.run(['run'])
  expect({ exitCode, output }).toMatchObject({ exitCode: 0 })
  const seen = await seenIn(project)
  const scenarios = ['a first', 'a second', 'b first', 'b second']
  for (const scenario of scenarios) {
    expect(
      seen
        .filter(({ what }) => what === scenario)
        .map(({ generator }) => generator)
        .toSorted(),
    ).toEqual(['1', '2/3', '3/3'])
    const shared = seen
      .filter(({ what }) => what === scenario)
      .map(({ url, runId, token }) => [url, runId, token].join())
    expect(new Set(shared).size).toBe(1)
  }
  const ofSetups = (called: string) => seen.filter(({ what }) => what === called).map(({ generator }) => generator)
  expect(ofSetups('setup')).toHaveLength(4)
  expect(ofSetups('teardown')).toEqual(ofSetups('setup'))
  expect(seen.filter(({ what }) => what === 'teardown').map(({ token }) => token)).toEqual(
    ofSetups('setup').map((generator) => `of ${generator}`),
  )
  expect(count(seen, 'reset')).toBe(4)
  expect(count(seen, 'service')).toBe(1)
  expect(count(seen, 'service stopped', '1')).toBe(1)
  const results = JSON.parse(await readFile(project.path('perf-report/results.json'), 'utf8')) as Results
  expect(results.scenarios.map(({ name, verdict }) => `${name}: ${verdict}`)).toEqual(
    scenarios.map((name) => `${name}: passed`),
  )
  // The other generators print nothing.
  expect(plainText(output).match(/Test Files/g)).toHaveLength(1)
  expect(plainText(output)).not.toMatch(/^generator \d/m)
})

test('runs the chosen files and scenarios on each generator', async () => {
  const project = await projectWith('generators: 2,')
  const { exitCode, output } = await project.run(['run', 'perf/b', '-t', 'second$'])
  expect({ exitCode, output }).toMatchObject({ exitCode: 0 })
  const ran = (await seenIn(project)).filter(({ url }) => url !== undefined)
  expect(ran.map(({ what, generator }) => `${what} ${generator}`).toSorted()).toEqual(['b second 1', 'b second 2/2'])
})

test('fails if another generator does not pass, and prints why', async () => {
  const project = await projectWith('generators: 2,')
  const { exitCode, output } = await project.run(['run'], { FAILS: '2/2' })
  expect({ exitCode, output }).toMatchObject({ exitCode: 1 })
  expect(plainText(output)).toContain('the scenarios did not pass on generator 2, but on the others')
  expect(plainText(output)).toMatch(/^generator 2: .*status on generator 2\/2/m)
})

test('names a generator that does not start, and prints why', async () => {
  const project = await projectWith("test: process.env.PERF_GENERATOR === '2/2' ? process.exit(7) : {}, generators: 2,")
  const { exitCode, output } = await project.run(['run'])
  expect({ exitCode, output }).toMatchObject({ exitCode: 1 })
  expect(plainText(output)).toMatch(/generator 2 ended early: exit code 7/)
  expect(plainText(output)).toMatch(/generator 2 \(\S+\) was lost before the start of all generators\nFix: /)
})

// Simultaneous, like the next: they wait most of the time.
test.concurrent.for(['SIGINT', 'SIGKILL'] as const)('%s leaves no generator behind', async (signal, context) => {
  const project = await projectWith('generators: 3,', context.onTestFinished)
  const env = { HANG: '1', PERF_TEST_PROJECT: project.root }
  let isSent = false
  await project.run(['run'], env, (output, stop) => {
    if (isSent || !output.includes('UNDER LOAD')) return
    isSent = true
    stop(signal)
  })
  expect(isSent).toBe(true)
  expect(await untilExited(() => generatorsOf(project).length > 0, 20_000)).toBe(true)
})

test.concurrent('does not wait for a generator that hangs in a run', async (context) => {
  const project = await InlineProject.create({
    'vitest.config.ts': perfConfigSource('generators: 2,'),
    'target/server.mjs': INSTANT_TARGET,
    'perf/a.perf.ts': `
      import { expect } from 'vitest'
      import { constantArrivalRate, perfTest } from 'vitest-slo'
      perfTest('hangs', async ({ http }) => {
        let requests = 0
        const request = () => {
          if (process.env.PERF_GENERATOR === '2/2' && ++requests === 10) process.kill(process.pid, 'SIGSTOP')
          return { path: '/' }
        }
        const run = await http.run({ load: constantArrivalRate({ rate: 20, vus: 4, duration: '8s' }), request })
        expect(run).toHaveErrorRateBelow(0.5)
      })
    `,
  })
  context.onTestFinished(() => project[Symbol.asyncDispose]())
  const { exitCode, output } = await project.run(['run'], { PERF_TEST_PROJECT: project.root })
  expect({ exitCode, output }).toMatchObject({ exitCode: 1 })
  expect(plainText(output)).toMatch(/generator 2 of 2 \(\S+\) lost at/)
  expect(await untilExited(() => generatorsOf(project).length > 0, 20_000)).toBe(true)
}, 100_000)

test('starts new generators for each rerun in watch mode', async () => {
  const project = await projectWith('generators: 2, test: { watch: true },')
  let reruns = 0
  await project.run(['--watch', 'perf/a'], {}, (printed, stop) => {
    const finished = plainText(printed).match(/Waiting for file changes/g)?.length ?? 0
    if (finished > reruns && reruns < 2) {
      reruns = finished
      if (reruns === 1) void project.write('perf/a.perf.ts', `const FILE = 'again '\n${SCENARIO}`)
      else stop('SIGTERM')
    }
  })
  const seen = await seenIn(project)
  for (const generator of ['1', '2/2']) {
    expect(count(seen, 'a first', generator)).toBe(1)
    expect(count(seen, 'again first', generator)).toBe(1)
  }
  expect(count(seen, 'service')).toBe(1)
})

test('runs two commands over Redis with one target', async () => {
  const rendezvous = await RENDEZVOUS_KINDS.Redis()
  onTestFinished(() => rendezvous[Symbol.asyncDispose]())
  const { address } = rendezvous
  const url = address?.kind === 'redis' ? address.url : ''
  const project = await projectWith('')
  const env = (generator: string) => ({ PERF_GENERATOR: generator, PERF_RENDEZVOUS_URL: url, PERF_RUN_ID: 'r7' })
  const runs = await Promise.all(['1/2', '2/2'].map((generator) => project.run(['run'], env(generator))))
  for (const { exitCode, output } of runs) {
    expect({ exitCode, output }).toMatchObject({ exitCode: 0 })
    expect(output).not.toContain(new URL(url).password)
  }
  const seen = await seenIn(project)
  expect(count(seen, 'service')).toBe(1)
  expect(
    new Set(seen.filter(({ what }) => what === 'b second').map(({ url: to, runId }) => `${to} ${runId}`)).size,
  ).toBe(1)
  // A second command with the same run id.
  const { exitCode, output } = await project.run(['run'], env('1/2'))
  expect(exitCode).toBe(1)
  expect(plainText(output)).toContain('generator 1 of 2 of run r7 has already ended')
})

/** Appends what `run` measured on each generator. */
const LOADED = `
  import { appendFileSync } from 'node:fs'
  import { expect } from 'vitest'
  import { constantArrivalRate, perfTest, sharedIterations } from 'vitest-slo'
  const generator = process.env.PERF_GENERATOR ?? '1'
  const loads = {
    'a rate': constantArrivalRate({ rate: 100, vus: 20, duration: '1s' }),
    iterations: sharedIterations({ iterations: 90, vus: 9 }),
  }
  for (const [name, load] of Object.entries(loads))
    perfTest(name, async ({ http, target }) => {
      const before = Number(await (await fetch(target.url + '/count')).text())
      const run = await http.run({ load, request: { path: '/' }, name })
      const { offered, completed, latency: { p50Ms, p95Ms } } = run
      appendFileSync('seen', JSON.stringify({ what: name, generator, offered, completed, p50Ms, p95Ms }) + '\\n')
      expect(run).toHaveErrorRateBelow(0.1)
      expect(run).toHaveP50Below(500)
    })
`

/** Responses of /slow take so long that delays of a busy machine do not make a run invalid. */
const COUNTING_TARGET = `
  import { createServer } from 'node:http'
  let count = 0
  createServer((request, response) => {
    if (request.url === '/') count++
    setTimeout(() => response.end(String(count)), request.url === '/slow' ? 2000 : 0)
  }).listen(Number(process.env.PORT), '127.0.0.1')
`

test('measures the run of all generators on each of them', async () => {
  const project = await InlineProject.create({
    'vitest.config.ts': perfConfigSource('generators: 3,'),
    'target/server.mjs': COUNTING_TARGET,
    'perf/a.perf.ts': LOADED,
  })
  onTestFinished(() => project[Symbol.asyncDispose]())
  // A run is invalid on a machine that is too busy, but its counts are the same.
  const { output } = await project.run(['run'])
  const seen = await seenIn(project)
  expect({ seen, output }).toMatchObject({ seen: Array.from({ length: 6 }, () => ({})) })
  for (const [name, due] of [
    ['a rate', 100],
    ['iterations', 90],
  ] as const) {
    const figures = seen.filter(({ what }) => what === name).map(({ generator: _generator, ...rest }) => rest)
    expect(figures).toHaveLength(3)
    expect(figures[0]).toMatchObject({ offered: due, completed: due })
    expect(figures).toEqual([figures[0], figures[0], figures[0]])
  }
  const results = JSON.parse(await readFile(project.path('perf-report/results.json'), 'utf8')) as Results
  expect(results.scenarios.map(({ name }) => name)).toEqual(['a rate', 'iterations'])
  expect(results.scenarios[0]!.runs[0]).toMatchObject({ generators: [{}, {}, {}] })
})

/** Three scenarios of one command. None of them passes. */
const NOT_PASSING = `
  import { appendFileSync } from 'node:fs'
  import { expect } from 'vitest'
  import { constantArrivalRate, perfTest } from 'vitest-slo'
  const generator = process.env.PERF_GENERATOR ?? '1'
  const seen = (what, values) => appendFileSync('seen', JSON.stringify({ what, generator, ...values }) + '\\n')
  perfTest('misses an objective', async ({ http }) => {
    const run = await http.run({ load: constantArrivalRate({ rate: 20, vus: 20, duration: '1s' }), request: { path: '/slow' } })
    expect(run).toHaveErrorRateBelow(0.1)
    expect(run).toHaveP50Below(100)
  })
  perfTest('reads a ledger', async ({ ledger }) => {
    const own = ledger.with({ settleFor: 0 })
    const { amount } = await own.value(() => [{ total: process.pid }])
    seen('total', { amount })
    const rows = () => {
      seen('read')
      return [{ account: generator, balance: -1 }]
    }
    await expect(own).toHoldInvariant('no debts', rows).catch(({ message }) => seen('judged', { message }))
  })
  perfTest('has different plans', async ({ http }) => {
    const rate = generator === '1' ? 100 : 110
    const run = await http.run({ load: constantArrivalRate({ rate, vus: 20, duration: '1s' }), request: { path: '/' }, name: 'a rate' })
    expect(run).toHaveErrorRateBelow(0.1)
  })
`

describe('scenarios that do not pass', () => {
  let project: InlineProject
  let exitCode: number | null
  let output: string
  let verdicts: Readonly<Record<string, string>>
  beforeAll(async () => {
    project = await InlineProject.create({
      'vitest.config.ts': perfConfigSource('generators: 2,'),
      'target/server.mjs': COUNTING_TARGET,
      'perf/a.perf.ts': NOT_PASSING,
    })
    const run = await project.run(['run'])
    exitCode = run.exitCode
    output = plainText(run.output)
    const results = JSON.parse(await readFile(project.path('perf-report/results.json'), 'utf8')) as Results
    verdicts = Object.fromEntries(results.scenarios.map(({ name, verdict }) => [name, verdict]))
  })
  afterAll(() => project?.[Symbol.asyncDispose]())

  test('fails on every generator if an objective is missed', () => {
    expect({ exitCode, output }).toMatchObject({ exitCode: 1 })
    expect({ verdicts, output }).toMatchObject({ verdicts: { 'misses an objective': 'failed' } })
    expect(output).toContain('Expected: p50 < 100 ms')
    expect(output).not.toContain('another generator did not pass')
  })

  test('reads a ledger on one generator, and judges the same rows on each', async () => {
    expect({ verdicts, output }).toMatchObject({ verdicts: { 'reads a ledger': 'failed' } })
    const seen = (await seenIn(project)) as readonly (Seen & { readonly amount?: string; readonly message?: string })[]
    expect(new Set(seen.filter(({ what }) => what === 'read').map(({ generator }) => generator)).size).toBe(1)
    for (const figure of ['total', 'judged']) expect(count(seen, figure)).toBe(2)
    expect(new Set(seen.filter(({ what }) => what === 'total').map(({ amount }) => amount)).size).toBe(1)
    expect(new Set(seen.filter(({ what }) => what === 'judged').map(({ message }) => message)).size).toBe(1)
  })

  test('is invalid if the generators have different plans', () => {
    expect({ verdicts, output }).toMatchObject({ verdicts: { 'has different plans': 'invalid' } })
    expect(output).toMatch(
      /InvalidRunError: the generators have different plans for a rate: load\.\S+ is 100 on generator 1 and 110 on generator 2/,
    )
  })
})
