import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { schemaMistakes } from '../../src/testing/valid-results.ts'
import { brokenLinks } from './links.ts'
import { PROJECT, writeProject } from './project.ts'
import { matcherNames, optionNames } from './public-names.ts'
import { DOCS, snippets } from './snippets.ts'

const BIN = resolve(import.meta.dirname, '../../node_modules/.bin')
const all = snippets()
const shown = all.map(({ code }) => code).join('\n')

/** Interfaces whose options each need an example. */
const OPTIONS = [
  ['load/load-options.ts', 'ConstantVusOptions'],
  ['load/load-options.ts', 'RampingVusOptions'],
  ['load/load-options.ts', 'ConstantArrivalRateOptions'],
  ['load/load-options.ts', 'RampingArrivalRateOptions'],
  ['load/load-options.ts', 'SharedIterationsOptions'],
  ['load/load-options.ts', 'SpikeOptions'],
  ['http/types.ts', 'HttpLoadOptions'],
  ['http/types.ts', 'StepOption'],
  ['http/types.ts', 'RecordOption'],
  ['websocket/fan-out/fan-out-options.ts', 'FanOutOptions'],
  ['websocket/conversation/conversation-options.ts', 'ConversationOptions'],
  ['websocket/conversation/conversation-options.ts', 'ConversationStep'],
  ['websocket/sockets/socket-options.ts', 'SocketOptions'],
  ['matchers/arguments.ts', 'PercentileOptions'],
  ['matchers/pool-usage.ts', 'PoolOptions'],
  ['freshness/freshness.ts', 'FreshnessOptions'],
  ['micro/options.ts', 'MeasureOptions'],
  ['config/config-options.ts', 'PerfConfig'],
  ['runs/request-run.ts', 'MeasuredHttpRun'],
] as const

/** Options described only in the text, because an example would need a separate server or a failure. */
const IN_TEXT = new Set(['framing', 'unavailable'])

interface Scenario {
  readonly name: string
  readonly errors: readonly { readonly name: string; readonly message: string }[]
  readonly assertions: readonly {
    readonly assertion: string
    readonly outcome: string
    readonly reason?: string
    readonly message?: string
  }[]
}

let files: ReturnType<typeof writeProject>
beforeAll(() => {
  files = writeProject(all)
})

test('no link is broken', () => {
  expect(brokenLinks()).toEqual([])
})

test('every matcher has an example', () => {
  const names = matcherNames()
  expect(names.length).toBeGreaterThan(20)
  expect(names.filter((name) => !shown.includes(`.${name}(`) && name !== 'toStayFresherThan')).toEqual([])
})

test('every fixture is documented', () => {
  const pages = readFileSync(join(DOCS, 'evidence.md'), 'utf8') + shown
  expect(
    optionNames('fixtures/perf-fixtures.ts', 'PerfFixtures').filter((name) => !new RegExp(`\\b${name}\\b`).test(pages)),
  ).toEqual([])
})

test.each(OPTIONS)('every option of %s %s has an example', (file, name) => {
  const missing = optionNames(file, name).filter(
    (option) => !IN_TEXT.has(option) && !new RegExp(`\\b${option}\\b`).test(shown),
  )
  expect(missing).toEqual([])
})

test('examples compile', () => {
  const { stdout } = spawnSync(join(BIN, 'tsc'), ['--noEmit', '-p', PROJECT], { encoding: 'utf8' })
  expect(stdout.split('\n').filter((line) => line.includes('generated/'))).toEqual([])
})

test('configs load', async () => {
  const configs = files.filter(({ file }) => file.startsWith('configs/'))
  expect(configs.length).toBeGreaterThan(2)
  for (const { file } of configs) {
    const config = (await import(/* @vite-ignore */ join(PROJECT, file))) as {
      default: { test: { include?: readonly string[]; projects?: readonly { test: { include: readonly string[] } }[] } }
    }
    const { test: options } = config.default.test.projects?.at(-1) ?? config.default
    expect(options.include).toEqual([expect.stringContaining('perf/**/*.perf.')])
  }
})

describe('run', () => {
  let results: { readonly scenarios: readonly Scenario[] }
  let scenarios: readonly Scenario[]
  beforeAll(() => {
    const args = ['run', '--config', 'vitest.perf.config.ts']
    const { status, stdout, stderr } = spawnSync(join(BIN, 'vitest'), args, {
      cwd: PROJECT,
      encoding: 'utf8',
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|PERF_)/.test(name))),
    })
    if (status === null) throw new Error(stdout + stderr)
    results = JSON.parse(readFileSync(join(PROJECT, 'perf-report/results.json'), 'utf8')) as typeof results
    scenarios = results.scenarios
  }, 600_000)

  test('results.json matches its schema', () => {
    expect(schemaMistakes(results)).toEqual([])
  })

  test('every example is executed', () => {
    const bodies = all.filter(({ isFile, isRun }) => !isFile && isRun).map(({ place }) => place)
    expect(bodies.filter((place) => !scenarios.some(({ name }) => name === place))).toEqual([])
  })

  test('no example fails', () => {
    const wrong = scenarios.flatMap(({ name, errors, assertions }) => [
      ...errors.filter(({ message }) => !message.startsWith('expect(')).map(({ message }) => `${name}: ${message}`),
      ...assertions.filter(isWrong).map(({ message }) => `${name}: ${message}`),
    ])
    expect(wrong).toEqual([])
  })
})

/** Whether an outcome is a mistake of the example. Time limits, and the load itself, may be too much for a busy machine. */
function isWrong({ assertion, outcome, reason }: Scenario['assertions'][number]): boolean {
  if (outcome === 'invalid')
    return !/^(generator-saturated|offered-rate-missed|too-few-samples|undecided|nothing-asserted)$/.test(reason ?? '')
  return outcome === 'failed' && !/^to(HaveP|DeliverWithin|ConnectWithin|HaveCpuBelow|StayFresherThan)/.test(assertion)
}
