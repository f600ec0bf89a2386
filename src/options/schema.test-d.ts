import { expectTypeOf } from 'vitest'
import type { Duration } from './checks.ts'
import { map, object, optional, readOptions, type ReadOf } from './schema.ts'
import { duration, integer, listOf, oneOf, rate, type text } from './values.ts'

interface RunOptions {
  readonly rate: number
  readonly vus?: number
  readonly timeout?: Duration
  readonly onInvalid?: 'fail' | 'warn'
  readonly tags?: readonly string[]
}

const RUN = object<RunOptions>()({
  rate: rate({ above: 0, example: 50 }),
  vus: optional(integer({ min: 1, example: 50 })),
  timeout: optional(duration(), 10_000),
  onInvalid: optional(oneOf(['fail', 'warn'], 'warn'), 'fail'),
  tags: optional(
    listOf<string>(() => true, 'tags', "['search']"),
    [],
  ),
})

// The result's type follows from the readers: units in names, defaults filled in.
expectTypeOf<ReadOf<typeof RUN>>().toEqualTypeOf<{
  readonly ratePerSec: number
  readonly vus: number | undefined
  readonly timeoutMs: number
  readonly onInvalid: 'fail' | 'warn'
  readonly tags: readonly string[]
}>()
expectTypeOf(readOptions('run()', RUN, {}).timeoutMs).toBeNumber()
expectTypeOf(
  readOptions(
    'run()',
    map(RUN, ({ vus }) => `${vus}`),
    {},
  ),
).toBeString()

// @ts-expect-error -- an option of the interface without a reader
object<RunOptions>()({ rate: RATE, vus: VUS, timeout: TIMEOUT, onInvalid: ON_INVALID })
object<Pick<RunOptions, 'rate'>>()({
  rate: rate({ above: 0, example: 50 }),
  // @ts-expect-error -- a reader of an option that the interface does not have
  ratio: rate({ above: 0, example: 50 }),
})
// @ts-expect-error -- a default that does not have the result's type
optional(duration(), '10s')
// @ts-expect-error -- an example that is not one of the names
oneOf(['fail', 'warn'], 'ignore')
// @ts-expect-error -- a rule over an option that does not exist
RUN.rule(['ratio'], () => undefined)
// A rule can use only its own options: others may be invalid.
RUN.rule(['rate', 'timeout'], (read) => {
  expectTypeOf(read).toEqualTypeOf<{ readonly ratePerSec: number; readonly timeoutMs: number }>()
  return undefined
})
// @ts-expect-error -- a rule that reports an option that does not exist
RUN.rule(['rate'], () => ({ option: 'ratio', rule: 'must be less', example: 'rate: 5' }))

declare const RATE: ReturnType<typeof rate>
declare const VUS: ReturnType<typeof integer>
declare const TIMEOUT: ReturnType<typeof duration>
declare const ON_INVALID: ReturnType<typeof text>
