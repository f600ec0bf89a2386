import type { LostGenerator } from '../../evidence/generator-info.ts'
import { vuDemand, type VuUse } from '../../execution/vu-demand.ts'
import { History } from '../../history/history.ts'
import type { Phase } from '../../load/load.ts'
import type { SlowRequest } from '../../results/result.ts'
import { calculatedWarnings } from '../calculated-warnings.ts'
import type { HttpMeasurement } from '../request-measurement.ts'
import { KEPT_COUNT } from '../slowest-requests.ts'
import { combinedHealth } from './combined-health.ts'
import { decodeHttpPart, type HttpPart } from './http-part.ts'
import { mergeConnections, mergeHeartbeats } from './merge-connections.ts'
import { mergeGenerators } from './merge-generators.ts'
import { mergeMetrics } from './packed-metrics.ts'
import { mergeIterations, mergeSeries } from './packed-series.ts'
import { firstToStop, inOrder, jointNotes } from './parts.ts'

/**
 * The run that all generators did together, from what each of them recorded: counts, windows and histograms are those of one
 * generator that recorded everything, whatever the order of the parts. Windows are aligned by their second since the common
 * start. The health of each generator is kept and judged separately.
 *
 * @param parts evidence of the generators, as {@link encodeHttpRun} returns it
 * @param own measurement of this generator: of the load and the limits, and of the start on its clock
 * @param lost generators that sent no evidence; those not in `parts` are added
 * @throws {Error} if a part is damaged, of another version, or of another run
 */
export function mergeHttpRuns(
  parts: readonly Uint8Array[],
  own: HttpMeasurement,
  lost: readonly LostGenerator[] = [],
): HttpMeasurement {
  const all = inOrder(parts.map((bytes) => decodeHttpPart(bytes, own)))
  const { load } = own
  const phases = mergePhases(all)
  const steps = [...new Set(all.flatMap((part) => part.steps))]
  const vuUse = mergeVuUse(all.map((part) => part.vuUse))
  const connections = mergeConnections(all)
  const { abortReason, abortCause } = firstToStop(all) ?? { abortReason: undefined, abortCause: undefined }
  const { heartbeats: _heartbeats, diagnosis: _diagnosis, ...shared } = own
  const [heartbeats, diagnosis] = [mergeHeartbeats(all.map((part) => part.heartbeats)), jointDiagnosis(all)]
  const series = mergeSeries(
    all.map((part) => part.series),
    { phases, steps },
  )
  return {
    ...shared,
    phases,
    series,
    steps,
    iterations: mergeIterations(
      all.map((part) => part.iterations),
      phases,
    ),
    metrics: mergeMetrics(
      all.map((part) => part.metrics),
      phases,
    ),
    gauges: mergeGauges(all),
    durationMs: Math.max(...all.map(({ durationMs }) => durationMs)),
    generator: combinedHealth(all.map(({ health }) => health)),
    abortReason,
    abortCause,
    vuUse,
    vuDemand: vuDemand(load, vuUse).vuDemand,
    warnings: [...calculatedWarnings({ load, vuUse, connections }), ...jointNotes(all)],
    slowest: mergeSlowest(all),
    connections,
    ...(heartbeats === undefined ? {} : { heartbeats }),
    ...(diagnosis === undefined ? {} : { diagnosis }),
    history: mergeHistories(all),
    ...mergeGenerators(all, { phases, steps, lost }),
  }
}

/** Phases until the last generator stopped. A phase that none of them reached is empty. */
function mergePhases(all: readonly HttpPart[]): readonly Phase[] {
  const latest = (of: (phase: Phase) => number, at: number) => Math.max(...all.map(({ phases }) => of(phases[at]!)))
  return all[0]!.phases.map(({ name }, at) => ({
    name,
    startMs: latest(({ startMs }) => startMs, at),
    endMs: latest(({ endMs }) => endMs, at),
  }))
}

function mergeGauges(all: readonly HttpPart[]): HttpMeasurement['gauges'] {
  const seconds = Math.max(...all.map(({ gauges }) => gauges.length))
  return Array.from({ length: seconds }, (_, second) => {
    const inSecond = all.flatMap(({ gauges }) => gauges[second] ?? [])
    return {
      inFlight: inSecond.reduce((sum, { inFlight }) => sum + inFlight, 0),
      vus: inSecond.reduce((sum, { vus }) => sum + vus, 0),
    }
  })
}

/** All VUs count as busy if all of one generator were: a request due there cannot be sent by another one. */
function mergeVuUse(all: readonly VuUse[]): VuUse {
  const sum = (of: 'all' | 'light' | 'lightBefore') =>
    all.reduce(
      (total, { iterations: { [of]: held } }) => ({
        iterations: total.iterations + held.iterations,
        busyUs: total.busyUs + held.busyUs,
      }),
      { iterations: 0, busyUs: 0 },
    )
  return {
    iterations: {
      all: sum('all'),
      light: sum('light'),
      lightBefore: sum('lightBefore'),
      shortestUs: Math.min(...all.map(({ iterations }) => iterations.shortestUs)),
    },
    wereAllBusy: all.some(({ wereAllBusy }) => wereAllBusy),
    patienceMs: all[0]!.patienceMs,
  }
}

function mergeSlowest(all: readonly HttpPart[]): readonly SlowRequest[] {
  return all
    .flatMap(({ slowest }) => slowest)
    .toSorted((a, b) => b.latencyMs - a.latencyMs || a.atMs - b.atMs)
    .slice(0, KEPT_COUNT)
}

/** The diagnosis of the target, if all generators have one: what only some found is about these generators. */
function jointDiagnosis(all: readonly HttpPart[]): string | undefined {
  return all.every(({ diagnosis }) => diagnosis !== undefined) ? all[0]!.diagnosis : undefined
}

function mergeHistories(all: readonly HttpPart[]): History | undefined {
  const histories = all.flatMap(({ history }) => history ?? [])
  return histories.length === 0 ? undefined : History.merged(histories)
}
