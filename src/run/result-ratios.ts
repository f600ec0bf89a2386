/** Errors and dropped requests over offered ones; `undefined` where nothing was offered. */
export function errorRatio(run: {
  readonly offered: number
  readonly dropped: number
  readonly errors: Readonly<Record<string, number>>
}): number | undefined {
  if (run.offered === 0) return undefined
  const errors = Object.values(run.errors).reduce((sum, count) => sum + count, 0)
  return (errors + run.dropped) / run.offered
}

/** Deliveries that never came over those expected; `undefined` where none was expected. */
export function missingRatio(run: {
  readonly deliveries: { readonly expected: number; readonly missing: number }
}): number | undefined {
  return run.deliveries.expected === 0 ? undefined : run.deliveries.missing / run.deliveries.expected
}
