import type { Phase, PhaseName } from '../load/load.ts'
import type { Histogram } from '../stats/histogram.ts'
import { WINDOW_MS } from '../stats/timeline.ts'
import { RequestWindow, type PhasedTimeline } from './request-timeline.ts'
import { targetErrorsIn } from './tally.ts'
import { dropsOfTag } from './untagged-drops.ts'

/** Requests of one step of a run, or of one step and tag, in one journey if the run is a mix. */
export interface RequestSeries {
  /** Journey of a mix; absent in a run without a mix. */
  readonly journey?: string | undefined
  readonly step: string
  readonly tag: string | undefined
  readonly timeline: PhasedTimeline
}

/** A part of a run: its requests by phase, time, journey, step, tag and ending. */
export interface Scope {
  /** `undefined` for the default: steady and spike phases, or all but the warm-up if there are none. */
  readonly phase: PhaseName | undefined
  /** Whole seconds, in milliseconds since the start of the run. */
  readonly between: readonly [fromMs: number, toMs: number] | undefined
  readonly journey: string | undefined
  readonly step: string | undefined
  readonly tag: string | undefined
  /** `undefined` for all requests due, with any ending. */
  readonly ending: 'good' | 'failed' | undefined
}

export const WHOLE_RUN: Scope = {
  phase: undefined,
  between: undefined,
  journey: undefined,
  step: undefined,
  tag: undefined,
  ending: undefined,
}

/** Indexes of the phases in a scope. */
export function phasesIn(phases: readonly Phase[], { phase, between }: Scope): readonly number[] {
  const matching = (matches: (name: PhaseName) => boolean) =>
    [...phases.keys()].filter((at) => matches(phases[at]!.name))
  if (phase !== undefined) return matching((name) => name === phase)
  const judged = matching((name) => name === 'steady' || name === 'spike')
  return between !== undefined || judged.length === 0 ? matching((name) => name !== 'warmup') : judged
}

/** Name of a scope, such as `spike phase, step me` or `10–20 s, good responses`. */
export function scopeName(phases: readonly Phase[], scope: Scope): string {
  const names = [...new Set(phasesIn(phases, scope).map((at) => phases[at]!.name))]
  const { between, journey, step, tag, ending } = scope
  const time = between === undefined ? [] : [`${between[0] / 1000}–${between[1] / 1000} s`]
  const phase = names.length === 0 ? [] : [`${names.join(' and ')} ${names.length === 1 ? 'phase' : 'phases'}`]
  return [
    ...phase,
    ...time,
    ...(journey === undefined ? [] : [`journey ${journey}`]),
    ...(step === undefined ? [] : [`step ${step}`]),
    ...(tag === undefined ? [] : [`tag ${tag}`]),
    ...(ending === undefined ? [] : [ENDINGS[ending]]),
  ].join(', ')
}

export const ENDINGS = { good: 'good responses', failed: 'failed requests' } as const

/** Length of a scope: of its phases within its period. */
export function scopeDurationMs(phases: readonly Phase[], scope: Scope): number {
  const [fromMs, toMs] = scope.between ?? [0, Number.POSITIVE_INFINITY]
  const length = ({ startMs, endMs }: Phase) => Math.max(0, Math.min(endMs, toMs) - Math.max(startMs, fromMs))
  return phasesIn(phases, scope).reduce((sum, at) => sum + length(phases[at]!), 0)
}

/** Milliseconds of each second that are in a scope: less than 1,000 if a phase or the run ends in it. */
export function scopeSeconds(phases: readonly Phase[], scope: Scope): ReadonlyMap<number, number> {
  return secondsOf(
    phasesIn(phases, scope).map((at) => phases[at]!),
    scope.between,
  )
}

/** Milliseconds of each second that are in given phases, in order of time. */
export function secondsOf(phases: readonly Phase[], between: Scope['between']): ReadonlyMap<number, number> {
  const [fromMs, toMs] = between ?? [0, Number.POSITIVE_INFINITY]
  const seconds = new Map<number, number>()
  for (const phase of phases) {
    const [startMs, endMs] = [Math.max(phase.startMs, fromMs), Math.min(phase.endMs, toMs)]
    for (let second = Math.floor(startMs / WINDOW_MS); second * WINDOW_MS < endMs; second++) {
      const lengthMs = Math.min(endMs, (second + 1) * WINDOW_MS) - Math.max(startMs, second * WINDOW_MS)
      seconds.set(second, (seconds.get(second) ?? 0) + lengthMs)
    }
  }
  return seconds
}

/** Sums over the windows of a scope. */
export class ScopeTotals {
  readonly windows: readonly RequestWindow[]
  readonly sum: RequestWindow
  /** Totals of all requests due, with any ending. */
  readonly due: ScopeTotals

  constructor(windows: readonly RequestWindow[], ending?: Scope['ending']) {
    this.due = ending === undefined ? this : new ScopeTotals(windows)
    const sum = new RequestWindow(0)
    for (const window of windows) sum.add(window)
    this.sum = withEnding(sum, ending)
    this.windows = windows.map((window) => withEnding(window, ending))
  }

  /** Errors that the target certainly caused: refusals, resets, statuses, bodies. */
  get targetErrors(): number {
    return targetErrorsIn(this.sum)
  }

  /** Ratio of requests due that got no good response; `undefined` if none was due. */
  get errorRate(): number | undefined {
    return this.sum.offered === 0 ? undefined : this.sum.missed / this.sum.offered
  }
}

/** Requests of a window with one ending. */
function withEnding(window: RequestWindow, ending: Scope['ending']): RequestWindow {
  if (ending === undefined) return window
  const narrowed = ending === 'failed' ? new FailedWindow(window.second) : new RequestWindow(window.second)
  narrowed.offered = narrowed.sent = window[ending].count
  narrowed.addEnding(window, ending)
  return narrowed
}

/** Only failed requests, with their times until the failure. */
class FailedWindow extends RequestWindow {
  override latency(): Histogram {
    return this.failed.latency
  }

  override serviceTime(): Histogram {
    return this.failed.serviceTime
  }
}

/** Totals of a scope, with one window over all series and phases for each second in which anything was due. */
export function totalsOf(series: readonly RequestSeries[], phases: readonly Phase[], scope: Scope): ScopeTotals {
  const ofSteps = series.filter(
    ({ journey, step }) => journey === (scope.journey ?? journey) && step === (scope.step ?? step),
  )
  const chosen = ofSteps.filter(({ tag }) => scope.tag === undefined || tag === scope.tag)
  const [fromMs, toMs] = scope.between ?? [0, Number.POSITIVE_INFINITY]
  const inScope = phasesIn(phases, scope)
  const windowsOf = ({ timeline }: RequestSeries) =>
    inScope
      .flatMap((phase) => timeline.windowsOf(phase))
      .filter(({ second }) => second * 1000 >= fromMs && (second + 1) * 1000 <= toMs)
  const bySecond = new Map<number, RequestWindow>()
  const at = (second: number) => {
    let window = bySecond.get(second)
    if (window === undefined) bySecond.set(second, (window = new RequestWindow(second)))
    return window
  }
  for (const window of chosen.flatMap(windowsOf)) at(window.second).add(window)
  if (scope.tag !== undefined)
    for (const [second, dropped] of dropsOfTag(ofSteps, scope.tag, windowsOf)) {
      at(second).offered += dropped
      at(second).dropped += dropped
    }
  return new ScopeTotals(
    [...bySecond.values()].toSorted((a, b) => a.second - b.second),
    scope.ending,
  )
}

/** Windows of a whole run, including the warm-up, one per second. */
export function allWindows(series: readonly RequestSeries[], phases: readonly Phase[]): readonly RequestWindow[] {
  const bySecond = new Map<number, RequestWindow>()
  for (const { timeline } of series) {
    for (const phase of phases.keys()) {
      for (const window of timeline.windowsOf(phase)) {
        const merged = bySecond.get(window.second) ?? new RequestWindow(window.second)
        merged.add(window)
        bySecond.set(window.second, merged)
      }
    }
  }
  return [...bySecond.values()].toSorted((a, b) => a.second - b.second)
}
