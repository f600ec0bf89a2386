import { durationMs, type Duration } from '../options/checks.ts'
import { fixBy, OptionsError } from '../options/problems.ts'

/** @throws {Error} naming what the run has */
export function assertKnown(run: string, what: string, name: string, known: ReadonlySet<string>): void {
  if (known.has(name)) return
  const available = known.size === 0 ? 'it has none' : `it has ${[...known].join(', ')}`
  throw new Error(`${run} has no ${what} ${JSON.stringify(name)}; ${available}`)
}

/** Period of `between()` in milliseconds. @throws {OptionsError} if it is not two ascending durations in whole seconds */
export function period(from: Duration, to: Duration): readonly [fromMs: number, toMs: number] {
  const [fromMs, toMs] = [durationMs(from), durationMs(to)]
  if (fromMs === undefined || toMs === undefined || fromMs % 1000 !== 0 || toMs % 1000 !== 0 || fromMs >= toMs) {
    const rule = 'must be two durations in whole seconds, the first below the second'
    throw new OptionsError('run.between()', [
      { path: 'from, to', received: [from, to], rule, fix: fixBy(`run.between('10s', '20s')`) },
    ])
  }
  return [fromMs, toMs]
}
