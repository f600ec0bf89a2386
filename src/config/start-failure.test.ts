import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { InlineProject, plainText } from '../testing/inline-project.ts'

const SCENARIOS = `
  import { perfTest } from 'vitest-slo'
  perfTest('checkout', async ({ http }) => { await http.get({}) })
  perfTest('refund', async ({ http }) => { await http.get({}) })
`

test('a failed start fails every scenario with the reason, so that reports include them', async () => {
  await using project = await InlineProject.create({
    'vitest.config.ts': `
      import { definePerfConfig, target } from 'vitest-slo/config'
      const command = ['node', '-e', 'console.error("DATABASE_URL is not set"); process.exit(3)']
      export default definePerfConfig({ target: target({ command }) })`,
    'perf/shop.perf.ts': SCENARIOS,
  })
  const args = ['run', '--reporter=default', '--reporter=junit', '--outputFile.junit=junit.xml']
  const { exitCode, output } = await project.run(args)
  const printed = plainText(output)
  expect(exitCode).toBe(1)
  expect(printed).not.toContain('No test files found')
  expect(printed).toMatch(
    / FAIL {2}perf\/shop\.perf\.ts > checkout\n FAIL {2}perf\/shop\.perf\.ts > refund\nStartError: the environment did not start\.\n\ntarget: node -e .* exited before it was ready: exit code 3\nIts last lines:\n {2}\| DATABASE_URL is not set\n/,
  )
  expect(await readFile(project.path('junit.xml'), 'utf8')).toMatch(/<testsuites .*tests="2" failures="2"/)
})

test('all mistakes of a config are in one error, under the paths in the config, before anything starts', async () => {
  await using project = await InlineProject.create({
    'vitest.config.ts': `
      import { definePerfConfig, postgres, redis, target } from 'vitest-slo/config'
      export default definePerfConfig({
        scal: 'pr',
        scale: 'huge',
        reset: 'sometimes',
        generators: 0,
        seed: 'x',
        allowRemote: 5,
        secrets: 'TOKEN',
        outputDir: 7,
        onInvalid: 'pass',
        metrics: { pth: '/metrics' },
        capacity: { cores: -1 },
        test: { retry: 3 },
        exporter: { prt: 1 },
        services: [redis({ maxmemory: 'much' }), postgres(5), postgres({ name: 'orders', url: 'mysql://a:s3cret@b' }), redis()],
        target: target({ comand: ['node'], env: { A: 1 }, portVariable: 'A B', url: 'localhost:3000' }),
      })`,
    'perf/shop.perf.ts': SCENARIOS,
  })
  const { exitCode, output } = await project.run()
  expect(exitCode).toBe(1)
  const printed = plainText(output)
  expect(printed.match(/^ {2}(?=\S)[^:\n]+(?=: must|: or|: unknown)/gm)?.map((path) => path.trim())).toEqual([
    'scal',
    'reset',
    'allowRemote',
    'generators',
    'seed',
    'outputDir',
    'onInvalid',
    'secrets',
    'test.retry (--retry)',
    'scale',
    'exporter.prt',
    'exporter.port',
    'services[0].maxmemory',
    'services[1].options',
    'services[2].url',
    'services[3].name',
    'target.comand',
    'target.env.A',
    'target.portVariable',
    'target.url',
    'metrics.pth',
    'capacity.cores',
  ])
  expect(printed).toContain('\nOptionsError: definePerfConfig() received 22 invalid options:\n')
  expect(printed).not.toContain('s3cret')
  expect(printed).toContain("\n    Fix:      write, for example, url: 'http://127.0.0.1:3000'\n")
})

test.each([
  ['{ url: "http://127.0.0.1:1" }', 'target: must be the result of target()'],
  ['target', 'target: must be the result of target()'],
  ['target()', 'target: must be target() with an object of options'],
  ['target({})', 'target: must have a command that starts it, or the url of a running target'],
])('rejects target: %s by an option error with a fix', async (source, message) => {
  await using project = await InlineProject.create({
    'vitest.config.ts': `
      import { definePerfConfig, target } from 'vitest-slo/config'
      export default definePerfConfig({ target: ${source} })`,
    'perf/shop.perf.ts': SCENARIOS,
  })
  const { exitCode, output } = await project.run()
  expect(exitCode).toBe(1)
  expect(plainText(output)).toMatch(
    new RegExp(`received an invalid option:\n\n  ${message.replace(/[()]/g, '\\$&')}[^]*Fix: .*target\\(\\{ command`),
  )
})

test('a failed start fails the command, even if no scenario uses a fixture or only ordinary tests run', async () => {
  const config = `
    import { definePerfConfig } from 'vitest-slo/config'
    const start = () => Promise.reject(new Error('the service does not start'))
    export default definePerfConfig({ services: [{ name: 'broken', start }] })`
  const run = async (scenario: string) => {
    await using project = await InlineProject.create({ 'vitest.config.ts': config, 'perf/shop.perf.ts': scenario })
    const { exitCode, output } = await project.run()
    return { exitCode, output: plainText(output) }
  }
  const scenario = await run("import { perfTest } from 'vitest-slo'; perfTest('nothing', () => {})")
  expect(scenario.exitCode).toBe(1)
  expect(scenario.output).toContain('the service does not start')
  const plain = await run("import { test } from 'vitest'; test('plain', () => {})")
  expect(plain.exitCode).toBe(1)
  expect(plain.output).toContain('the service does not start')
})
