import { spawnSync } from 'node:child_process'
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { DOCS } from './snippets.ts'

const BIN = resolve(import.meta.dirname, '../../node_modules/.bin')
const COPIES = join(DOCS, 'checks/generated-examples')
const NAMES = globSync('*/package.json', { cwd: join(DOCS, 'examples') })
  .map((path) => path.split('/')[0]!)
  .toSorted()

const TSCONFIG = { extends: '../../../tsconfig.json', include: ['.'], exclude: [] }

/** Reasons caused by a busy machine, which are not mistakes of an example. */
const NOISE = /^(generator-saturated|offered-rate-missed|too-few-samples)$/
/** Names of the errors of assertions, whose outcomes are checked instead. */
const JUDGED = new Set(['Error', 'AssertionError', 'InvalidRunError'])

interface Results {
  readonly scenarios: readonly {
    readonly verdict: string
    readonly errors: readonly { readonly name: string; readonly message: string }[]
    readonly assertions: readonly { readonly outcome: string; readonly reason?: string; readonly message?: string }[]
  }[]
}

/** Copies are inside the package and have no `package.json`, so that `vitest-slo` is resolved by its name. */
beforeAll(() => {
  rmSync(COPIES, { recursive: true, force: true })
  cpSync(join(DOCS, 'examples'), COPIES, { recursive: true, filter: (path) => !path.endsWith('package.json') })
  writeFileSync(join(COPIES, 'tsconfig.json'), JSON.stringify(TSCONFIG))
})

test('the page lists all examples', () => {
  const page = readFileSync(join(DOCS, 'examples/README.md'), 'utf8')
  expect(NAMES).toHaveLength(6)
  expect(NAMES.filter((name) => !page.includes(`[${name}](${name})`))).toEqual([])
})

test('the examples compile', () => {
  const { stdout } = spawnSync(join(BIN, 'tsc'), ['--noEmit', '-p', COPIES], { encoding: 'utf8' })
  expect(stdout.split('\n').filter((line) => line.includes('generated-examples/'))).toEqual([])
})

describe.each(NAMES)('%s', (name) => {
  test('passes', { timeout: 300_000 }, () => {
    const cwd = join(COPIES, name)
    const inherited = Object.entries(process.env).filter(([variable]) => !/^(VITEST|PERF_)/.test(variable))
    const { stdout, stderr } = spawnSync(join(BIN, 'vitest'), ['run', '--config', 'vitest.perf.config.ts'], {
      cwd,
      encoding: 'utf8',
      env: { ...Object.fromEntries(inherited), PERF_SCALE: 'smoke' },
    })
    const { scenarios } = JSON.parse(readFileSync(join(cwd, 'perf-report/results.json'), 'utf8')) as Results
    const assertions = scenarios.flatMap((scenario) => scenario.assertions)
    if (assertions.length === 0) throw new Error(stdout + stderr)
    const wrong = assertions.filter(({ outcome, reason = '' }) => outcome !== 'passed' && !NOISE.test(reason))
    expect(wrong.map(({ message }) => message ?? stdout)).toEqual([])
    // An error that stops a scenario, such as an unknown option of a matcher, is not among its assertions.
    const stopped = scenarios.flatMap(({ errors }) => errors).filter(({ name }) => !JUDGED.has(name))
    expect(stopped).toEqual([])
  })
})
