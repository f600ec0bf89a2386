/** A stream of requests as far as its step and tag go. */
interface Labelled {
  readonly step: string
  readonly tag: string | undefined
}

/** A window as far as shares of dropped requests go. */
interface Counted {
  readonly second: number
  readonly sent: number
  readonly dropped: number
}

/**
 * The dropped requests that belong to a tag, by second. A request function gives the tag when it is called, and for a
 * dropped request it never was: leaving such requests out would make every tag look as if nothing was dropped. The
 * dropped requests of a step are shared among its tags in the proportion of the requests that were sent, as the iterations
 * due are drawn alike whether or not a VU is free. Fractions are carried over, so that the shares add up.
 *
 * @param windowsOf the windows of a series that are in scope, in order of time
 */
export function dropsOfTag<Series extends Labelled>(
  series: readonly Series[],
  tag: string,
  windowsOf: (series: Series) => readonly Counted[],
): ReadonlyMap<number, number> {
  const bySecond = new Map<number, number>()
  for (const step of new Set(series.map((each) => each.step))) {
    const ofStep = series.filter((each) => each.step === step)
    const sentOf = (some: readonly Series[]) => some.flatMap(windowsOf).reduce((sum, window) => sum + window.sent, 0)
    const all = sentOf(ofStep)
    const share = all === 0 ? 0 : sentOf(ofStep.filter((each) => each.tag === tag)) / all
    let owed = 0
    for (const { second, dropped } of ofStep.filter((each) => each.tag === undefined).flatMap(windowsOf)) {
      owed += dropped * share
      const given = Math.round(owed)
      owed -= given
      if (given > 0) bySecond.set(second, (bySecond.get(second) ?? 0) + given)
    }
  }
  return bySecond
}
