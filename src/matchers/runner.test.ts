import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ScenarioRecord } from '../results/result.ts'
import { InlineProject, plainText } from '../testing/inline-project.ts'

const HERE = import.meta.dirname

/** Scenario that Vitest transforms, while Node loads the framework, as in a project that has installed it. */
const CONFIG = `
  export default {
    test: {
      include: ['*.perf.ts'],
      reporters: ['default', './recorder.ts'],
      benchmark: { enabled: true, retainSamples: true },
      server: { deps: { external: [/^${HERE.replaceAll('/', '\\/')}\\/(?!.*test)/, /\\/src\\//] } },
    },
  }
`

const RECORDER = `
  import { writeFileSync } from 'node:fs'
  const outcomes = {}
  export default class {
    onTestCaseResult(test) {
      const { state, errors = [] } = test.result()
      const shown = errors.map(({ name, message }) => ({ name, message: message.split('\\n')[0] }))
      outcomes[test.name] = { state, errors: shown, slo: test.meta().slo }
    }
    onTestRunEnd() {
      writeFileSync(new URL('outcomes.json', import.meta.url), JSON.stringify(outcomes))
    }
  }
`

const SPEC = `
import { expect, test } from 'vitest'
import '${HERE}/register.ts'
import { sampleHttpRun } from '${HERE}/../testing/sample-runs.ts'

const run = sampleHttpRun()
const short = sampleHttpRun({ seconds: 1, perSecond: 50 })

test('passes', () => {
  expect(run).toHaveP95Below(150)
})

test('fails', () => {
  expect(run).toHaveP95Below(50)
})

test('goes on after a soft failure and a soft invalid run', () => {
  expect.soft(run).toHaveP95Below(50)
  expect.soft(short).not.toHaveP95Below(50)
  expect.soft(run).toHaveErrorRateBelow(0.001)
})

test('uses the expect of its context', ({ expect: local }) => {
  local(short).not.toHaveP95Below(1)
})
`

function lineOf(code: string): number {
  return SPEC.split('\n').indexOf(code) + 1
}

const BENCH = `
import { expect, test } from 'vitest'
import '${HERE}/register.ts'

/** Blocks for at least the given number of microseconds. */
const spin = (us) => {
  const end = performance.now() + us / 1000
  while (performance.now() < end);
}

test('judges the samples of its bench fixture', async ({ bench }) => {
  const result = await bench('spin', () => spin(30)).run({ time: 0, iterations: 300, warmup: false })
  expect(result).toHaveP95Below('9m')
  expect(result).not.toHaveP95Below(0.001)
})
`

interface Reported {
  readonly state: string
  readonly errors: readonly { readonly name: string; readonly message: string }[]
  readonly slo?: ScenarioRecord
}

describe('a scenario in the real runner', () => {
  let project: InlineProject
  let output: string
  let exitCode: number | null
  let outcomes: Record<string, Reported>

  beforeAll(async () => {
    project = await InlineProject.create({
      'vitest.config.ts': CONFIG,
      'recorder.ts': RECORDER,
      'checkout.perf.ts': SPEC,
      'spin.bench.ts': BENCH,
    })
    const run = await project.run()
    output = plainText(run.output)
    exitCode = run.exitCode
    outcomes = JSON.parse(await readFile(project.path('outcomes.json'), 'utf8')) as Record<string, Reported>
  })

  afterAll(() => project[Symbol.asyncDispose]())

  test('fails the command, with the line of the scenario in the code frame', () => {
    expect(exitCode).toBe(1)
    const line = lineOf('  expect(run).toHaveP95Below(50)')
    expect(output).toContain(`❯ checkout.perf.ts:${line}:15`)
    expect(output).toMatch(new RegExp(`${line}\\|\\s+expect\\(run\\)\\.toHaveP95Below\\(50\\)\\n\\s+\\|\\s+\\^`))
    expect(output).not.toMatch(/❯ .*matchers\/(define|call)\.ts/)
  })

  test('shows an invalid run under its own name, with its line', () => {
    expect(output).toContain('InvalidRunError: expect(run).not.toHaveP95Below(1)')
    expect(output).toContain(`❯ checkout.perf.ts:${lineOf('  local(short).not.toHaveP95Below(1)')}:20`)
  })

  test('reports outcomes and errors', () => {
    expect(outcomes['passes']?.state).toBe('passed')
    expect(outcomes['goes on after a soft failure and a soft invalid run']).toMatchObject({
      state: 'failed',
      errors: [
        { name: 'Error', message: 'expect.soft(run).toHaveP95Below(50)' },
        { name: 'InvalidRunError', message: 'expect.soft(run).not.toHaveP95Below(50)' },
      ],
    })
  })

  test('accepts results of Vitest benchmarks', () => {
    expect(outcomes['judges the samples of its bench fixture']).toMatchObject({ state: 'passed', errors: [] })
  })

  test('passes the record of every assertion to the reporter', () => {
    const outcomeOf = (name: string) => outcomes[name]?.slo?.assertions.map(({ outcome, reason }) => reason ?? outcome)
    expect(outcomeOf('passes')).toEqual(['passed'])
    expect(outcomeOf('fails')).toEqual(['failed'])
    expect(outcomeOf('goes on after a soft failure and a soft invalid run')).toEqual([
      'failed',
      'too-few-samples',
      'passed',
    ])
    expect(outcomeOf('uses the expect of its context')).toEqual(['too-few-samples'])
  })
})
