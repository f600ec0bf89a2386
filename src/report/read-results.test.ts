import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { COMPARED, FAILED, METRICS, sampleHttpRun, sampleMergedRun } from '../testing/sample-records.ts'
import { sampleResults, scenario } from '../testing/sample-results.ts'
import { readResults, ResultsFileError } from './read-results.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slo-results-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
})

async function written(text: string): Promise<string> {
  const file = join(folder, 'results.json')
  await writeFile(file, text)
  return file
}

/** Message of the error for a file, which has two lines. */
async function errorFor(text: string): Promise<string> {
  const file = await written(text)
  const error = await readResults(file).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ResultsFileError)
  return (error as Error).message.replaceAll(folder, '…')
}

/** Sample results with the value at a path replaced. */
function changed(path: string, value: unknown): string {
  const results: unknown = JSON.parse(JSON.stringify(sampleResults()))
  const keys = path.split('.')
  const last = keys.pop()!
  let at = results as Record<string, unknown>
  for (const key of keys) at = at[key] as Record<string, unknown>
  at[last] = value
  return JSON.stringify(results)
}

describe('results with contradictions', () => {
  const run = 'scenarios.0.runs.0'
  const fanOut = 'scenarios.3.runs.0'
  test.each<[string, string, unknown, string]>([
    [
      'a passed scenario with a failed assertion',
      'scenarios.1.verdict',
      'passed',
      `scenarios[1].verdict must be 'failed' because assertions[1] failed, received "passed"`,
    ],
    [
      'an invalid scenario with a failed assertion',
      'scenarios.1.verdict',
      'invalid',
      `scenarios[1].verdict must be 'failed' because assertions[1] failed, received "invalid"`,
    ],
    [
      'a passed scenario with an invalid assertion',
      'scenarios.2.verdict',
      'passed',
      `scenarios[2].verdict must be 'invalid' or 'failed' because assertions[0] is invalid, received "passed"`,
    ],
    [
      'a passed assertion with a reason',
      'scenarios.2.assertions.0.outcome',
      'passed',
      `scenarios[2].assertions[0].outcome must be 'invalid' because there is a reason, received "passed"`,
    ],
    ['totals of other scenarios', 'totals.failed', 0, 'totals.failed must be 1, the number in scenarios, received 0'],
    [
      'more sent than due',
      `${run}.sent`,
      6001,
      'scenarios[0].runs[0].offered must be at least sent + dropped, 6001, received 6000',
    ],
    [
      'more responses than requests',
      `${run}.completed`,
      6001,
      'scenarios[0].runs[0].completed must be at most sent, 6000, received 6001',
    ],
    [
      'more errors than requests',
      `${run}.errors`,
      { reset: 6001 },
      'scenarios[0].runs[0].errors must add up to at most offered, 6000, received 6001',
    ],
    [
      'more times than requests',
      `${run}.latency.count`,
      6001,
      'scenarios[0].runs[0].latency.count must be at most 6000, the number of requests, received 6001',
    ],
    [
      'more infinite times than times',
      `${run}.latency.infiniteCount`,
      6001,
      'scenarios[0].runs[0].latency.infiniteCount must be at most count, 6000, received 6001',
    ],
    [
      'a p95 below the median',
      `${run}.latency.p95Ms`,
      1,
      'scenarios[0].runs[0].latency.p95Ms must be at least p90Ms, 50.015, received 1',
    ],
    [
      'a maximum below the minimum',
      `${run}.latency.maxMs`,
      1,
      'scenarios[0].runs[0].latency.maxMs must be at least minMs, 10.011, received 1',
    ],
    [
      'a phase that ends before it starts',
      `${run}.phases.1.endMs`,
      4000,
      'scenarios[0].runs[0].phases[1].endMs must be at least startMs, 5000, received 4000',
    ],
    [
      'half a histogram',
      `${run}.latencyHistogram.buckets`,
      [1],
      'scenarios[0].runs[0].latencyHistogram is not a histogram: buckets missing',
    ],
    [
      'deliveries that nobody expected',
      `${fanOut}.deliveries.missing`,
      0,
      'scenarios[3].runs[0].deliveries.expected must be onTime + late + missing, 9998, received 10000',
    ],
    [
      'receipts that are neither on time nor late',
      `${fanOut}.deliveries.received`,
      10_000,
      'scenarios[3].runs[0].deliveries.received must be onTime + late, 9998, received 10000',
    ],
    [
      'more sockets than requested',
      `${fanOut}.sockets.subscribed`,
      501,
      'scenarios[3].runs[0].sockets.subscribed must be at most requested, 500, received 501',
    ],
    [
      'a series without times',
      'scenarios.1.runs.1.series.0.atSec',
      [],
      'scenarios[1].runs[1].series[0].values must have as many elements as atSec, 0, received 60',
    ],
  ])('rejects %s', async (_, path, value, problem) => {
    expect(await errorFor(changed(path, value))).toBe(
      `…/results.json is damaged: ${problem}\nFix: run the scenarios again, or copy the whole file again`,
    )
  })
})

describe('results of another shape', () => {
  test.each<[string, string, unknown, string]>([
    [
      'text as a number',
      'scenarios.0.durationMs',
      'NaN',
      'scenarios[0].durationMs must be a number of at least 0, received "NaN"',
    ],
    [
      'text as a time',
      'scenarios.0.runs.0.latency.p50Ms',
      'NaN',
      `scenarios[0].runs[0].latency.p50Ms must be a number of at least 0 or "Infinity", received "NaN"`,
    ],
    [
      'a negative count',
      'scenarios.0.runs.0.sent',
      -1,
      'scenarios[0].runs[0].sent must be a number of at least 0, received -1',
    ],
    [
      'a negative count of errors',
      'scenarios.0.runs.0.errors',
      { reset: -1 },
      `scenarios[0].runs[0].errors['reset'] must be a number of at least 0, received -1`,
    ],
    [
      'a time in an infinite list',
      'scenarios.0.runs.0.timeline.3.p95Ms',
      null,
      'scenarios[0].runs[0].timeline[3].p95Ms must be a number of at least 0 or "Infinity", received null',
    ],
    [
      'a run of an unknown kind',
      'scenarios.0.runs.0.kind',
      '__proto__',
      `scenarios[0].runs[0].kind must be one of 'fanOut', 'conversation', 'http', 'micro', received "__proto__"`,
    ],
    [
      'a run without a kind',
      'scenarios.0.runs.0',
      {},
      `scenarios[0].runs[0].kind must be one of 'fanOut', 'conversation', 'http', 'micro', received nothing`,
    ],
    ['text as an object', 'environment', '<b>', 'environment must be an object, received "<b>"'],
    [
      'an object as text',
      'scenarios.0.name',
      { toString: 1 },
      'scenarios[0].name must be a string, received an object',
    ],
    [
      'one second as an interval',
      'scenarios.0.assertions.0.between',
      [1],
      'scenarios[0].assertions[0].between must have 2 elements, received 1',
    ],
    [
      'a percentile beyond 1',
      'scenarios.0.assertions.0.percentile',
      95,
      'scenarios[0].assertions[0].percentile must be a number from 0 to 1, such as 0.95, received 95',
    ],
    [
      'secrets and controls',
      'scenarios.0.verdict',
      'password=hunter22secret\u001b[2J',
      String.raw`scenarios[0].verdict must be one of 'failed', 'invalid', 'passed', 'skipped', received "password=***"`,
    ],
  ])('rejects %s', async (_, path, value, problem) => {
    expect(await errorFor(changed(path, value))).toBe(
      `…/results.json is damaged: ${problem}\nFix: run the scenarios again, or copy the whole file again`,
    )
  })

  test('rejects a number beyond the range of numbers, and thousands of levels', async () => {
    const text = JSON.stringify(sampleResults())
    expect(await errorFor(text.replace('"durationMs":93412', '"durationMs":1e999'))).toBe(
      '…/results.json is damaged: durationMs must be a number of at least 0, received Infinity\nFix: run the scenarios again, or copy the whole file again',
    )
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    expect(await errorFor(text.replace('{', `{"deep":${deep},`))).toBe(
      '…/results.json is damaged: it is nested too deeply\nFix: run the scenarios again, or copy the whole file again',
    )
  })

  test('rejects a file that ends in the middle, is empty, or a list', async () => {
    expect(await errorFor(JSON.stringify(sampleResults()).slice(0, 60))).toMatchInlineSnapshot(`
      "…/results.json ends in the middle: 60 characters were read, the last ones are "vitestSlo\\":\\"0.1.0\\",\\"startedAt\\":\\"2026-03-"
      Fix: run the scenarios again, or copy the whole file again"
    `)
    expect(await errorFor('')).toMatchInlineSnapshot(`
      "…/results.json is empty
      Fix: run the scenarios again, or copy the whole file again"
    `)
    expect(await errorFor('[]')).toMatchInlineSnapshot(`
      "…/results.json is not a results file
      Fix: pass the results.json that vitest-slo writes, perf-report/results.json by default"
    `)
  })
})

test('reads results with an expected failure, custom metrics, comparisons and keys of later versions', async () => {
  const run = { ...sampleHttpRun(), ...METRICS }
  const failing = { ...scenario('S2', 'passed', [sampleMergedRun()], [FAILED]), isFailureExpected: true as const }
  const asserted = { ...FAILED, between: [1000, 2000] as const, value: 'Infinity' as const, limit: -3 }
  const scenarios = [{ ...scenario('S1', 'failed', [run], [asserted]), comparisons: [COMPARED], later: '1' }, failing]
  const results = sampleResults({ scenarios })
  expect(await readResults(await written(JSON.stringify(results)))).toEqual(results)
})
