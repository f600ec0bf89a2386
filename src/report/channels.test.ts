import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { configSource, InlineProject, INSTANT_TARGET, perfConfigSource } from '../testing/inline-project.ts'
import { FAILED, INVALID, PASSED, record, sampleFanOutRun, sampleHttpRun } from '../testing/sample-records.ts'
import { readValidResults } from '../testing/valid-results.ts'

const SPEC = `
  import { test } from 'vitest'
  test('S1 session', ({ task }) => {
    task.meta.slo = ${JSON.stringify(record([sampleHttpRun()], [PASSED, FAILED]))}
    throw new Error('too slow')
  })
  test('S6 fan-out', ({ task }) => {
    task.meta.slo = ${JSON.stringify(record([sampleFanOutRun()], [PASSED]))}
  })
`

async function project(config: string, spec = SPEC) {
  const made = await InlineProject.create({ 'vitest.config.ts': config, 'a.perf.ts': spec })
  onTestFinished(() => made[Symbol.asyncDispose]())
  return made
}

test('the JUnit reporter writes the numbers as properties, the JSON reporter the record', async () => {
  const made = await project(
    configSource({}, `['junit', { outputFile: 'junit.xml' }], ['json', { outputFile: 'out.json' }]`),
  )
  await made.run()

  const junit = await readFile(made.path('junit.xml'), 'utf8')
  const property = (name: string) => new RegExp(`<property name="${name}" value="([^"]*)"`).exec(junit)?.[1]
  const { latency, offered } = sampleHttpRun()
  expect(property('slo.verdict')).toBe('failed')
  expect(property('slo.http 1.p95Ms')).toBe(String(latency!.p95Ms))
  expect(property('slo.http 1.offered')).toBe(String(offered))
  expect(property('slo.ws 1.missing')).toBe('2')
  expect(property('slo.report')).toBe(made.path('perf-report/index.html'))
  expect(junit).toContain('failed: error rate = 0.33% (expected error rate &lt; 0.1%)')

  const json = JSON.parse(await readFile(made.path('out.json'), 'utf8'))
  expect(json.testResults[0].assertionResults[0].meta.slo.runs[0]).toEqual(sampleHttpRun())
})

test("Vitest's terminal and GitHub reporters print the failure and no line per number", async () => {
  const made = await project(configSource({}, `'verbose', 'github-actions'`))
  const { output } = await made.run()
  expect(output).toMatch(/^::error .*S1 session/m)
  expect(output).not.toContain('::notice')
  expect(output).not.toContain('slo.http 1')
})

test('merged blobs give the results of a complete run', async () => {
  const made = await project(configSource({}, `['blob', { outputFile: 'blobs/1.json' }]`))
  await made.run()
  await made.write('merge.config.ts', configSource({ outputDir: 'merged' }, `['junit', { outputFile: 'junit.xml' }]`))
  await made.run(['run', '--config', 'merge.config.ts', '--merge-reports', 'blobs'])

  const read = async (path: string) => readValidResults(made.path(path))
  const [whole, merged] = [await read('perf-report/results.json'), await read('merged/results.json')]
  expect(merged.scenarios).toEqual(whole.scenarios)
  expect(merged.totals).toEqual(whole.totals)
  const verdicts = (await readFile(made.path('junit.xml'), 'utf8')).match(/name="slo.verdict"/g)
  expect(verdicts).toHaveLength(2)
})

test.each<[string, (blob: string) => string, string]>([
  [
    'a negative count',
    (blob) => blob.replace('"sent":6000', '"sent":-5'),
    'slo.runs[0].sent must be a number of at least 0, received -5',
  ],
  [
    'counts that contradict each other',
    (blob) => blob.replace('"sent":6000', '"sent":6001'),
    'runs[0].offered must be at least sent + dropped, 6001, received 6000',
  ],
  ['runs of another type', (blob) => blob.replace(/"runs":"\d+"/, '"runs":5'), 'slo.runs must be an array, received 5'],
])('a scenario of a merged blob with %s is invalid, in one error', async (_, damage, problem) => {
  const made = await project(
    configSource({}, `['blob', { outputFile: 'blobs/1.json' }]`),
    `import { test } from 'vitest'
    test('S1 session', ({ task }) => {
      task.meta.slo = ${JSON.stringify(record([sampleHttpRun()], [PASSED]))}
    })`,
  )
  await made.run()
  const blob = await readFile(made.path('blobs/1.json'), 'utf8')
  expect(damage(blob)).not.toBe(blob)
  await made.write('blobs/1.json', damage(blob))
  await made.write('merge.config.ts', configSource({ outputDir: 'merged' }))
  const { exitCode, output } = await made.run(['run', '--config', 'merge.config.ts', '--merge-reports', 'blobs'])
  expect(exitCode).toBe(1)
  expect(output).not.toMatch(/TypeError|\n +at /)
  const { scenarios } = await readValidResults(made.path('merged/results.json'))
  expect(scenarios).toMatchObject([
    { verdict: 'invalid', runs: [], assertions: [{ outcome: 'invalid', received: problem }] },
  ])
  expect(scenarios[0]!.assertions[0]!.message).toBe(
    `The results of this scenario cannot be merged: the blob is damaged: ${problem}\n` +
      'Fix: run the scenarios again with this version of vitest-slo, or copy the whole blob again',
  )
})

test('a report merged from shards contains their scale and start', async () => {
  const scenario = (name: string) => `
    import { perfTest, sharedIterations } from 'vitest-slo'
    perfTest('${name}', async ({ http }) => {
      await http.run({ load: sharedIterations({ iterations: 20, vus: 2 }), request: { path: '/' } })
    })
  `
  const made = await InlineProject.create({
    'vitest.config.ts': perfConfigSource(),
    'target/server.mjs': INSTANT_TARGET,
    'perf/a.perf.ts': scenario('alpha'),
    'perf/b.perf.ts': scenario('beta'),
  })
  onTestFinished(() => made[Symbol.asyncDispose]())
  for (const shard of [1, 2]) {
    const args = ['run', `--shard=${shard}/2`, '--reporter=blob', `--outputFile=blobs/${shard}.json`]
    await made.run(args, { PERF_SCALE: 'pr', PERF_OUTPUT_DIR: `shard-${shard}` })
  }
  // Merging starts no service and selects no scale.
  const { output } = await made.run(['run', '--merge-reports', 'blobs', '--reporter=default'])
  expect(output).not.toContain('target, started')

  const read = async (folder: string) => {
    return readValidResults(made.path(`${folder}/results.json`))
  }
  const [merged, ...shards] = await Promise.all(['perf-report', 'shard-1', 'shard-2'].map(read))
  expect(merged!.scale).toBe('pr')
  expect(merged!.scenarios).toEqual(shards.flatMap(({ scenarios }) => scenarios))
  expect(merged!.startedAt).toBe(shards.map(({ startedAt }) => startedAt).toSorted()[0])
  expect(merged!.durationMs).toBe(merged!.scenarios.reduce((sum, { durationMs }) => sum + durationMs, 0))
})

const SECRETS = {
  password: 'hunter2-planted',
  bearer: 'bearer-planted-0123456789',
  query: 'query-planted-42',
  known: 'opaque-planted-77',
  cookie: 'sid-planted',
}

test('masks planted secrets in every artifact and in the terminal', async () => {
  const { password, bearer, query, known, cookie } = SECRETS
  const planted = `postgres://perf:${password}@db/x authorization: Bearer ${bearer}\nGET /a?user=${query} ${known}\ncookie: ${cookie}`
  const run = { ...sampleHttpRun(), name: `http ${known}`, load: planted, abortReason: planted, state: 'aborted' }
  const assertion = { ...INVALID, received: planted, message: planted }
  const spec = `
    import { test } from 'vitest'
    test('leaks', ({ task }) => {
      const planted = ${JSON.stringify(planted)}
      task.meta.slo = ${JSON.stringify({ runs: [{ ...run, invalidities: [{ reason: 'aborted', finding: planted, fix: planted }] }], assertions: [assertion] })}
      console.log(planted)
      console.error(planted)
      throw new Error(planted, { cause: new Error(planted) })
    })
  `
  const others = `'default', 'github-actions', ['junit', { outputFile: 'out/junit.xml' }], ['json', { outputFile: 'out/out.json' }], ['blob', { outputFile: 'out/blob.json' }]`
  const config = configSource({ outputDir: 'out' }, others).replace('test: {', `test: { globalSetup: ['./setup.ts'],`)
  const made = await project(config, spec)
  await made.write(
    'setup.ts',
    `export default (project) => project.provide('vitest-slo:run-info', {
      secrets: ['${known}'], services: [{ name: 'postgres', provider: 'external', summary: ${JSON.stringify(planted)} }] })`,
  )
  const { output } = await made.run(['run'], { GITHUB_STEP_SUMMARY: made.path('out/step.md') })

  const files = await readdir(made.path('out'))
  expect(files.toSorted()).toEqual([
    'blob.json',
    'comment.md',
    'index.html',
    'junit.xml',
    'out.json',
    'results.json',
    'step.md',
    'summary.md',
  ])
  const texts = await Promise.all(
    files.map(async (name) => [name, await readFile(made.path(join('out', name)), 'utf8')] as const),
  )
  for (const [where, text] of [...texts, ['terminal', output] as const]) {
    for (const [kind, secret] of Object.entries(SECRETS)) {
      expect(
        text.includes(secret),
        `${kind} in ${where}: …${text.slice(text.indexOf(secret) - 60, text.indexOf(secret) + 60)}`,
      ).toBe(false)
    }
    expect(`${where}: ${text}`).toContain('***')
  }
})

test('redaction can be switched off', async () => {
  const spec = SPEC.replace('too slow', 'GET /a?page=7')
  const made = await project(configSource({ redact: false }), spec)
  expect((await made.run()).output).toContain('GET /a?page=7')
})
