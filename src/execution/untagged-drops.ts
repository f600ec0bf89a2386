/** Labels of a series of requests. */
interface LabelledSeries {
  readonly journey?: string | undefined
  readonly step: string
  readonly tag: string | undefined
}

/** Counts of a window that decide how dropped requests are divided. */
interface CountedWindow {
  readonly second: number
  readonly sent: number
  readonly dropped: number
}

/**
 * Dropped requests of a tag, by second. A request function returns the tag when it is called, but it is never called for a
 * dropped request; without these, every tag would seem to have no dropped requests. The dropped requests of a step are
 * divided among its tags in proportion to the requests sent, because iterations are drawn alike whether or not a VU is
 * free. Fractions are carried over, so that the parts add up.
 *
 * @param windowsOf returns the windows of a series that are in scope, in order of time
 */
export function dropsOfTag<Series extends LabelledSeries>(
  series: readonly Series[],
  tag: string,
  windowsOf: (series: Series) => readonly CountedWindow[],
): ReadonlyMap<number, number> {
  const bySecond = new Map<number, number>()
  for (const ofStep of Map.groupBy(series, ({ journey, step }) => JSON.stringify([journey, step])).values()) {
    const sentOf = (some: readonly Series[]) => some.flatMap(windowsOf).reduce((sum, window) => sum + window.sent, 0)
    const all = sentOf(ofStep)
    const ratio = all === 0 ? 0 : sentOf(ofStep.filter((each) => each.tag === tag)) / all
    let remainder = 0
    for (const { second, dropped } of ofStep.filter((each) => each.tag === undefined).flatMap(windowsOf)) {
      remainder += dropped * ratio
      const assigned = Math.round(remainder)
      remainder -= assigned
      if (assigned > 0) bySecond.set(second, (bySecond.get(second) ?? 0) + assigned)
    }
  }
  return bySecond
}
