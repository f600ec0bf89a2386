import { readFile } from 'node:fs/promises'
import { expect, onTestFinished, test } from 'vitest'
import { INSTANT_TARGET, InlineProject, perfConfigSource, plainText } from '../testing/inline-project.ts'
import type { Results } from './results.ts'

const FILES = {
  'perf/before.perf.ts': `
    import { expect } from 'vitest'
    import { perfTest } from 'vitest-slo'
    perfTest.beforeAll(() => { throw new Error('no users') })
    perfTest('prevented', ({ target }) => expect(target.url).toContain('http'))
    perfTest.skip('left out', ({ target }) => expect(target.url).toContain('http'))
  `,
  'perf/after.perf.ts': `
    import { expect } from 'vitest'
    import { perfTest, sharedIterations } from 'vitest-slo'
    let run
    perfTest.afterAll(() => expect(run).toHaveP50Below(0.001))
    perfTest.describe('a suite', () => {
      perfTest.afterAll(() => { throw new Error('rows are left') })
      perfTest('judged afterwards', async ({ http }) => {
        run = await http.run({ load: sharedIterations({ iterations: 40, vus: 2 }), request: { path: '/' } })
        expect(run).toHaveErrorRateBelow(0.5)
      })
    })
    perfTest('outside of the suite', ({ target }) => expect(target.url).toContain('http'))
  `,
}

test('a failed hook of a file or suite fails its scenarios, and no others', async () => {
  const project = await InlineProject.create({
    'vitest.config.ts': perfConfigSource(),
    'target/server.mjs': INSTANT_TARGET,
    ...FILES,
  })
  onTestFinished(() => project[Symbol.asyncDispose]())
  const { exitCode, output } = await project.run()
  const text = plainText(output)
  expect({ exitCode, text }).toMatchObject({ exitCode: 1 })
  const { scenarios, totals } = JSON.parse(await readFile(project.path('perf-report/results.json'), 'utf8')) as Results
  expect(
    scenarios
      .map(({ name, verdict, errors }) => [name, verdict, errors.map(({ message }) => message.split('\n')[0])])
      .toSorted(([a], [b]) => String(a).localeCompare(String(b))),
  ).toEqual([
    ['a suite > judged afterwards', 'failed', ['rows are left']],
    ['left out', 'skipped', []],
    ['outside of the suite', 'passed', []],
    ['prevented', 'failed', ['no users']],
  ])
  expect(totals).toMatchObject({ passed: 1, failed: 2, invalid: 0, skipped: 1 })
  expect(text).toMatch(/FAIL +prevented/)
  expect(text).toMatch(/FAIL +a suite > judged afterwards/)
  // An assertion outside of a scenario fails the command, also if the hook catches it.
  expect(text).toMatch(/Scenarios +2 failed +1 passed +1 skipped +\(4\)\nErrors +1 outside of scenarios\n/)
})
