import type { IterationEvidence } from '../evidence/evidence.ts'
import {
  scopeDurationMs,
  scopeName,
  scopeSeconds,
  totalsOf,
  WHOLE_RUN,
  type ScopeTotals,
} from '../execution/request-scope.ts'
import { describeLoad, isOpen } from '../load/describe.ts'
import { formatCount } from '../stats/units.ts'
import { companionLine } from './companions.ts'
import { generatorLines } from './generator-findings.ts'
import { groupsOf, iterationTotals, type IterationScope } from './iteration-totals.ts'
import { droppedPart, errorsPart, generatorPart, goodBySecond, slowestSteps, timesLines } from './request-evidence.ts'
import { hintFor } from './request-hints.ts'
import { dropsUnserved, httpInvalidities } from './request-invalidities.ts'
import type { HttpMeasurement } from './request-measurement.ts'
import { busyVus, vuShortage } from './vu-shortage.ts'

/** Evidence of whole iterations or of a group, that matchers of times judge. */
export function iterationEvidence(measured: HttpMeasurement, scope: IterationScope): IterationEvidence {
  const { kind, phases, generator, load, reducedTo, origin, vuDemand, connections } = measured
  const { phase, between, journey, group } = scope
  const ofRequests = { ...WHOLE_RUN, phase, between, journey }
  const requests = totalsOf(measured.series, phases, ofRequests)
  const { totals, series } = iterationTotals(measured, scope)
  // A dropped iteration would have reached its groups.
  const shortage = vuShortage(measured, iterationTotals(measured, { ...scope, group: undefined }).totals)
  const { sum, windows } = totals
  const durationMs = scopeDurationMs(phases, ofRequests)
  return {
    kind,
    of: group === undefined ? 'iterations' : 'groups',
    quantity: 'latency',
    histogram: sum.latency(),
    windows: windows.map((window) => window.latency()),
    durationMs,
    ...(reducedTo === undefined ? {} : { reducedTo }),
    part: {
      ...(phase === undefined ? {} : { phase }),
      ...(between === undefined ? {} : { between }),
      ...(journey === undefined ? {} : { journey }),
      ...(group === undefined ? { isIteration: true } : { group }),
    },
    invalidities: httpInvalidities(measured, requests, ofRequests),
    ...(shortage === undefined ? {} : { vuShortage: shortage }),
    ...(shortage === undefined && vuDemand !== undefined
      ? { busyVus: busyVus({ ...measured, series }, vuDemand) }
      : {}),
    evidenceLines: evidenceLines(measured, totals, scope),
    slowest: slowestParts(measured, scope),
    hint:
      measured.diagnosis ??
      hintFor(requests, origin, { demand: vuDemand, shortage, dropsUnserved: dropsUnserved(load) }, connections),
    offered: sum.offered,
    sent: sum.sent,
    dropped: sum.dropped,
    completed: sum.completed,
    errors: sum.errors,
    targetErrors: totals.targetErrors,
    statuses: sum.statuses,
    requestWindows: windows,
    goodBySecond: goodBySecond(windows, scopeSeconds(phases, ofRequests)),
    offeredRatePerSec: isOpen(load) && durationMs > 0 ? sum.offered / (durationMs / 1000) : undefined,
    generator,
  }
}

/** Lines of the `Evidence:` block of a failure message. */
function evidenceLines(
  measured: HttpMeasurement,
  totals: ScopeTotals,
  { phase, between, journey, group }: IterationScope,
): readonly string[] {
  const { phases, load, generators, abortReason } = measured
  const scope = { ...WHOLE_RUN, phase, between, journey }
  const { offered, sent, completed } = totals.sum
  const seconds = (scopeDurationMs(phases, scope) / 1000).toFixed(1)
  const part = group === undefined ? 'iterations' : `group ${group}`
  const noun = group === undefined ? 'iterations' : 'groups'
  const unfinished = sent === completed ? '' : `unfinished ${formatCount(sent - completed)}`
  const counts = [errorsPart(totals), droppedPart(totals), unfinished, generatorPart(measured)]
  return [
    `${scopeName(phases, scope)}, ${part}, ${seconds} s, ${formatCount(completed)} of ${formatCount(offered)} ${noun}, ${describeLoad(load)}`,
    ...timesLines(totals, scope, { good: 'without an error', time: 'from begin' }),
    counts.filter(Boolean).join('   '),
    ...companionLine(measured.companions),
    ...(generators === undefined ? [] : generatorLines(generators)),
    ...(abortReason === undefined ? [] : [`aborted: ${abortReason}`]),
  ]
}

/** Journeys of a mix by p95, slowest first; else groups of an iteration; else the requests, as for a group. */
function slowestParts(measured: HttpMeasurement, { phase, between, journey, group }: IterationScope) {
  const isWhole = group === undefined && journey === undefined
  const journeys = isWhole ? (measured.journeys ?? []).map(({ name }) => name) : []
  const groups = group === undefined && journeys.length === 0 ? groupsOf(measured, journey) : []
  if (journeys.length + groups.length === 0) return slowestSteps(measured, { ...WHOLE_RUN, phase, between, journey })
  const parts = [
    ...journeys.map((name) => ({ label: name, part: { journey: name, group: undefined } })),
    ...groups.map((name) => ({ label: name, part: { journey, group: name } })),
  ]
  return parts
    .map(({ label, part }) => ({
      label,
      latency: iterationTotals(measured, { phase, between, ...part }).totals.sum.latency(),
    }))
    .filter(({ latency }) => latency.count > 0)
    .map(({ label, latency }) => ({ label, p95Ms: latency.percentileUs(0.95) / 1000 }))
    .toSorted((a, b) => (a.p95Ms === b.p95Ms ? 0 : b.p95Ms - a.p95Ms))
}
