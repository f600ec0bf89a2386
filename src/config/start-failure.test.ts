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

test('a service with invalid options fails every scenario', async () => {
  await using project = await InlineProject.create({
    'vitest.config.ts': `
      import { definePerfConfig, redis } from 'vitest-slo/config'
      export default definePerfConfig({ services: [redis({ maxmemory: 'much' })] })`,
    'perf/shop.perf.ts': SCENARIOS,
  })
  const { exitCode, output } = await project.run()
  expect(exitCode).toBe(1)
  expect(plainText(output)).toContain(`
StartError: definePerfConfig() received an invalid option:

  services.redis.maxmemory: must be a number of bytes, or one with kb, mb or gb
    Received: 'much'
    Fix:      write, for example, maxmemory: '64mb'
`)
})

test('a failed start fails the command, even if no scenario uses a fixture or only ordinary tests run', async () => {
  const config = `
    import { definePerfConfig, redis } from 'vitest-slo/config'
    export default definePerfConfig({ services: [redis({ maxmemory: 'much' })] })`
  const run = async (scenario: string) => {
    await using project = await InlineProject.create({ 'vitest.config.ts': config, 'perf/shop.perf.ts': scenario })
    const { exitCode, output } = await project.run()
    return { exitCode, output: plainText(output) }
  }
  const scenario = await run("import { perfTest } from 'vitest-slo'; perfTest('nothing', () => {})")
  expect(scenario.exitCode).toBe(1)
  expect(scenario.output).toContain('services.redis.maxmemory: must be')
  const plain = await run("import { test } from 'vitest'; test('plain', () => {})")
  expect(plain.exitCode).toBe(1)
  expect(plain.output).toContain('services.redis.maxmemory: must be')
})
