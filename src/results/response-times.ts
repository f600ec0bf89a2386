/** Upper bounds of the buckets for response times during a run, in seconds, as Prometheus requires. */
export const RESPONSE_TIME_BOUNDS_SEC = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 0.75, 1, 2.5, 5, 10,
] as const

const BOUNDS_US = RESPONSE_TIME_BOUNDS_SEC.map((sec) => sec * 1e6)

/** Response times of one step with one status, since the start of the run, warm-up included. Plain JSON. */
export interface ResponseTimesJson {
  readonly step: string
  /** The status code, or the kind of error if there was no response: `timeout`, `connect`, `reset`, `body`. */
  readonly status: string
  /** Count per bucket of {@link RESPONSE_TIME_BOUNDS_SEC}, then the count of longer times. */
  readonly counts: readonly number[]
  readonly sumUs: number
}

/** Response times by step and status, for scrapers. Coarse and cheap; matchers use the histograms of a run. */
export class ResponseTimes {
  readonly #byStep = new Map<string, Map<string | number, { readonly counts: number[]; sumUs: number }>>()

  record(step: string, status: string | number, us: number): void {
    let byStatus = this.#byStep.get(step)
    if (byStatus === undefined) this.#byStep.set(step, (byStatus = new Map()))
    let times = byStatus.get(status)
    if (times === undefined) byStatus.set(status, (times = { counts: BOUNDS_US.map(() => 0).concat(0), sumUs: 0 }))
    let bucket = 0
    while (bucket < BOUNDS_US.length && us > BOUNDS_US[bucket]!) bucket++
    times.counts[bucket]!++
    times.sumUs += us
  }

  /** Mean of all times; `undefined` if there are none. */
  get meanMs(): number | undefined {
    let [count, sumUs] = [0, 0]
    for (const byStatus of this.#byStep.values())
      for (const times of byStatus.values()) {
        for (const inBucket of times.counts) count += inBucket
        sumUs += times.sumUs
      }
    return count === 0 ? undefined : sumUs / count / 1000
  }

  toJSON(): readonly ResponseTimesJson[] {
    return [...this.#byStep].flatMap(([step, byStatus]) =>
      [...byStatus].map(([status, { counts, sumUs }]) => ({
        step,
        status: String(status),
        counts: [...counts],
        sumUs,
      })),
    )
  }
}
