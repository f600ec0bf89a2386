import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasMariadb, startMariadb } from './mariadb.ts'
import { DOCS, snippets } from './snippets.ts'

const BIN = resolve(import.meta.dirname, '../../node_modules/.bin')
/** Inside the package, so that `vitest-slo` is resolved by its name. */
const PROJECT = join(DOCS, 'checks/generated-mariadb')

const CONFIG = `import { definePerfConfig, target } from 'vitest-slo/config'

export default definePerfConfig({
  scale: 'full',
  include: ['*.perf.ts'],
  target: target({
    command: ['node', '../../../fixtures/shop/mariadb-server.ts'],
    env: { SHOP_DATABASE_URL: process.env['SHOP_DATABASE_URL']!, SHOP_FAULT: process.env['SHOP_FAULT'] ?? '' },
    ready: '/healthz',
    internalPortVariable: false,
  }),
})
`

interface Results {
  readonly scenarios: readonly {
    readonly assertions: readonly { readonly assertion: string; readonly outcome: string; readonly received: string }[]
  }[]
}

if (!hasMariadb())
  console.warn('the recipe for MariaDB is not executed: mariadbd is not installed (Debian: mariadb-server)')

describe.skipIf(!hasMariadb())('the recipe for a ledger in MySQL or MariaDB', () => {
  let mariadb: Awaited<ReturnType<typeof startMariadb>>
  beforeAll(async () => {
    mariadb = await startMariadb()
    const recipe = snippets().find(({ code }) => code.includes('mysql2/promise'))!
    rmSync(PROJECT, { recursive: true, force: true })
    mkdirSync(PROJECT, { recursive: true })
    writeFileSync(join(PROJECT, 'vitest.perf.config.ts'), CONFIG)
    writeFileSync(
      join(PROJECT, 'ledger.perf.ts'),
      `import { expect } from 'vitest'
import { inflowOf, perfTest, sharedIterations } from 'vitest-slo'

perfTest('${recipe.place}', async ({ http, ledger, runId }) => {
${recipe.code}})
`,
    )
  })
  afterAll(() => mariadb?.[Symbol.asyncDispose]())

  /** Assertions of the recipe with their outcomes and received values. */
  function outcomes(fault: string): readonly (readonly [string, string, string])[] {
    const { status, stdout, stderr } = spawnSync(join(BIN, 'vitest'), ['run', '--config', 'vitest.perf.config.ts'], {
      cwd: PROJECT,
      encoding: 'utf8',
      env: { ...process.env, SHOP_DATABASE_URL: mariadb.url, SHOP_FAULT: fault, VITEST: undefined },
    })
    if (status === null) throw new Error(stdout + stderr)
    const { scenarios } = JSON.parse(readFileSync(join(PROJECT, 'perf-report/results.json'), 'utf8')) as Results
    if (scenarios.length === 0) throw new Error(stdout + stderr)
    return scenarios.flatMap(({ assertions }) =>
      assertions.map(({ assertion, outcome, received }) => [assertion.split('(')[0]!, outcome, received] as const),
    )
  }

  test('passes on a shop that stores each payment once', () => {
    expect(outcomes('')).toEqual([
      ['toApplyExactlyOnce', 'passed', expect.stringContaining('every key as expected; read outside Postgres')],
      ['toConserve', 'passed', expect.stringContaining('the total changed by 1000, from 0 to 1000')],
    ])
  })

  test('fails on a shop that stores some payments again half a second later', () => {
    expect(outcomes('twice')).toEqual([['toApplyExactlyOnce', 'failed', '4 duplicated']])
  })
})
