import type { EndingEvidence, RequestEvidence } from '../evidence/evidence.ts'
import type { RunPart } from '../evidence/run-part.ts'
import {
  scopeDurationMs,
  scopeName,
  scopeSeconds,
  totalsOf,
  type Scope,
  type ScopeTotals,
} from '../execution/request-scope.ts'
import { describeLoad, isOpen } from '../load/describe.ts'
import type { Histogram } from '../stats/histogram.ts'
import type { Window } from '../stats/timeline.ts'
import { formatCount, formatMs, formatRatio, significant } from '../stats/units.ts'
import { companionLine } from './companions.ts'
import { generatorLines } from './generator-findings.ts'
import { heartbeatNotes } from './heartbeat-notes.ts'
import { idleLines, redirectLines } from './idle-connections.ts'
import { hintFor } from './request-hints.ts'
import { dropsUnserved, httpInvalidities, judgedAllTheSame } from './request-invalidities.ts'
import type { HttpMeasurement } from './request-measurement.ts'
import { unjudgedLines } from './unjudged-phases.ts'
import { busyVus, shortageIn } from './vu-shortage.ts'

/** Evidence that matchers judge in a scope of a run. */
export function requestEvidence(measured: HttpMeasurement, totals: ScopeTotals, scope: Scope): RequestEvidence {
  const { sum, windows } = totals
  const { kind, phases, generator, load, reducedTo, origin, vuDemand, connections } = measured
  const shortage = shortageIn(measured, totals, scope)
  const durationMs = scopeDurationMs(phases, scope)
  return {
    kind,
    quantity: 'latency',
    histogram: sum.latency(),
    windows: windows.map((window) => window.latency()),
    durationMs,
    ...(reducedTo === undefined ? {} : { reducedTo }),
    ...partOf(scope),
    invalidities: httpInvalidities(measured, totals, scope),
    ...(shortage === undefined ? {} : { vuShortage: shortage }),
    ...(shortage === undefined && vuDemand !== undefined ? { busyVus: busyVus(measured, vuDemand) } : {}),
    evidenceLines: evidenceLines(measured, totals, scope),
    slowest: slowestSteps(measured, scope),
    hint:
      measured.diagnosis ??
      hintFor(totals, origin, { demand: vuDemand, shortage, dropsUnserved: dropsUnserved(load) }, connections),
    offered: sum.offered,
    sent: sum.sent,
    dropped: sum.dropped,
    completed: sum.completed,
    errors: sum.errors,
    targetErrors: totals.targetErrors,
    statuses: sum.statuses,
    requestWindows: windows,
    goodBySecond: goodBySecond(windows, scopeSeconds(phases, scope)),
    offeredRatePerSec: isOpen(load) && durationMs > 0 ? sum.offered / (durationMs / 1000) : undefined,
    generator,
  }
}

/** The parts of a scope that is not the whole run. */
function partOf(scope: Scope): { readonly part?: RunPart } {
  const chosen = Object.entries(scope).filter(([, value]) => value !== undefined)
  return chosen.length === 0 ? {} : { part: Object.fromEntries(chosen) as RunPart }
}

/** Good responses by second. Requests due after the last phase count in the last second of the scope. */
export function goodBySecond(
  windows: readonly Window[],
  lengths: ReadonlyMap<number, number>,
): RequestEvidence['goodBySecond'] {
  const last = [...lengths.keys()].at(-1)
  const counts = new Map([...lengths.keys()].map((second) => [second, 0]))
  for (const { second, good } of windows) {
    const at = lengths.has(second) ? second : last
    if (at !== undefined) counts.set(at, counts.get(at)! + good.count)
  }
  return [...lengths].map(([second, ms]) => ({ second, count: counts.get(second)!, seconds: ms / 1000 }))
}

/** Evidence of the requests with one ending: their times, without counts. */
export function endingEvidence(evidence: RequestEvidence, ending: EndingEvidence['ending']): EndingEvidence {
  const { kind, quantity, histogram, windows, durationMs, reducedTo, invalidities, evidenceLines, slowest } = evidence
  const { vuShortage: shortage, part } = evidence
  const scaled = {
    ...(reducedTo === undefined ? {} : { reducedTo }),
    ...(shortage && { vuShortage: shortage }),
    ...(part && { part }),
  }
  return {
    ...{ kind, quantity, histogram, windows, durationMs, ...scaled, invalidities, evidenceLines, slowest },
    ending,
    hint: undefined,
  }
}

/** Lines of the `Evidence:` block of a failure message. */
function evidenceLines(measured: HttpMeasurement, totals: ScopeTotals, scope: Scope): readonly string[] {
  const { phases, load, generators, abortReason, connections, heartbeats, companions } = measured
  const { offered, completed } = totals.sum
  const seconds = (scopeDurationMs(phases, scope) / 1000).toFixed(1)
  const { ending } = scope
  const all = ending === undefined ? `${formatCount(completed)} of ${formatCount(offered)}` : formatCount(offered)
  const requests = `${all} requests`
  const counts = ending === undefined ? [errorsPart(totals), droppedPart(totals), pendingPart(totals)] : []
  const lines = [
    `${scopeName(phases, scope)}, ${seconds} s, ${requests}, ${describeLoad(load)}`,
    ...timesLines(totals, scope),
    [...counts, ending === 'failed' ? kindsPart(totals) : '', generatorPart(measured)].filter(Boolean).join('   '),
    ...(ending === undefined
      ? [...redirectLines(connections), ...idleLines(connections), ...heartbeatNotes(heartbeats)]
      : []),
    ...unjudgedLines(measured, scope),
    ...companionLine(companions),
    ...judgedAllTheSame(measured, totals, scope),
    ...(generators === undefined ? [] : generatorLines(generators)),
  ]
  return abortReason === undefined ? lines : [...lines, `aborted: ${abortReason}`]
}

/** Steps by p95, slowest first; empty if there is only one, or the scope is a single step. */
export function slowestSteps(
  { steps, series, phases }: HttpMeasurement,
  scope: Scope,
): { label: string; p95Ms: number }[] {
  if (steps.length < 2 || scope.step !== undefined) return []
  return steps
    .map((step) => ({ step, latency: totalsOf(series, phases, { ...scope, step }).sum.latency() }))
    .filter(({ latency }) => latency.count > 0)
    .map(({ step, latency }) => ({ label: step, p95Ms: latency.percentileUs(0.95) / 1000 }))
    .toSorted((a, b) => (a.p95Ms === b.p95Ms ? 0 : b.p95Ms - a.p95Ms))
}

/** Names of good times and of times without the wait for a VU. */
const REQUEST_TIMES = { good: 'good responses', time: 'service-time' }

/** Percentiles of everything due; if some of it did not end well, also the times of good responses and of errors. */
export function timesLines({ sum }: ScopeTotals, { ending }: Scope, names = REQUEST_TIMES): string[] {
  const latency = sum.latency()
  if (latency.count === 0) return []
  const percentiles = [50, 90, 95, 99].map((p) => `p${p} ${shortMs(latency.percentileUs(p / 100))}`).join('   ')
  const max = latency.finiteCount === 0 ? '' : `   max ${shortMs(latency.maxUs)} ms`
  const service = sum.sent === 0 ? '' : `   ${names.time} p95 ${formatMs(sum.serviceTime().percentileUs(0.95) / 1000)}`
  if (latency.infiniteCount === 0 || ending !== undefined) return [`${percentiles}${max}${service}`]
  const endings = [...endingPart(names.good, sum.good.latency), ...endingPart('errors after', sum.failed.latency)]
  return [`${percentiles}${service}`, ...(endings.length === 0 ? [] : [endings.join('   ')])]
}

/** Times of one ending: `good responses p50 12.1, p95 41.2, max 180 ms`. */
function endingPart(name: string, latency: Histogram): string[] {
  if (latency.count === 0) return []
  const [p50, p95, max] = [latency.percentileUs(0.5), latency.percentileUs(0.95), latency.maxUs].map(shortMs)
  return [`${name} p50 ${p50}, p95 ${p95}, max ${max} ms`]
}

/** Milliseconds with three significant digits, without the unit. */
function shortMs(us: number): string {
  return us === Number.POSITIVE_INFINITY ? '∞' : significant(us / 1000, 3)
}

export function errorsPart(totals: ScopeTotals): string {
  const { errorCount, offered } = totals.sum
  const ratio = offered === 0 ? 0 : errorCount / offered
  const kinds = kindsPart(totals)
  return `errors ${formatRatio(ratio)}${kinds === '' ? '' : ` (${kinds})`}`
}

/** Most frequent errors: `38 × 503, 2 × timeout`. */
function kindsPart({ sum: { details } }: ScopeTotals): string {
  const commonest = [...details].toSorted((a, b) => b[1] - a[1]).slice(0, 3)
  return commonest.map(([detail, count]) => `${formatCount(count)} × ${detail}`).join(', ')
}

export function droppedPart({ sum: { dropped, offered } }: ScopeTotals): string {
  return dropped === 0 ? 'dropped 0' : `dropped ${formatCount(dropped)} (${formatRatio(dropped / offered)})`
}

function pendingPart({ sum: { sent, completed } }: ScopeTotals): string {
  return sent === completed ? '' : `no response ${formatCount(sent - completed)}`
}

export function generatorPart({ generator, generators }: Pick<HttpMeasurement, 'generator' | 'generators'>): string {
  const { scheduleDelay, eventLoopDelay, cpuRatio } = generator
  const [name, delay] =
    scheduleDelay === undefined ? ['event-loop delay', eventLoopDelay.p99Ms] : ['schedule delay', scheduleDelay.p99Ms]
  if (generators === undefined) return `generator: ${name} p99 ${formatMs(delay)}, CPU ${formatRatio(cpuRatio)}`
  const { length } = generators.all
  return `${formatCount(length)} generators: ${name} p99 up to ${formatMs(delay)}, CPU up to ${formatRatio(cpuRatio)}`
}
