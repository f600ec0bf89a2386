import { readFile } from 'node:fs/promises'
import { expect, onTestFinished, test } from 'vitest'
import { configSource, INSTANT_TARGET, InlineProject, perfConfigSource, plainText } from '../testing/inline-project.ts'
import type { Results } from './results.ts'

/** Tests with the record of a scenario. */
const SCENARIOS = (...names: readonly string[]) => `
  import { test } from 'vitest'
  const slo = { runs: [], assertions: [] }
  ${names.map((name) => `test('${name}', ({ task }) => { task.meta.slo = slo })`).join('\n')}
`

async function project() {
  const made = await InlineProject.create({
    'vitest.config.ts': configSource({ outputDir: 'out' }),
    'a.perf.ts': SCENARIOS('checkout', 'refund'),
    'b.perf.ts': SCENARIOS('search'),
  })
  onTestFinished(() => made[Symbol.asyncDispose]())
  const read = async (folder: string) => {
    const text = await readFile(made.path(`${folder}/results.json`), 'utf8').catch(() => undefined)
    if (text === undefined) return undefined
    const { scenarios, isPartial = false } = JSON.parse(text) as Results
    const names = scenarios.filter(({ verdict }) => verdict !== 'skipped').map(({ name }) => name)
    return { names: names.toSorted(), isPartial }
  }
  return {
    made,
    /** The results in both folders after a run, and its `Report` line. */
    async run(...args: readonly string[]) {
      const { output } = await made.run(['run', ...args])
      const [, line] = /Report {2}(.*)/.exec(plainText(output)) ?? []
      return { all: await read('out'), partial: await read('out/partial'), line: line?.replace(made.root, '') }
    },
  }
}

const ALL = { names: ['checkout', 'refund', 'search'], isPartial: false }

test('a run with a filter does not replace the report of all scenarios', async () => {
  const { run } = await project()
  expect(await run()).toEqual({ all: ALL, partial: undefined, line: '/out/index.html' })
  const line = '/out/partial/index.html (these scenarios only; the report of all scenarios is unchanged)'
  expect(await run('-t', 'refund')).toEqual({ all: ALL, partial: { names: ['refund'], isPartial: true }, line })
  expect(await run('b.perf')).toEqual({ all: ALL, partial: { names: ['search'], isPartial: true }, line })
  expect(await run('--shard', '1/2')).toMatchObject({ all: ALL, line })
  expect(await run()).toMatchObject({ all: ALL, line: '/out/index.html' })
})

test('a partial run uses the output folder if it holds no report of all scenarios', async () => {
  const { run } = await project()
  const first = { all: { names: ['refund'], isPartial: true }, partial: undefined, line: '/out/index.html' }
  expect(await run('-t', 'refund')).toEqual(first)
  expect(await run('b.perf')).toMatchObject({ all: { names: ['search'] }, partial: undefined })
  expect(await run()).toMatchObject({ all: ALL, line: '/out/index.html' })
})

test('a run in which no scenario starts, or one with .only, does not replace the report of all scenarios', async () => {
  const { made, run } = await project()
  await run()
  expect(await run('-t', 'nothing of this name')).toMatchObject({ all: ALL })
  await made.write('b.perf.ts', SCENARIOS('search').replace("test('search'", "test.only('search'"))
  await made.write('a.perf.ts', 'import { test } from "vitest"; test.skip("checkout", () => {})')
  expect((await run('b.perf')).all).toEqual(ALL)
})

test('a run that skips every scenario does not replace the report of all scenarios', async () => {
  const passes = `import { perfTest } from 'vitest-slo'
    perfTest('checkout', ({ expect }) => expect(1).toBe(1))`
  const made = await InlineProject.create({
    'vitest.config.ts': perfConfigSource(),
    'target/server.mjs': INSTANT_TARGET,
    'perf/a.perf.ts': passes,
  })
  onTestFinished(() => made[Symbol.asyncDispose]())
  const results = () => readFile(made.path('perf-report/results.json'), 'utf8')
  await made.run()
  const first = await results()
  expect(JSON.parse(first)).toMatchObject({ totals: { skipped: 0 }, scenarios: [{ name: 'checkout' }] })

  await made.write('perf/a.perf.ts', passes.replace('perfTest(', 'perfTest.skip('))
  const { output, exitCode } = await made.run()
  expect(await results()).toBe(first)
  expect(plainText(output)).toContain('index.html (from an earlier run: no scenario started)')
  expect(plainText(output)).toContain('vitest-slo: nothing ran: all scenarios are skipped, or not selected (1)\n')
  expect(exitCode).toBe(0)
})

test('a command whose -t and tags together select no scenario fails', async () => {
  const { made } = await project()
  const tags = "test: { tags: [{ name: 'slow' }],"
  await made.write('vitest.config.ts', configSource({ outputDir: 'out' }).replace('test: {', tags))
  await made.write('c.perf.ts', "import { test } from 'vitest'; test('report', { tags: ['slow'] }, () => {})")
  const none = await made.run(['run', '-t', 'refund', '--tags-filter', 'slow'])
  expect(none.exitCode).toBe(1)
  expect(plainText(none.stderr)).toContain('vitest-slo: nothing ran: no scenario matches -t refund --tags-filter slow')
  const one = await made.run(['run', '-t', 'report', '--tags-filter', 'slow'])
  expect(one.exitCode).toBe(0)
  expect(plainText(one.stderr)).not.toContain('vitest-slo')
})
