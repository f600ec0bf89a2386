import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { INSTANT_TARGET, InlineProject, perfConfigSource, plainText } from './report/inline-project.ts'
import type { Results, ScenarioResult } from './report/results.ts'

const HEAD = `
  import { afterEach, aroundEach, beforeEach, describe, expect } from 'vitest'
  import { constantArrivalRate, perfTest, sharedIterations } from 'vitest-slo'
  const load = sharedIterations({ iterations: 40, vus: 2 })
  const request = { path: '/' }
  const spin = () => { for (const end = performance.now() + 0.02; performance.now() < end;); }
  expect.extend({ toBeOurs: () => ({ pass: true, message: () => '' }) })
  const blocked = async (http) => {
    const block = setInterval(() => { for (const end = performance.now() + 300; performance.now() < end;); }, 350)
    try {
      return await http.run({ load: constantArrivalRate({ rate: 100, vus: 20, duration: '1500ms' }), request })
    } finally {
      clearInterval(block)
    }
  }
  const failing = (http) => http.run({
    load: constantArrivalRate({ rate: 100, vus: 20, duration: '5s' }),
    request: { ...request, expectStatus: 201 },
    abortWhen: { errorRatioAbove: 0.5, for: '1s' },
  })
  const timed = (micro) => micro.measure(spin, { duration: '1ms', minCalls: 300, warmup: '1ms' })
`

/** By name: the body of a scenario, the verdict it must come to, and what its message must say. */
const CASES = {
  'is empty': ['', 'invalid', /^Nothing was asserted/],
  'runs load and asserts nothing': ['await http.run({ load, request })', 'invalid', /Received: none on http 1/],
  'asserts only in a branch that is not taken': [
    'const run = await timed(micro); if (run.calls < 0) expect(run).toHaveP95Below(5)',
    'invalid',
    /Fix: assert on the times/,
  ],
  'calls expect in its check function alone': [
    'const check = ({ status }) => { expect(status).toBe(200); return true }; await http.run({ load, steps: [{ name: "a", request, check }] })',
    'invalid',
    /^Nothing was asserted/,
  ],
  'calls expect without a matcher': [
    'const run = await timed(micro); expect(run); expect(run).not',
    'invalid',
    /^Nothing was asserted/,
  ],
  'does not await a run': [
    'void http.run({ load, request }); expect(1).toBe(1)',
    'failed',
    /^http\.run\(\) was not awaited[^]*Fix: await http\.run\(…\)/,
  ],
  'does not await a run that ends before it does': [
    'void timed(micro); await new Promise((resolve) => setTimeout(resolve, 200)); expect(1).toBe(1)',
    'failed',
    /^micro\.measure\(\) was not awaited/,
  ],
  'awaits a run too late': [
    'void http.run({ load, request }).then((run) => expect(run).toHaveErrorRateBelow(0.5))',
    'failed',
    /^http\.run\(\) was not awaited/,
  ],
  'does not await a ledger': [
    "expect(ledger).toConserve({ entries: 'SELECT 1' }); expect(1).toBe(1)",
    'failed',
    /^expect\(ledger\)\.toConserve\(\{ entries: 'SELECT 1' \}\) was not awaited/,
  ],
  'does not await a soft ledger': [
    "expect.soft(ledger).toConserve({ entries: 'SELECT 1' }); expect(1).toBe(1)",
    'failed',
    /^expect\.soft\(ledger\)\.toConserve/,
  ],
  'can check nothing': [
    "await http.run({ load, request }); await expect(ledger).toConserve({ entries: 'SELECT 1' })",
    'skipped',
    /none of its assertions could be checked: not checked: /,
  ],
  'can check nothing softly, or resolved': [
    "await expect.soft(ledger).toConserve({ entries: 'SELECT 1' });" +
      "await expect.soft(Promise.resolve(ledger)).resolves.toConserve({ entries: 'SELECT 1' });" +
      "await Promise.all([expect(ledger).toConserve({ entries: 'SELECT 1' })])",
    'skipped',
    /none of its assertions could be checked/,
  ],
  'checks something beside what it cannot': [
    "await expect(ledger).toConserve({ entries: 'SELECT 1' }); expect(1).toBe(1)",
    'passed',
  ],
  'catches a failed assertion': [
    "const run = await timed(micro); try { expect(run).not.toHaveP95Below('9m') } catch {}",
    'failed',
    /^The scenario caught the error of an assertion that failed: not\.toHaveP95Below\('9m'\)[^]*Fix: let the error through/,
  ],
  'expects an assertion to throw': [
    "const run = await timed(micro); expect(() => expect(run).not.toHaveP95Below('9m')).toThrow()",
    'failed',
    /^The scenario caught the error/,
  ],
  'catches an invalid assertion': [
    'const run = await http.run({ load, request }); try { expect(run).toHaveP95Below(1) } catch {}',
    'invalid',
    /^The scenario caught the error of an assertion that was invalid/,
  ],
  'skips itself after a failed assertion': [
    "const run = await timed(micro); try { expect(run).not.toHaveP95Below('9m') } finally { skip('not today') }",
    'failed',
    /^The scenario was skipped after an assertion that failed/,
  ],
  'polls for a run': [
    'await expect.poll(async () => (await http.run({ load, request })).errorRatio, { timeout: 9_000 }).toBe(0)',
    'failed',
    /^A scenario cannot use expect\.poll\(\): [^]*luck\.\n\nFix: measure once/,
  ],
  'polls by the expect of its context': [
    'await http.run({ load, request }); await local.poll(() => 1).toBe(1)',
    'failed',
    /^A scenario cannot use expect\.poll\(\)/,
  ],
  'asserts on figures of a run that cannot be judged': [
    'const run = await blocked(http); expect(run.errorRatio).toBeLessThan(0.5)',
    'invalid',
    /^The run http 1 cannot be judged, and only its figures were asserted on\.\n\nExpected: [^]*Received: .*(delay|blocked|sent)[^]*\n\nFix: /,
  ],
  'asserts the opposite on figures of a run that cannot be judged': [
    'const run = await blocked(http); expect(run.errorRatio).not.toBeLessThan(0)',
    'invalid',
    /^The run http 1 cannot be judged/,
  ],
  'asserts on figures of a run that was given up': [
    'const run = await failing(http); expect(run.statuses.get(200)).toBeGreaterThan(0)',
    'failed',
    /^The run http 1 cannot be judged[^]*Received: the run was given up: /,
  ],
  'asserts on a run after one that cannot be judged': [
    "await blocked(http); expect(await timed(micro)).toHaveP95Below('9m'); expect(1).toBe(1)",
    'passed',
  ],
  'skips itself': ["await timed(micro); skip('not today')", 'skipped', /not today/],
  'asserts on the run': ["expect(await timed(micro)).toHaveP95Below('9m')", 'passed'],
  'asserts on a figure': ['expect((await http.run({ load, request })).statuses).toBeDefined()', 'passed'],
  'asserts by the expect of its context': ['local((await timed(micro)).calls).toBeGreaterThan(1)', 'passed'],
  'asserts on a run that resolves': ["await expect(timed(micro)).resolves.toHaveP95Below('9m')", 'passed'],
  'asserts by a property': ['expect((await timed(micro)).calls > 1).to.be.true', 'passed'],
  'asserts by a matcher that Vitest extends': [
    'expect(await timed(micro)).toSatisfy(({ calls }) => calls > 1)',
    'passed',
  ],
  'asserts by a matcher of its own': ['expect(await timed(micro)).toBeOurs()', 'passed'],
  'asserts by a snapshot': ['expect((await timed(micro)).calls > 1).toMatchInlineSnapshot(`true`)', 'passed'],
  'asserts on two runs at once': ['expect(await Promise.all([timed(micro), timed(micro)])).toHaveLength(2)', 'passed'],
} satisfies Record<string, [body: string, verdict: string, message?: RegExp]>

const FIXTURES = ['http', 'micro', 'ledger', 'skip']

function scenarios(): string {
  return Object.entries(CASES)
    .map(([name, [body]]) => {
      const used = FIXTURES.filter((fixture) => new RegExp(`\\b${fixture}\\b`).test(body))
      if (/\blocal\b/.test(body)) used.push('expect: local')
      return `perfTest('${name}', async ({ ${used.join(', ')} }) => { ${body} })`
    })
    .join('\n')
}

const EXPECTED_TO_FAIL = `
  perfTest.fails('fails as it is to', async ({ micro }) => expect(await timed(micro)).not.toHaveP95Below('9m'))
  perfTest.fails('passes although it is to fail', async ({ micro }) => expect(await timed(micro)).toHaveP95Below('9m'))
  perfTest.fails('is to fail and is invalid', async ({ http }) => {
    expect(await http.run({ load, request })).toHaveP95Below(1)
  })
  perfTest.fails('is to fail and asserts nothing', async ({ http }) => void (await http.run({ load, request })))
  perfTest.fails('is to fail and has a bug', async ({ micro }) => {
    const run = await timed(micro)
    run.nothing.there
    expect(run).toHaveP95Below('9m')
  })
  perfTest.fails('is to fail and has a bug in its check', async ({ http }) => {
    await http.run({ load, request: { path: '/', check: (response) => response.nothing.there } })
  })
  perfTest.fails('is to fail and has a bug after it failed', async ({ micro }) => {
    expect.soft(await timed(micro)).not.toHaveP95Below('9m')
    undefined.there
  })
  perfTest.fails('fails by a figure', async ({ micro }) => expect((await timed(micro)).calls).toBe(-1))
  perfTest.fails('fails by a matcher of its own', async ({ micro }) => expect(await timed(micro)).not.toBeOurs())
  perfTest.fails('is to fail and has a wrong option', async ({ http }) => void (await http.run({ load })))
`

const REPEATED = `
  perfTest('has retries', { retry: 2 }, () => {})
  perfTest('has repeats', { repeats: 1 }, () => {})
  perfTest.concurrent('is concurrent', () => {})
  describe.concurrent('a concurrent suite', () => void perfTest('has a scenario', () => {}))
`

const HOOKED = `
  describe('with a hook', () => {
    let run
    afterEach(() => expect(run).toHaveP95Below('9m'))
    perfTest('asserts in a hook', async ({ micro }) => void (run = await timed(micro)))
  })
  const assertElse = () => expect(process.env.PATH).toBeDefined()
  const hooks = {
    beforeEach: () => beforeEach(() => (assertElse(), assertElse)),
    afterEach: () => afterEach(() => void assertElse()),
    aroundEach: () => aroundEach(async (run) => (assertElse(), await run(), void assertElse())),
  }
  for (const [name, hook] of Object.entries(hooks))
    describe(name, () => {
      hook()
      perfTest('asserts nothing', async ({ micro }) => void (await timed(micro)))
      perfTest('asserts something', async ({ micro }) => expect((await timed(micro)).calls).toBeGreaterThan(1))
    })
`

/** A target that runs elsewhere may keep its database to itself: what needs one is then skipped. */
const elsewhere = createServer((_, response) => response.end('ok'))

let byName: ReadonlyMap<string, ScenarioResult>
let project: InlineProject
let exitCode: number | null

beforeAll(async () => {
  project = await InlineProject.create({
    'vitest.config.ts': perfConfigSource(),
    'target/server.mjs': INSTANT_TARGET,
    'perf/a.perf.ts': HEAD + scenarios() + EXPECTED_TO_FAIL + REPEATED + HOOKED,
  })
  elsewhere.listen(0, '127.0.0.1')
  await once(elsewhere, 'listening')
  const { port } = elsewhere.address() as AddressInfo
  exitCode = (await project.run(['run'], { PERF_TARGET_URL: `http://127.0.0.1:${port}` })).exitCode
  byName = new Map((await resultsOf(project)).scenarios.map((scenario) => [scenario.name, scenario]))
})
afterAll(async () => {
  await project[Symbol.asyncDispose]()
  elsewhere.closeAllConnections()
  elsewhere.close()
})

async function resultsOf(made: InlineProject): Promise<Results> {
  return JSON.parse(await readFile(made.path('perf-report/results.json'), 'utf8')) as Results
}

test.each(Object.entries(CASES))('a scenario that %s', (name, [, verdict, message = /^$/]) => {
  const { errors, note = '', ...scenario } = byName.get(name)!
  expect(scenario).toMatchObject({ verdict })
  expect(errors[0]?.message ?? note).toMatch(message)
  expect(exitCode).toBe(1)
})

test('the error of a forgotten await stands at the call', () => {
  const at = byName.get('does not await a run')!.errors[0]!.at
  const line = (HEAD + scenarios()).split('\n').findIndex((text) => text.includes("'does not await a run'")) + 1
  expect(at).toMatch(new RegExp(`^perf/a\\.perf\\.ts:${line}:`))
})

test.each([
  ['fails as it is to', 'passed'],
  ['passes although it is to fail', 'failed'],
  ['is to fail and is invalid', 'invalid'],
  ['is to fail and asserts nothing', 'failed'],
  ['is to fail and has a wrong option', 'failed'],
  ['is to fail and has a bug', 'failed'],
  ['is to fail and has a bug in its check', 'failed'],
  ['is to fail and has a bug after it failed', 'failed'],
  ['fails by a figure', 'passed'],
  ['fails by a matcher of its own', 'passed'],
])('perfTest.fails: a scenario that %s comes to %s', (name, verdict) => {
  expect(byName.get(name)).toMatchObject({ verdict })
})

test.each([
  ['has retries', 'retry: 2', 'samples until it is lucky'],
  ['has repeats', 'repeats: 1', 'changed'],
  ['is concurrent', 'concurrent: true', 'measure each other'],
  ['a concurrent suite > has a scenario', 'concurrent: true', 'measure each other'],
])('a scenario that %s is refused with the reason', (name, option, reason) => {
  const { verdict, errors } = byName.get(name)!
  expect(verdict).toBe('failed')
  expect(errors[0]!.message).toMatch(new RegExp(`^A scenario cannot have ${option}: [^]*${reason}[^]*\n\nFix: `))
})

test('a refused retry is not tried again', () => {
  expect(byName.get('has retries')!.errors).toHaveLength(1)
})

test('what a hook asserts counts', () => {
  expect(byName.get('with a hook > asserts in a hook')).toMatchObject({ verdict: 'passed' })
})

test.each(['beforeEach', 'afterEach', 'aroundEach'])('what %s asserts of anything else does not count', (hook) => {
  expect(byName.get(`${hook} > asserts nothing`)).toMatchObject({ verdict: 'invalid' })
  expect(byName.get(`${hook} > asserts something`)).toMatchObject({ verdict: 'passed' })
})

test("nothing asserted only warns where onInvalid is 'warn'", async () => {
  const warned = await InlineProject.create({
    'vitest.config.ts': perfConfigSource("onInvalid: 'warn',"),
    'target/server.mjs': INSTANT_TARGET,
    'perf/a.perf.ts': `${HEAD} perfTest('empty', () => {})`,
  })
  try {
    const run = await warned.run()
    expect(run.exitCode).toBe(0)
    expect(plainText(run.output)).toContain('InvalidRunError: Nothing was asserted')
    expect((await resultsOf(warned)).totals).toMatchObject({ invalid: 1, passed: 0 })
  } finally {
    await warned[Symbol.asyncDispose]()
  }
})
