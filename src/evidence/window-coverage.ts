import type { RunWindow } from './run-window.ts'

type Span = RunWindow['spans'][number]

/** Which samples stand for a stretch of a run: all from `first` to `last`, numbered from 0. */
export interface Covered {
  readonly first: number
  readonly last: number
  readonly startMs: number
  readonly endMs: number
  /** How much of it lies in parts of the run that are out of scope. */
  readonly outsideMs: number
}

/**
 * Chooses the samples between which the growth of something is taken to be that of the scope. Samples do not fall on the
 * edges of phases, so something has to give:
 *
 * - Where the run begins or ends, the sample outside is taken, at its end the first one after its last response. Nothing
 *   else of this run happens there, so nothing is lost and nothing foreign comes in.
 * - At an edge to another phase, the sample inside is taken: up to one interval of the scope is left out, and no warm-up
 *   comes in.
 * - A scope too short for two samples takes those around it, and says how much of other phases it so includes.
 *
 * @returns `undefined` if there are no two samples for it
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
 * Chooses the samples for a rate or a state: those inside the scope alone, as what lies before and after it would water
 * a mean down. If there are no two of them, those around it.
 *
 * @returns `undefined` if there are no two samples for it
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

/** -1 if there is none. */
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

/** The stretches in scope, those that touch made one: no edge lies between them. */
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
