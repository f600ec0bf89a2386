import { describeLoad, isOpen } from '../load/describe.ts'
import type { Histogram } from '../stats/histogram.ts'
import type { Window } from '../stats/timeline.ts'
import { formatCount, formatMs, formatRatio, significant } from '../stats/units.ts'
import type { RequestEvidence } from './evidence.ts'
import type { GeneratorHealth } from './generator.ts'
import { hintFor } from './http-hints.ts'
import { httpInvalidities } from './http-invalidities.ts'
import type { HttpMeasurement } from './http-measurement.ts'
import {
  phasesIn,
  scopeDurationMs,
  scopeName,
  scopeSeconds,
  totalsOf,
  type Scope,
  type ScopeTotals,
} from './http-scope.ts'
import { idleLines } from './idle-connections.ts'
import type { RunWindow } from './window.ts'

/** What matchers see of a run's scope. */
export function requestEvidence(measured: HttpMeasurement, totals: ScopeTotals, scope: Scope): RequestEvidence {
  const { sum, windows } = totals
  const { kind, phases, generator, load, reducedTo, origin, vusNeeded, connections } = measured
  const durationMs = scopeDurationMs(phases, scope)
  return {
    kind,
    quantity: 'latency',
    histogram: sum.latency,
    windows: windows.map(({ latency }): Histogram => latency),
    durationMs,
    ...(reducedTo === undefined ? {} : { reducedTo }),
    invalidities: httpInvalidities(measured, totals, scope),
    evidenceLines: evidenceLines(measured, totals, scope),
    slowest: slowestSteps(measured, scope),
    hint: measured.diagnosis ?? hintFor(totals, origin, vusNeeded, connections),
    offered: sum.offered,
    sent: sum.sent,
    dropped: sum.dropped,
    completed: sum.completed,
    errors: sum.errors,
    statuses: sum.statuses,
    requestWindows: windows,
    goodBySecond: goodBySecond(windows, scopeSeconds(phases, scope)),
    offeredRatePerSec: isOpen(load) && durationMs > 0 ? sum.offered / (durationMs / 1000) : undefined,
    generator,
  }
}

/** What was due after the last phase had ended counts in the scope's last second, as it does in that phase. */
function goodBySecond(
  windows: readonly Window[],
  lengths: ReadonlyMap<number, number>,
): RequestEvidence['goodBySecond'] {
  const last = [...lengths.keys()].at(-1)
  const counts = new Map([...lengths.keys()].map((second) => [second, 0]))
  for (const { second, completed, errorCount } of windows) {
    const at = lengths.has(second) ? second : last
    if (at !== undefined) counts.set(at, counts.get(at)! + completed - errorCount)
  }
  return [...lengths].map(([second, ms]) => ({ second, count: counts.get(second)!, seconds: ms / 1000 }))
}

/** The `Evidence:` block of a failure message, first line first. */
function evidenceLines(measured: HttpMeasurement, totals: ScopeTotals, scope: Scope): readonly string[] {
  const { phases, load, generator, abortReason, connections } = measured
  const { offered, completed } = totals.sum
  const seconds = (scopeDurationMs(phases, scope) / 1000).toFixed(1)
  const requests = `${formatCount(completed)} of ${formatCount(offered)} requests`
  const lines = [
    `${scopeName(phases, scope)}, ${seconds} s, ${requests}, ${describeLoad(load)}`,
    ...timesLine(totals),
    [errorsPart(totals), droppedPart(totals), unansweredPart(totals), generatorPart(generator)]
      .filter(Boolean)
      .join('   '),
    ...idleLines(connections),
  ]
  return abortReason === undefined ? lines : [...lines, `aborted: ${abortReason}`]
}

/** Steps by their p95, slowest first; none where there is but one, or the scope is one. */
function slowestSteps({ steps, series, phases }: HttpMeasurement, scope: Scope): { label: string; p95Ms: number }[] {
  if (steps.length < 2 || scope.step !== undefined) return []
  return steps
    .map((step) => ({ step, latency: totalsOf(series, phases, { ...scope, step }).latency }))
    .filter(({ latency }) => latency.count > 0)
    .map(({ step, latency }) => ({ label: step, p95Ms: latency.percentileUs(0.95) / 1000 }))
    .toSorted((a, b) => b.p95Ms - a.p95Ms)
}

/** The scope in time, for what is sampled beside the run. @param settledMs when its last answer was in or given up */
export function windowOfScope(
  { name, phases, startMs, durationMs }: HttpMeasurement,
  scope: Scope,
  settledMs: number,
): RunWindow {
  const [fromMs, toMs] = scope.between ?? [0, Number.POSITIVE_INFINITY]
  const spans = phasesIn(phases, scope).map((at) => ({
    startMs: startMs + Math.max(phases[at]!.startMs, fromMs),
    endMs: startMs + Math.min(phases[at]!.endMs, toMs),
  }))
  const runEndMs = startMs + durationMs
  return {
    run: name,
    scope: scopeName(phases, scope),
    runStartMs: startMs,
    runEndMs,
    settledMs: Math.max(runEndMs, settledMs),
    spans,
  }
}

function timesLine({ sum: { latency, serviceTime } }: ScopeTotals): string[] {
  if (latency.count === 0) return []
  const at = (p: number) => significant(latency.percentileUs(p) / 1000, 3)
  const shown = [50, 90, 95, 99].map((p) => `p${p} ${at(p / 100)}`).join('   ')
  const service = formatMs(serviceTime.percentileUs(0.95) / 1000)
  return [`${shown}   max ${significant(latency.maxUs / 1000, 3)} ms   service-time p95 ${service}`]
}

function errorsPart({ sum }: ScopeTotals): string {
  const ratio = sum.offered === 0 ? 0 : sum.errorCount / sum.offered
  const commonest = [...sum.details].toSorted((a, b) => b[1] - a[1]).slice(0, 3)
  const kinds = commonest.map(([detail, count]) => `${formatCount(count)} × ${detail}`).join(', ')
  return `errors ${formatRatio(ratio)}${kinds === '' ? '' : ` (${kinds})`}`
}

function droppedPart({ sum: { dropped, offered } }: ScopeTotals): string {
  return dropped === 0 ? 'dropped 0' : `dropped ${formatCount(dropped)} (${formatRatio(dropped / offered)})`
}

function unansweredPart({ sum: { sent, completed } }: ScopeTotals): string {
  return sent === completed ? '' : `unanswered ${formatCount(sent - completed)}`
}

function generatorPart({ scheduleDelay, eventLoopDelay, cpuRatio }: GeneratorHealth): string {
  const delay =
    scheduleDelay === undefined
      ? `event-loop delay p99 ${formatMs(eventLoopDelay.p99Ms)}`
      : `schedule delay p99 ${formatMs(scheduleDelay.p99Ms)}`
  return `generator: ${delay}, CPU ${formatRatio(cpuRatio)}`
}
