import type { Phase } from '../load/load.ts'
import type { ErrorKind } from '../stats/timeline.ts'
import { PhasedTimeline, type RequestWindow } from './request-timeline.ts'
import { ScenarioError } from './scenario-error.ts'

/** Times of the iterations of a run, or of the groups with one name in them. */
export interface IterationSeries {
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
  readonly #iterations: PhasedTimeline
  readonly #groups = new Map<string, PhasedTimeline>()

  constructor(phases: readonly Phase[]) {
    this.#phases = phases
    this.#iterations = new PhasedTimeline(phases)
  }

  get series(): readonly IterationSeries[] {
    const groups = [...this.#groups].map(([group, timeline]) => ({ group, timeline }))
    return [{ group: undefined, timeline: this.#iterations }, ...groups]
  }

  /** Counts an iteration that was never begun. */
  dropped(dueMs: number): void {
    const window = this.#iterations.at(dueMs)
    window.offered++
    window.dropped++
  }

  /**
   * Counts an iteration or group that begins.
   *
   * @param times `dueMs` and `begunMs` on the machine clock, `countedMs` since the start of the run
   * @param group name of the group; `undefined` for an iteration
   * @throws {ScenarioError} for more than 100 names
   */
  begin(times: SpanTimes, group?: string): Span {
    const window = (group === undefined ? this.#iterations : this.#timelineOf(group)).at(times.countedMs)
    window.offered++
    window.sent++
    return new Span(window, times)
  }

  #timelineOf(group: string): PhasedTimeline {
    let timeline = this.#groups.get(group)
    if (timeline === undefined) {
      if (this.#groups.size >= MAX_GROUPS)
        throw new ScenarioError(
          `group: more than ${MAX_GROUPS} different names; a name is that of a part of an iteration, not of one iteration`,
        )
      this.#groups.set(group, (timeline = new PhasedTimeline(this.#phases)))
    }
    return timeline
  }
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
