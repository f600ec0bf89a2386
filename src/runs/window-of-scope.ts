import type { RunWindow } from '../evidence/run-window.ts'
import { phasesIn, scopeName, type Scope } from '../execution/request-scope.ts'
import type { HttpMeasurement } from './request-measurement.ts'

/** Period of a scope, for data sampled during the run. @param settledMs when its last request had ended */
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
