import { readdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { InlineProject, plainText } from '../testing/inline-project.ts'

const SRC = resolve(import.meta.dirname, '..')

const CONFIG = `
  import { definePerfConfig } from '${SRC}/config/index.ts'
  export default definePerfConfig({ test: { reporters: 'default' } })
`

/** Measures a function that takes `SPIN_US`. */
const SCENARIO = `
  import { expect } from 'vitest'
  import { perfTest } from '${SRC}/index.ts'

  const spin = (us) => {
    const end = performance.now() + us / 1000
    while (performance.now() < end);
  }
  const options = { duration: '100ms', minCalls: 300 }

  perfTest('parses', async ({ micro, baseline }) => {
    const run = await micro.measure('parse', () => spin(Number(process.env.SPIN_US)), options)
    expect(run).toBeNoSlowerThan(await baseline.of(run), { tolerance: 0.9 })
  })
`

/** Config from which Vitest creates a second project for benchmarks; both receive the run's target and services. */
const BENCH_CONFIG = `
  import { definePerfConfig } from 'vitest-slo/config'
  export default definePerfConfig({ test: { benchmark: { enabled: true } } })
`

const READS_ITS_SCALE = `
  import { expect } from 'vitest'
  import { perfTest } from 'vitest-slo'
  perfTest('reads its scale', ({ scale }) => expect(scale.name).toBe('smoke'))
`

const BENCH = `
  import { expect } from 'vitest'
  import { perfTest } from 'vitest-slo'
  const spin = (us) => {
    const end = performance.now() + us / 1000
    while (performance.now() < end);
  }
  perfTest('parses', async ({ bench, scale }) => {
    expect(scale.name).toBe('smoke')
    const options = { time: 0, iterations: 20 }
    const now = await bench('spin', { writeResult: './benches/spin.json' }, () => spin(500)).run(options)
    const before = await bench.from('spin', './benches/spin.json').run()
    const quick = await bench('quick', () => spin(5)).run(options)
    expect(now).not.toBeFasterThan(before)
    expect(quick).toBeFasterThan(before, { delta: 0.1 })
  })
`

test('compares a scenario with its baseline, which is stored like a snapshot', { timeout: 120_000 }, async () => {
  const project = await InlineProject.create({ 'vitest.config.ts': CONFIG, 'perf/parse.perf.ts': SCENARIO })
  onTestFinished(() => project[Symbol.asyncDispose]())
  const run = async (spinUs: number, args: readonly string[] = ['run'], env: NodeJS.ProcessEnv = {}) => {
    const { exitCode, output } = await project.run(args, { SPIN_US: String(spinUs), ...env })
    return { exitCode, text: plainText(output) }
  }
  const missing = await run(100, ['run'], { CI: '1' })
  expect(missing).toMatchObject({ exitCode: 1 })
  expect(missing.text).toContain('BaselineError: There is no baseline of parse')

  expect(await run(100)).toMatchObject({ exitCode: 0 })
  expect(await readdir(project.path('perf/__baselines__/parse.perf.ts'))).toEqual(['parses-parse.json'])

  const slower = await run(1000)
  expect(slower).toMatchObject({ exitCode: 1 })
  expect(slower.text).toMatch(/expect\(run\)\.toBeNoSlowerThan\(baseline, \{ tolerance: 0\.9 \}\)/)
  expect(slower.text).toMatch(/Received: p50 \+\d{3}.*% \(\d+ µs|Received: p50 /)

  expect(await run(1000, ['run', '-u'])).toMatchObject({ exitCode: 0 })
  // On a busy machine the interval may be too wide and the run invalid, but it is never slower than itself.
  const { text } = await run(1000, ['run'], { CI: '1' })
  expect(text).not.toMatch(/BaselineError|^Error: expect/m)
})

test("stores and compares the results of Vitest's own benchmarks", { timeout: 60_000 }, async () => {
  const project = await InlineProject.create({
    'vitest.config.ts': BENCH_CONFIG,
    'parse.bench.ts': BENCH,
    'perf/scale.perf.ts': READS_ITS_SCALE,
  })
  onTestFinished(() => project[Symbol.asyncDispose]())
  const { exitCode, output } = await project.run(['run'], { PERF_SCALE: 'smoke' })
  const text = plainText(output)
  expect({ exitCode, text }).toMatchObject({ exitCode: 0 })
  expect(text.match(/vitest-slo {2}scale smoke/g)).toHaveLength(1)
  expect(text).toContain('2 passed')
  expect(await readdir(project.path('benches'))).toEqual(['spin.json'])
})
