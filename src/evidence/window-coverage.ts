import type { RunWindow } from './run-window.ts'

type Span = RunWindow['spans'][number]

/** Samples that represent an interval of a run: all from index `first` to `last`. */
export interface Covered {
  readonly first: number
  readonly last: number
  readonly startMs: number
  readonly endMs: number
  /** Time in parts of the run that are out of scope. */
  readonly outsideMs: number
}

/**
 * Selects the two samples between which the growth of a counter represents that of the scope. Samples do not coincide with
 * the edges of phases:
 *
 * - At the start or end of the run, it selects the sample outside; at the end, the first one after the last response.
 *   Nothing else of the run happens there, so nothing is lost and nothing is added.
 * - At an edge to another phase, it selects the sample inside: up to one sampling interval of the scope is left out, and no
 *   warm-up is included.
 * - If the scope is too short for two samples, it selects those around it, and returns how much of other phases this
 *   includes.
 *
 * @returns `undefined` if there are not two samples
 */
export function coverGrowth(times: readonly number[], span: Span, run: RunWindow): Covered | undefined {
  const begins = span.startMs <= run.runStartMs
  const ends = span.endMs >= run.runEndMs
  const inside = between(times, span)
  const around = aroundOf(times, span)
  const first = begins ? around.first : inside.first
  const last = ends ? times.findIndex((atMs) => atMs >= run.settledMs) : inside.last
  if (first !== -1 && first < last) return covered(times, first, last, 0)
  return coverAround(times, span, run)
}

/**
 * Selects the samples for a rate or a state: only those inside the scope, because idle time around it would lower a mean. If
 * there are fewer than two, those around it.
 *
 * @returns `undefined` if there are not two samples
 */
export function coverState(times: readonly number[], span: Span, run: RunWindow): Covered | undefined {
  const { first, last } = between(times, span)
  if (first !== -1 && first < last) return covered(times, first, last, 0)
  return coverAround(times, span, run)
}

function coverAround(times: readonly number[], span: Span, run: RunWindow): Covered | undefined {
  const { first, last } = aroundOf(times, span)
  if (first === -1 || last === -1 || first === last) return undefined
  const beforeMs = span.startMs - Math.max(times[first]!, Math.min(run.runStartMs, span.startMs))
  const afterMs = Math.min(times[last]!, Math.max(run.runEndMs, span.endMs)) - span.endMs
  return covered(times, first, last, beforeMs + afterMs)
}

interface Ends {
  readonly first: number
  readonly last: number
}

/** Indexes of the first and last sample inside; -1 if there is none. */
function between(times: readonly number[], { startMs, endMs }: Span): Ends {
  return {
    first: times.findIndex((atMs) => atMs >= startMs),
    last: times.findLastIndex((atMs) => atMs <= endMs),
  }
}

function aroundOf(times: readonly number[], { startMs, endMs }: Span): Ends {
  return {
    first: times.findLastIndex((atMs) => atMs <= startMs),
    last: times.findIndex((atMs) => atMs >= endMs),
  }
}

/** Intervals in scope; adjacent ones are joined, because there is no edge between them. */
export function joined(spans: readonly Span[]): readonly Span[] {
  const found: Span[] = []
  for (const span of spans) {
    const last = found.at(-1)
    if (last !== undefined && span.startMs <= last.endMs + 1) found[found.length - 1] = { ...last, endMs: span.endMs }
    else if (span.endMs > span.startMs) found.push(span)
  }
  return found
}

function covered(times: readonly number[], first: number, last: number, outsideMs: number): Covered {
  return { first, last, startMs: times[first]!, endMs: times[last]!, outsideMs }
}
