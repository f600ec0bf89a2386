import type { Phase } from '../load/load.ts'
import { Window, WINDOW_MS } from '../stats/timeline.ts'
import { isRefusal } from './tally.ts'

/** A window of requests that also counts the details of errors: `503`, `ECONNREFUSED`, `extract token: …`. */
export class RequestWindow extends Window {
  #details: Map<string, number> | undefined
  #samples: Map<string, string> | undefined

  /** Number of errors by detail. Details contain no data of the scenario. */
  get details(): ReadonlyMap<string, number> {
    return this.#details ?? NO_DETAILS
  }

  /** A sample of the first response for a detail, without secrets. Not every detail has one. */
  get samples(): ReadonlyMap<string, string> {
    return this.#samples ?? NO_SAMPLES
  }

  /**
   * Counts an error by its detail. At most 50 different details are counted separately, and always refusals, which show
   * that the target failed.
   *
   * @param sample called once for each detail
   */
  countDetail(detail: string, sample?: () => string): void {
    const details = (this.#details ??= new Map())
    const key = details.has(detail) || details.size < MAX_DETAILS || isRefusal(detail) ? detail : 'other'
    details.set(key, (details.get(key) ?? 0) + 1)
    if (sample !== undefined && key === detail && this.#samples?.has(detail) !== true)
      (this.#samples ??= new Map()).set(detail, sample())
  }

  override addEnding(other: RequestWindow, ending: 'good' | 'failed'): void {
    super.addEnding(other, ending)
    if (ending === 'failed') this.addDetails(other)
  }

  /** Adds details of errors; of two samples for a detail, the first is kept. */
  addDetails({ details, samples }: Pick<RequestWindow, 'details' | 'samples'>): void {
    if (details.size > 0) addCounts((this.#details ??= new Map()), details)
    for (const [detail, sample] of samples)
      if (!this.samples.has(detail)) (this.#samples ??= new Map()).set(detail, sample)
  }
}

const MAX_DETAILS = 50
const NO_DETAILS: ReadonlyMap<string, number> = new Map()
const NO_SAMPLES: ReadonlyMap<string, string> = new Map()

function addCounts<K>(to: Map<K, number>, from: ReadonlyMap<K, number>): void {
  for (const [key, count] of from) to.set(key, (to.get(key) ?? 0) + count)
}

/**
 * Windows of one series of requests, cut at seconds and at the edges of phases. A request belongs to the phase and second
 * of its intended start, so a phase contains exactly what was due in it. Values of a custom metric are in the windows of
 * their requests.
 */
export class PhasedTimeline<W extends object = RequestWindow> {
  readonly #phases: readonly Phase[]
  readonly #create: (second: number) => W
  readonly #windows: W[][]
  #current: W | undefined
  #currentStartMs = 0
  #currentEndMs = 0

  /** @param create makes the window of a second. Default: a window of requests */
  constructor(
    phases: readonly Phase[],
    create: (second: number) => W = (second) => new RequestWindow(second) as object as W,
  ) {
    this.#phases = phases
    this.#create = create
    this.#windows = phases.map(() => [])
  }

  /** @param ms since the start of the run; a time after the last phase counts in it */
  at(ms: number): W {
    if (this.#current === undefined || ms < this.#currentStartMs || ms >= this.#currentEndMs)
      this.#find(Math.max(0, ms))
    return this.#current!
  }

  /** The window of a second in a phase. */
  windowIn(phase: number, second: number): W {
    const at = second - Math.floor(this.#phases[phase]!.startMs / WINDOW_MS)
    return (this.#windows[phase]![at] ??= this.#create(second))
  }

  /** Windows of one phase in order of time, without those in which nothing was due. */
  windowsOf(phase: number): readonly W[] {
    return this.#windows[phase]!.filter((window) => window !== undefined)
  }

  /** Windows of a range of seconds, in all phases. */
  *inSeconds(from: number, to: number): Generator<W> {
    for (const [index, { startMs }] of this.#phases.entries()) {
      const first = Math.floor(startMs / WINDOW_MS)
      for (const window of this.#windows[index]!.slice(Math.max(0, from - first), Math.max(0, to - first))) {
        if (window !== undefined) yield window
      }
    }
  }

  #find(ms: number): void {
    const found = this.#phases.findIndex(({ endMs }) => ms < endMs)
    const index = found < 0 ? this.#phases.length - 1 : found
    const phase = this.#phases[index]!
    const second = Math.floor(ms / WINDOW_MS)
    this.#current = this.windowIn(index, second)
    this.#currentStartMs = Math.max(phase.startMs, second * WINDOW_MS)
    const isLast = index === this.#phases.length - 1
    this.#currentEndMs = Math.min(isLast ? Number.POSITIVE_INFINITY : phase.endMs, (second + 1) * WINDOW_MS)
  }
}
