/** Requests without a good response / requests due, 0–1; `undefined` if none was due. */
export function errorRate(run: {
  readonly offered: number
  readonly completed: number
  readonly errors: Readonly<Record<string, number>>
}): number | undefined {
  if (run.offered === 0) return undefined
  const errors = Object.values(run.errors).reduce((sum, count) => sum + count, 0)
  return (run.offered - run.completed + errors) / run.offered
}

/** Missing deliveries / expected deliveries, 0–1; `undefined` if none was expected. */
export function missingRate(run: {
  readonly deliveries: { readonly expected: number; readonly missing: number }
}): number | undefined {
  return run.deliveries.expected === 0 ? undefined : run.deliveries.missing / run.deliveries.expected
}
