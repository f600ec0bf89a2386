import type { Invalidity } from '../evidence/verdict.ts'
import type { AssertionResult } from '../results/result.ts'
import type { ScenarioResult } from './results.ts'
import { describeInvalidity } from './wording.ts'

/** A scenario in one line: what was expected, and what was received. */
export interface DecisiveLine {
  /** `p95 < 150 ms`; absent if no assertion decided. */
  readonly expected?: string
  /** `p95 = 163 ms`, why it was not judged, the first line of an error, or the note of a skipped scenario. */
  readonly received: string
}

/** The line that explains a verdict: the decisive assertion, else an error, a reason to be invalid, or a note. */
export function decisiveLine({ verdict, assertions, errors, runs, note }: ScenarioResult): DecisiveLine {
  const [error] = errors
  const found = runs.flatMap(({ invalidities }) => invalidities)[0]
  const asserted = decisiveAssertion(assertions)
  const explains = asserted !== undefined && (verdict === 'passed' || asserted.outcome === verdict)
  if (explains) return { expected: asserted.expected, received: decisiveReceived(asserted, found) }
  if (verdict === 'failed' && error !== undefined)
    return { received: `${error.name}: ${firstLine(error.message)}`.replace(/:$/, '') }
  if (verdict === 'invalid' && found !== undefined) return { received: describeInvalidity(found) }
  const { expected, received } = asserted ?? {}
  if (note !== undefined) return { received: note }
  if (error !== undefined) return { received: `${error.name}: ${firstLine(error.message)}` }
  if (expected !== undefined && received !== undefined) return { expected, received: firstLine(received) }
  return { received: verdict === 'skipped' ? 'not run' : 'nothing was asserted' }
}

/**
 * What decided about an assertion: what was received or, if it is invalid, why it was not judged. A figure that cannot be
 * judged, however good, must not look like the reason.
 *
 * @param found the first reason why its run is invalid
 */
export function decisiveReceived(asserted: AssertionResult, found: Invalidity | undefined): string {
  const reason = asserted.outcome === 'invalid' ? (asserted.invalidities?.[0] ?? found) : undefined
  return reason === undefined ? shortReceived(asserted) : `not judged: ${reason.finding}`
}

/** The assertion that explains a verdict: the first that failed, else the first invalid one, else the passed one with the least room. */
export function decisiveAssertion(assertions: readonly AssertionResult[]): AssertionResult | undefined {
  const first = (outcome: AssertionResult['outcome']) => assertions.find((asserted) => asserted.outcome === outcome)
  const passed = assertions.filter(({ outcome }) => outcome === 'passed')
  // A rate on schedule is always close to its limit, which says nothing about the room that the target has.
  const times = passed.filter(({ unit }) => unit === 'ms')
  return first('failed') ?? first('invalid') ?? closest(times.length > 0 ? times : passed)
}

function closest(passed: readonly AssertionResult[]): AssertionResult | undefined {
  const distance = (asserted: AssertionResult) => Math.abs(marginOf(asserted) ?? Number.POSITIVE_INFINITY)
  return passed.toSorted((a, b) => distance(a) - distance(b) || 0)[0]
}

/** The distance of a value from its limit, as a ratio of the limit: -0.35 if 35% below. Absent if either is unknown. */
export function marginOf({ limit, value }: Pick<AssertionResult, 'limit' | 'value'>): number | undefined {
  if (limit === undefined || value === undefined || limit === 0) return undefined
  const margin = (Number(value) - limit) / Math.abs(limit)
  return Number.isFinite(margin) ? margin : undefined
}

/** The distance from the limit in the text of an assertion: ` (+8.7%)`. */
export const DISTANCE = / \((?:[+−][\d.]+%|[\d,.]+ times the limit)\)/

/** What was received, without the interval, which follows the figure in the text of an assertion. */
export function shortReceived({ received, interval }: AssertionResult): string {
  const line = firstLine(received)
  return interval === undefined ? line : line.replace(/, [\d.]+% interval .*$/, '')
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!
}
