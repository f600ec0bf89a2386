import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { configSource, InlineProject, plainText } from '../testing/inline-project.ts'

const SRC = `${import.meta.dirname}/..`
/** A target can send any text, also one with colours. */
const SPEC = `
import { expect, test } from 'vitest'
import '${SRC}/matchers/register.ts'
import { sampleHttpRun } from '${SRC}/testing/sample-runs.ts'

test('fails', () => {
  expect(sampleHttpRun()).toHaveP95Below(50)
})

test('is invalid', () => {
  expect(sampleHttpRun({ seconds: 1, perSecond: 50 })).toHaveP95Below(50)
})

test('compares its own failure', () => {
  expect(() => expect(sampleHttpRun()).toHaveP95Below(50)).toThrow('Expected: p95 < 50 ms\\nReceived: p95 = 104 ms')
})
`

let project: InlineProject
beforeAll(async () => {
  project = await InlineProject.create({
    'vitest.config.ts': configSource(
      {},
      "'default', ['junit', { outputFile: 'junit.xml' }], ['json', { outputFile: 'all.json' }]",
    ),
    'a.perf.ts': SPEC,
  })
})
afterAll(() => project[Symbol.asyncDispose]())

const EXPECTED = 'Expected: \u001b[32mp95 < 50 ms\u001b'
const RECEIVED = 'Received: \u001b[31mp95 = 104 ms'

test('failures have the colours of Vitest in a terminal, and only there', async () => {
  const { output } = await project.runInTerminal(['run'])
  expect(output).toContain(EXPECTED)
  expect(output).toContain(RECEIVED)
  expect(output).toContain('Received: \u001b[31mINVALID, not judged.')
  for (const file of ['junit.xml', 'perf-report/results.json', 'perf-report/summary.md', 'perf-report/index.html']) {
    const text = await readFile(project.path(file), 'utf8')
    expect(text).toMatch(/p95 (<|&lt;) 50 ms/)
    // oxlint-disable-next-line eslint/no-control-regex
    expect(text).not.toMatch(/\u001b|\\u001b|\[3[129]m/)
  }
})

test.each<[string, () => Promise<{ readonly output: string }>]>([
  ['NO_COLOR is set', () => project.runInTerminal(['run'], undefined, { NO_COLOR: '1' })],
  ['the output is a pipe', () => project.run()],
])('failures have no colours if %s', async (_, run) => {
  const { output } = await run()
  expect(output).toMatch(/Expected: p95 < 50 ms\r?\nReceived: p95 = 104 ms/)
})

test('a scenario can compare the message of a failure, with and without colours', async () => {
  const { output } = await project.runInTerminal(['run'])
  expect(plainText(output)).toMatch(/Tests {2}2 failed \| 1 passed/)
})
