import type { ScrapeHistory } from './scrape-history.ts'
import type { Series } from './series.ts'

/** Counters of the process itself, which only a new process resets. */
const CPU_COUNTERS = ['process_cpu_seconds_total', 'process_cpu_user_seconds_total', 'process_cpu_system_seconds_total']
/** Tolerance for exporters that calculate the start from the uptime of the process, and round it. */
export const START_JITTER_SEC = 1
/** A step that is larger than any other by this factor is not growth. */
const JUMP = 2
/** Maximum difference between values of the same counter that alternates with another, as a ratio of the fall. */
const NEAR = 0.05

/**
 * Evidence that several processes with separate counters respond behind one metrics route, such as the workers of
 * `node:cluster`, gunicorn or PHP: each scrape then reads the process that accepts the connection. A restarted target
 * differs: its start time increases, and its counters fall to almost zero.
 *
 * @param last the last scrape to examine
 * @returns the finding; `undefined` if there is none
 */
export function severalProcesses(history: ScrapeHistory, last: number): string | undefined {
  return new Processes(history, last).finding()
}

/** Like {@link severalProcesses}, for judged counters: a single one suffices. */
export function fallingBack(history: ScrapeHistory, last: number, counters: readonly Series[]): string | undefined {
  const processes = new Processes(history, last)
  return counters.map((series) => processes.fallingBack(series)).find((found) => found !== undefined)
}

/** Values before and after a scrape in which a counter fell. */
interface Fall {
  readonly scrape: number
  readonly from: number
  readonly to: number
}

class Processes {
  readonly #history: ScrapeHistory
  readonly #last: number
  readonly #start: Series | undefined

  constructor(history: ScrapeHistory, last: number) {
    this.#history = history
    this.#last = last
    const starts = history.named('process_start_time_seconds')
    // Several series belong to processes that the route distinguishes by labels, which is correct.
    this.#start = starts.length === 1 ? starts[0] : undefined
  }

  finding(): string | undefined {
    return this.#startFinding() ?? this.#cpuFinding() ?? this.#valueFinding() ?? this.#comingAndGoing()
  }

  /** Finding from start times: a restarted process starts later, and its counters restart. */
  #startFinding(): string | undefined {
    const seen = [...(this.#start?.changes(this.#last) ?? [])].filter(({ value }) => !Number.isNaN(value))
    for (const [index, { scrape, value }] of seen.entries()) {
      const before = seen[index - 1]?.value
      if (before === undefined) continue
      const isBack =
        value < before && !Number.isInteger(value) && seen.slice(0, index).some((one) => one.value === value)
      if (isBack || before - value > START_JITTER_SEC)
        return `process_start_time_seconds went back from ${before} to ${value}`
      if (value - before > START_JITTER_SEC && this.#nothingFellAt(scrape))
        return `process_start_time_seconds changed from ${before} to ${value}, and no counter started again`
    }
    return undefined
  }

  #nothingFellAt(scrape: number): boolean {
    let [held, fell] = [0, 0]
    for (const series of this.#history.counters()) {
      const [before, after] = [series.at(scrape - 1), series.at(scrape)]
      if (!(before > 0)) continue
      if (after >= before) held++
      else fell++
    }
    return fell === 0 && held > 0
  }

  /** Finding from CPU counters: applications may reset their own counters, but not these. */
  #cpuFinding(): string | undefined {
    for (const name of CPU_COUNTERS) {
      for (const series of this.#history.named(name)) {
        const fall = fallsOf(series, this.#last).find(({ scrape }) => this.#sameStartAt(scrape))
        if (fall !== undefined)
          return `${name} fell from ${fall.from} to ${fall.to} and process_start_time_seconds stayed the same`
      }
    }
    return undefined
  }

  #sameStartAt(scrape: number): boolean {
    return this.#start !== undefined && this.#start.at(scrape) === this.#start.at(scrape - 1)
  }

  #hasRestartedAt(scrape: number): boolean {
    return this.#start !== undefined && this.#start.at(scrape) > this.#start.at(scrape - 1)
  }

  /** Finding from values that fall and come back, of most counters: a single one may be a misnamed gauge. */
  #valueFinding(): string | undefined {
    const moved = [...this.#history.counters()].filter((series) => [...series.changes(this.#last)].length > 1)
    const found = moved.flatMap((series) => this.fallingBack(series) ?? [])
    return found.length * 2 >= moved.length ? found[0] : undefined
  }

  /** Finding if this counter fell and came back. */
  fallingBack(series: Series): string | undefined {
    const values = [...series.changes(this.#last)].filter(({ value }) => !Number.isNaN(value))
    const falls = fallsOf(series, this.#last).filter(({ scrape }) => !this.#hasRestartedAt(scrape))
    const [first] = falls.filter((fall) => comesBack(fall, values))
    if (first === undefined || (falls.length === 1 && !isJump(first, values))) return undefined
    const times = falls.length > 1 ? `, ${falls.length} times` : ''
    return `${series.name} fell from ${first.from} to ${first.to} and came back${times}`
  }

  /** Finding from series that disappear and return: workers with distinct labels only expose their own series. */
  #comingAndGoing(): string | undefined {
    const counters = [...this.#history.counters()]
    const returned = counters.filter((series) => cameBack(series, this.#last, this.#history))
    if (returned.length === 0 || returned.length * 2 < counters.length) return undefined
    return `${returned.length} of ${counters.length} counters were gone from a scrape and came back, ${returned[0]!.name} among them`
  }
}

function fallsOf(series: Series, last: number): readonly Fall[] {
  const falls: Fall[] = []
  let before = Number.NaN
  for (const { scrape, value } of series.changes(last)) {
    if (Number.isNaN(value)) continue
    if (value < before) falls.push({ scrape, from: before, to: value })
    before = value
  }
  return falls
}

type Values = readonly { readonly scrape: number; readonly value: number }[]

function comesBack({ scrape, from }: Fall, values: Values): boolean {
  return values.some((later) => later.scrape > scrape && later.value >= from)
}

/**
 * Whether the counter jumps back close to the value from which it fell: by a step much larger than all others, or after
 * falling to an earlier value, so its values alternate between two counters.
 */
function isJump({ scrape, from, to }: Fall, values: Values): boolean {
  const at = values.findIndex((later) => later.scrape > scrape && later.value >= from)
  const steps = values.slice(1).map(({ value }, index) => value - values[index]!.value)
  const jump = steps[at - 1]!
  const others = steps.filter((step, index) => index !== at - 1 && step > 0)
  const depth = from - to
  const away = values[at]!.value - from
  const earlier = values.filter((one) => one.scrape < scrape && one.value <= to)
  const isInterleaved = away < depth * NEAR && earlier.some(({ value }) => to - value < depth * NEAR)
  if (isInterleaved) return true
  return away < depth / 2 && others.length > 0 && others.every((step) => jump > JUMP * step)
}

/** Whether a series disappeared and came back with at least its previous value. */
function cameBack(series: Series, last: number, history: ScrapeHistory): boolean {
  let [before, missingAt] = [Number.NaN, -1]
  for (const { scrape, value } of series.changes(last)) {
    if (Number.isNaN(value)) missingAt = scrape
    else {
      const isUnread =
        missingAt !== -1 && history.unreadableFor({ name: series.name, matchers: [] }, missingAt, scrape - 1)
      if (missingAt !== -1 && value >= before && !isUnread) return true
      before = value
      missingAt = -1
    }
  }
  return false
}
