import type { AssertionResult, RequestCounts, RunResult, ScenarioRecord } from '../results/result.ts'
import { Histogram, type HistogramJson } from '../stats/histogram.ts'
import type { TimeStatsJson } from '../stats/summary.ts'
import { countVerdicts, type Results, type ScenarioResult, type Totals } from './results.ts'

/**
 * The first statement of results that another one contradicts, with its path; `undefined` if there is none. A file was
 * edited or put together if, for example, a scenario passed in spite of a failed assertion. Requires results of the right
 * shape.
 */
export function contradictionIn(results: Results): string | undefined {
  for (const [at, scenario] of results.scenarios.entries()) {
    const path = `scenarios[${at}]`
    const found = verdictProblem(path, scenario) ?? firstIn(scenario.runs, `${path}.runs`, runProblem)
    if (found !== undefined) return found
  }
  return totalsProblem(results)
}

/** Like {@link contradictionIn}, for the record of one scenario. */
export function recordContradiction({ runs, assertions }: ScenarioRecord): string | undefined {
  return firstIn(runs, 'runs', runProblem) ?? firstIn(assertions, 'assertions', assertionProblem)
}

function totalsProblem({ totals, scenarios }: Results): string | undefined {
  const counted = Object.entries(countVerdicts(scenarios)) as [keyof Totals, number][]
  const wrong = counted.find(([name, count]) => totals[name] !== count)
  return wrong && `totals.${wrong[0]} must be ${wrong[1]}, the number in scenarios, received ${totals[wrong[0]]}`
}

function verdictProblem(path: string, { verdict, assertions, isFailureExpected }: ScenarioResult): string | undefined {
  const failed = isFailureExpected === true ? -1 : assertions.findIndex(({ outcome }) => outcome === 'failed')
  if (failed >= 0 && verdict !== 'failed')
    return `${path}.verdict must be 'failed' because assertions[${failed}] failed, received ${JSON.stringify(verdict)}`
  const invalid = assertions.findIndex(({ outcome }) => outcome === 'invalid')
  if (invalid >= 0 && verdict !== 'failed' && verdict !== 'invalid')
    return `${path}.verdict must be 'invalid' or 'failed' because assertions[${invalid}] is invalid, received ${JSON.stringify(verdict)}`
  return firstIn(assertions, `${path}.assertions`, assertionProblem)
}

function assertionProblem(
  path: string,
  { outcome, reason, invalidities = [], interval }: AssertionResult,
): string | undefined {
  if (outcome === 'passed' && (reason !== undefined || invalidities.length > 0))
    return `${path}.outcome must be 'invalid' because there is a reason, received "passed"`
  if (interval !== undefined && Number(interval.low) > Number(interval.high))
    return `${path}.interval.low must be at most high, ${interval.high}, received ${interval.low}`
  return undefined
}

function runProblem(path: string, run: RunResult): string | undefined {
  const phase = firstIn(run.phases, `${path}.phases`, (at, { startMs, endMs }) =>
    endMs < startMs ? `${at}.endMs must be at least startMs, ${startMs}, received ${endMs}` : undefined,
  )
  if (phase !== undefined) return phase
  const series = firstIn(run.series ?? [], `${path}.series`, (at, { atSec, values }) =>
    values.length === atSec.length
      ? undefined
      : `${at}.values must have as many elements as atSec, ${atSec.length}, received ${values.length}`,
  )
  if (series !== undefined) return series
  if (run.kind === 'micro')
    return timesProblem(path, 'time', run.time) ?? histogramProblem(`${path}.timeHistogram`, run.timeHistogram)
  if (run.kind === 'fanOut') {
    return (
      deliveriesProblem(path, run) ??
      timesProblem(path, 'lag', run.lag) ??
      timesProblem(path, 'connectTime', run.connectTime) ??
      histogramProblem(`${path}.lagHistogram`, run.lagHistogram)
    )
  }
  return (
    countsProblem(path, run) ??
    timesProblem(path, 'latency', run.latency, run.offered) ??
    timesProblem(path, 'serviceTime', run.serviceTime, run.sent) ??
    histogramProblem(`${path}.latencyHistogram`, run.latencyHistogram) ??
    firstIn([...run.steps], `${path}.steps`, partProblem) ??
    firstIn(run.journeys ?? [], `${path}.journeys`, partProblem)
  )
}

function partProblem(path: string, part: RequestCounts & { readonly latency?: TimeStatsJson }): string | undefined {
  return countsProblem(path, part) ?? timesProblem(path, 'latency', part.latency, part.offered)
}

function countsProblem(path: string, { offered, sent, completed, dropped, errors }: RequestCounts): string | undefined {
  if (sent + dropped > offered)
    return `${path}.offered must be at least sent + dropped, ${sent + dropped}, received ${offered}`
  if (completed > sent) return `${path}.completed must be at most sent, ${sent}, received ${completed}`
  const failed = Object.values(errors).reduce((sum, count) => sum + count, 0)
  if (failed > offered) return `${path}.errors must add up to at most offered, ${offered}, received ${failed}`
  return undefined
}

function deliveriesProblem(
  path: string,
  { deliveries, sockets }: Extract<RunResult, { kind: 'fanOut' }>,
): string | undefined {
  const { expected, received, onTime, late, missing } = deliveries
  if (received !== onTime + late)
    return `${path}.deliveries.received must be onTime + late, ${onTime + late}, received ${received}`
  if (expected !== received + missing)
    return `${path}.deliveries.expected must be onTime + late + missing, ${received + missing}, received ${expected}`
  if (sockets.subscribed > sockets.requested)
    return `${path}.sockets.subscribed must be at most requested, ${sockets.requested}, received ${sockets.subscribed}`
  return undefined
}

const ASCENDING = ['minMs', 'p50Ms', 'p75Ms', 'p90Ms', 'p95Ms', 'p99Ms', 'p999Ms'] as const

/** @param most number of samples that there can be */
function timesProblem(
  path: string,
  name: string,
  times: TimeStatsJson | undefined,
  most = Number.POSITIVE_INFINITY,
): string | undefined {
  if (times === undefined) return undefined
  const { count, infiniteCount, minMs, meanMs, maxMs } = times
  const at = `${path}.${name}`
  if (count > most) return `${at}.count must be at most ${most}, the number of requests, received ${count}`
  if (infiniteCount > count) return `${at}.infiniteCount must be at most count, ${count}, received ${infiniteCount}`
  for (const [next, lower] of ASCENDING.slice(0, -1).entries()) {
    const higher = ASCENDING[next + 1]!
    if (Number(times[higher]) < Number(times[lower]))
      return `${at}.${higher} must be at least ${lower}, ${times[lower]}, received ${times[higher]}`
  }
  // Of the samples with a time, as the minimum is.
  for (const [key, value] of [
    ['meanMs', meanMs],
    ['maxMs', maxMs],
  ] as const)
    if (Number(value) < Number(minMs)) return `${at}.${key} must be at least minMs, ${minMs}, received ${value}`
  return undefined
}

function histogramProblem(path: string, json: HistogramJson): string | undefined {
  try {
    Histogram.fromJSON(json)
    return undefined
  } catch (error) {
    return `${path} is ${(error as Error).message}`
  }
}

function firstIn<T>(
  items: readonly T[],
  path: string,
  problemOf: (path: string, item: T) => string | undefined,
): string | undefined {
  for (const [at, item] of items.entries()) {
    const problem = problemOf(`${path}[${at}]`, item)
    if (problem !== undefined) return problem
  }
  return undefined
}
