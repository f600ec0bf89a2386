/** Start of one generator on the shared clock. */
export interface Start {
  readonly startedMs: number
  readonly errorMs: number
}

/**
 * Skew of the starts and its uncertainty: the greatest distance that two starts can have, given the errors of both clocks, is
 * `skewMs + errorMs`.
 */
export function startSkew(starts: readonly Start[]) {
  const times = starts.map(({ startedMs }) => startedMs)
  const firstMs = Math.min(...times)
  const skewMs = Math.max(...times) - firstMs
  const latest = Math.max(...starts.map(({ startedMs, errorMs }) => startedMs + errorMs))
  const earliest = Math.min(...starts.map(({ startedMs, errorMs }) => startedMs - errorMs))
  return { skewMs, errorMs: latest - earliest - skewMs, offsetsMs: times.map((time) => time - firstMs) }
}
