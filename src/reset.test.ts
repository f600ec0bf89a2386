import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { INSTANT_TARGET, InlineProject, perfConfigSource, plainText } from './report/inline-project.ts'
import type { Results } from './report/results.ts'

/** A service of one's own that says when it is reset. */
const SERVICE = `services: [{
  name: 'cache',
  async start() {
    const base = { name: 'cache', provider: 'own', summary: 'a cache', connection: {}, env: {} }
    return {
      ...base,
      async reset() {
        if (process.env.STUCK) throw new Error('the cache is stuck')
        console.log('RESET')
      },
      async [Symbol.asyncDispose]() {},
    }
  },
}],`

const SCENARIOS = `
  import { expect } from 'vitest'
  import { perfTest } from 'vitest-slo'
  perfTest('first', async ({ target }) => {
    console.log('FIRST')
    expect(target.url).toContain('http')
  })
  perfTest('second', async ({ target, reset }) => {
    console.log('SECOND')
    expect(target.url).toContain('http')
    if (process.env.ASKS) await reset()
  })
`

async function projectWith(options = '') {
  const project = await InlineProject.create({
    'vitest.config.ts': perfConfigSource(`${SERVICE} ${options}`),
    'target/server.mjs': INSTANT_TARGET,
    'perf/two.perf.ts': SCENARIOS,
  })
  onTestFinished(() => project[Symbol.asyncDispose]())
  return project
}

function resetsIn(output: string): number {
  return plainText(output).match(/^RESET$/gm)?.length ?? 0
}

test('services are reset before each scenario where the config asks, and when a scenario asks', async () => {
  const each = await projectWith("reset: 'each-scenario'")
  expect(resetsIn((await each.run(['run'])).output)).toBe(2)
  expect(resetsIn((await each.run(['run'], { ASKS: '1' })).output)).toBe(3)
  const never = await projectWith()
  expect(resetsIn((await never.run(['run'])).output)).toBe(0)
  expect(resetsIn((await never.run(['run'], { ASKS: '1' })).output)).toBe(1)
})

test('a reset that fails fails its scenario with the reason', async () => {
  const project = await projectWith("reset: 'each-scenario'")
  const { output, exitCode } = await project.run(['run'], { STUCK: '1' })
  expect(exitCode).toBe(1)
  expect(plainText(output)).toContain('the cache is stuck')
  expect(plainText(output)).not.toContain('FIRST')
})

test('of a target elsewhere nothing is reset, and that is said', async () => {
  const server = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => void server.close())
  const elsewhere = { PERF_TARGET_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
  const project = await projectWith("reset: 'each-scenario'")
  await project.run(['run'], elsewhere)
  const results = JSON.parse(await readFile(project.path('perf-report/results.json'), 'utf8')) as Results
  expect(results.scenarios.map(({ assertions }) => assertions)).toMatchObject(
    Array.from({ length: 2 }, () => [
      { assertion: "reset: 'each-scenario'", outcome: 'skipped', received: expect.stringContaining('runs elsewhere') },
    ]),
  )
  const { output } = await project.run(['run'], { ...elsewhere, ASKS: '1' })
  expect(plainText(output)).toContain('services cannot be reset from here: the target runs elsewhere')
})
