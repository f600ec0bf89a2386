import type { Phase } from '../load/load.ts'
import type { ErrorKind } from '../stats/timeline.ts'
import { PhasedTimeline, type RequestWindow } from './request-timeline.ts'
import { ScenarioError } from './scenario-error.ts'

/** Times of the iterations of a run, or of the groups with one name in them. */
export interface IterationSeries {
  /** Journey of a mix; absent in a run without a mix. */
  readonly journey?: string | undefined
  /** `undefined` for whole iterations. */
  readonly group: string | undefined
  readonly timeline: PhasedTimeline
}

/** The first error of an iteration or group. */
export interface FirstError {
  readonly kind: ErrorKind
  readonly detail: string
}

const MAX_GROUPS = 100

/** Times of whole iterations and of their groups, by the second in which they were due. */
export class IterationTimes {
  readonly #phases: readonly Phase[]
  readonly #journeys = new Map<string | undefined, Journey>()
  #groups = 0

  constructor(phases: readonly Phase[]) {
    this.#phases = phases
  }

  get series(): readonly IterationSeries[] {
    // A run in which nothing was due has the times of its iterations, too.
    if (this.#journeys.size === 0) this.#journeyOf(undefined)
    return [...this.#journeys].flatMap(([journey, { iterations, groups }]) => [
      { journey, group: undefined, timeline: iterations },
      ...[...groups].map(([group, timeline]) => ({ journey, group, timeline })),
    ])
  }

  /** Counts an iteration that was never begun. @param journey its journey, if the run is a mix */
  dropped(dueMs: number, journey?: string): void {
    const window = this.#journeyOf(journey).iterations.at(dueMs)
    window.offered++
    window.dropped++
  }

  /**
   * Counts an iteration or group that begins.
   *
   * @param times `dueMs` and `begunMs` on the machine clock, `countedMs` since the start of the run
   * @param group name of the group; `undefined` for an iteration
   * @param journey name of the journey; `undefined` in a run without a mix
   * @throws {ScenarioError} for more than 100 groups
   */
  begin(times: SpanTimes, group?: string, journey?: string): Span {
    const own = this.#journeyOf(journey)
    const window = (group === undefined ? own.iterations : this.#groupOf(own, group)).at(times.countedMs)
    window.offered++
    window.sent++
    return new Span(window, times)
  }

  #journeyOf(name: string | undefined): Journey {
    let journey = this.#journeys.get(name)
    if (journey === undefined)
      this.#journeys.set(name, (journey = { iterations: new PhasedTimeline(this.#phases), groups: new Map() }))
    return journey
  }

  #groupOf({ groups }: Journey, name: string): PhasedTimeline {
    let timeline = groups.get(name)
    if (timeline === undefined) {
      if (++this.#groups > MAX_GROUPS)
        throw new ScenarioError(
          `group: more than ${MAX_GROUPS} different names; a name is that of a part of an iteration, not of one iteration`,
        )
      groups.set(name, (timeline = new PhasedTimeline(this.#phases)))
    }
    return timeline
  }
}

/** Iterations of one journey, and their groups by name. */
interface Journey {
  readonly iterations: PhasedTimeline
  readonly groups: Map<string, PhasedTimeline>
}

interface SpanTimes {
  /** Intended start. */
  readonly dueMs: number
  readonly begunMs: number
  /** When it counts: its intended start, but the end of the warm-up for an iteration that began in it. */
  readonly countedMs: number
}

/** An iteration or group in progress. Counted once, by the first call. */
export class Span {
  #window: RequestWindow | undefined
  readonly #dueMs: number
  readonly #begunMs: number

  constructor(window: RequestWindow, { dueMs, begunMs }: SpanTimes) {
    this.#window = window
    this.#dueMs = dueMs
    this.#begunMs = begunMs
  }

  /** @param error first error in the iteration or group */
  end(endMs: number, error: FirstError | undefined): void {
    const window = this.#window
    this.#window = undefined
    if (window === undefined) return
    const [timeUs, busyUs] = [(endMs - this.#dueMs) * 1000, (endMs - this.#begunMs) * 1000]
    if (error === undefined) window.recordGood(timeUs, busyUs)
    else {
      window.recordError(error.kind, timeUs, busyUs)
      window.countDetail(error.detail)
    }
  }

  /** Counts it as unfinished, because the run has ended. */
  cut(nowMs: number): void {
    this.#window?.recordUnfinished((nowMs - this.#dueMs) * 1000)
    this.#window = undefined
  }
}
