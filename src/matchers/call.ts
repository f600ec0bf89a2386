import { chai, TestRunner, type MatcherResult, type MatcherState, type RunnerTestCase } from 'vitest'
import type { RunPart } from '../evidence/evidence.ts'
import { InvalidRunError, type Invalidity } from '../evidence/verdict.ts'
import { inspected } from '../options/shortened.ts'
import { assertedBy } from '../results/asserted.ts'
import type { AssertionResult } from '../results/result.ts'
import { scenarioRecordOf } from '../results/task-meta.ts'
import { WatchedPromise } from '../results/watched-promise.ts'
import type { Interval } from '../stats/intervals.ts'
import { toJsonMs } from '../stats/summary.ts'
import { formatMessage } from './message.ts'
import { onInvalid } from './on-invalid.ts'
import { judgedRuns, nameOf, recordedRuns, type Subject } from './subject.ts'

/** What a matcher found. Words for both polarities, because `.not` expects the opposite and must say so. */
export interface Judgement {
  /**
   * Whether what was asserted holds. `undecided`: the evidence is sound and leaves both open, as where an interval
   * reaches over its limit; the assertion then fails as written and fails under `.not` as well.
   */
  readonly holds: boolean | 'undecided'
  /** `p95 < 150 ms` */
  readonly expected: string
  /** What `.not` expects: `p95 ≥ 150 ms` */
  readonly expectedNot: string
  /** `p95 = 163 ms (+8.7%)`; may have several lines. */
  readonly received: string
  /**
   * What forbids judging at all. Any entry makes the assertion invalid, whatever `holds` says, in both polarities; one
   * that blames the target makes it fail instead, in both polarities.
   */
  readonly invalidities: readonly Invalidity[]
  /** What forbids judging the opposite: the assertion does not hold, for reasons that do not show what `.not` claims. */
  readonly againstNot?: readonly Invalidity[]
  /**
   * Why this cannot be checked here at all, as a ledger without the URL of its database. The assertion is recorded as
   * skipped, with this reason, and throws in neither polarity.
   */
  readonly skipped?: string | undefined
  readonly evidence: readonly string[]
  readonly worst?: { readonly label: string; readonly items: readonly string[] } | undefined
  readonly hint?: string | undefined
  /** The numbers of an assertion about one figure. */
  readonly figure?: Figure | undefined
}

/** One figure that was compared with a limit. */
export interface Figure {
  /** In `unit`. */
  readonly limit: number
  /** In `unit`; NaN if nothing was measured. */
  readonly value: number
  readonly unit: NonNullable<AssertionResult['unit']>
  readonly interval?: Interval | undefined
  /** The percentile that was judged, as a ratio. */
  readonly percentile?: number
}

/** What is needed to write a call down. */
export interface Wording {
  readonly name: string
  readonly subject: Subject<unknown>
  /** How the call line shows the arguments; by default as one would write plain data. */
  showArguments?(args: readonly unknown[]): string
}

/** A matcher in the form `expect.extend` takes. */
export type ExtendMatcher = (this: MatcherState, received: unknown, ...args: unknown[]) => MatcherResult

/** The state as it arrives: `isNot` is undefined where nothing was negated, `assertion` in asymmetric use. */
type CalledState = Omit<MatcherState, 'isNot' | 'assertion'> & Partial<Pick<MatcherState, 'isNot' | 'assertion'>>

/** One call of a matcher: what it knows of its surroundings. */
export class Call {
  readonly #definition: Wording
  readonly #state: CalledState
  readonly #isNot: boolean
  readonly #received: unknown
  readonly #args: readonly unknown[]
  /** Holds the stack of the call; errors after an `await` no longer have it of their own. */
  readonly #site = new Error('call site')
  /** The part of the run that the evidence is about. */
  part: RunPart | undefined

  constructor(
    definition: Wording,
    state: CalledState,
    received: unknown,
    args: readonly unknown[],
    matcher: ExtendMatcher,
  ) {
    this.#definition = definition
    this.#state = state
    this.#isNot = state.isNot ?? false
    this.#received = received
    this.#args = args
    Error.captureStackTrace(this.#site, matcher)
  }

  rejectPoll(): void {
    if (!this.#state.poll) return
    throw new TypeError(
      `${this.#definition.name}() cannot be polled: a measurement repeated until it passes samples until it is ` +
        `lucky. Await the run once, then assert: expect(${this.#variable}).${this.#written}`,
      { cause: new Error('expect.poll() repeats what it is given until the assertion passes') },
    )
  }

  settle(judgement: Judgement): { pass: boolean; message: () => string } {
    const isNot = this.#isNot
    if (judgement.skipped !== undefined) return this.#skip(judgement, judgement.skipped)
    const givenUp = judgement.invalidities.find(({ blame }) => blame === 'target')
    if (givenUp !== undefined) return this.#settleBroken(judgement, givenUp)
    const invalidities = [...judgement.invalidities, ...((isNot && judgement.againstNot) || [])]
    const [first] = invalidities
    if (first !== undefined) return this.#settleInvalid({ ...judgement, invalidities }, first)
    const pass = judgement.holds === 'undecided' ? isNot : judgement.holds
    const failed = pass === isNot
    const message = failed ? this.#message(judgement, judgement.received) : undefined
    this.#record(judgement, { outcome: failed ? 'failed' : 'passed', ...(message === undefined ? {} : { message }) })
    if (failed && !this.#isAsymmetric) throw this.#failure(judgement)
    return { pass, message: () => message ?? '' }
  }

  settleLater(judgement: Promise<Judgement>): Promise<{ pass: boolean; message: () => string }> {
    if (this.#isAsymmetric) {
      judgement.catch(() => {})
      throw new TypeError(`${this.#definition.name}() has to be awaited and cannot be used inside another matcher`)
    }
    const settled = judgement.then(
      (found) => this.#settleThrowing(found),
      (error: unknown) => {
        throw this.placed(error)
      },
    )
    const { soft, promise: chain } = this.#state
    // Vitest waits for what a matcher returns, and under `soft` once more, unless `resolves` does already.
    const promise = WatchedPromise.over(settled, soft && !chain ? 2 : 1)
    const test = this.#test
    if (test !== undefined) assertedBy(test).later.push({ call: this.#whole, promise, site: this.#site })
    return promise
  }

  /** Gives an error the stack of the call, so that its code frame shows the scenario. */
  placed(error: unknown): unknown {
    if (!(error instanceof Error)) return error
    const frames = this.#site.stack?.split('\n').filter((line) => line.startsWith('    at ')) ?? []
    error.stack = [`${error.name}: ${error.message}`, ...frames].join('\n')
    return error
  }

  /** Vitest would make the error of a failed promise itself, without the stack of the call. */
  #settleThrowing(found: Judgement): { pass: boolean; message: () => string } {
    try {
      return this.settle(found)
    } catch (error) {
      throw this.placed(error)
    }
  }

  #skip(judgement: Judgement, reason: string): { pass: boolean; message: () => string } {
    this.#record({ ...judgement, received: `not checked: ${reason}` }, { outcome: 'skipped' })
    return { pass: !this.#isNot, message: () => '' }
  }

  /** The target broke: whatever was asserted of it does not hold, nor does its opposite. */
  #settleBroken(judgement: Judgement, { finding, remedy }: Invalidity): { pass: boolean; message: () => string } {
    const found = { ...judgement, received: `${finding}\nuntil then: ${judgement.received}` }
    const message = this.#message({ ...found, hint: judgement.hint ?? remedy }, found.received)
    this.#record(found, { outcome: 'failed', message })
    if (!this.#isAsymmetric) throw this.#failure({ ...found, hint: judgement.hint ?? remedy })
    return { pass: this.#isNot, message: () => message }
  }

  #settleInvalid(judgement: Judgement, { reason }: Invalidity): { pass: boolean; message: () => string } {
    const findings = judgement.invalidities.map((invalidity) => `${invalidity.reason}: ${invalidity.finding}`)
    const hint = judgement.invalidities.map(({ remedy }) => remedy).join('\n')
    const message = this.#message({ ...judgement, hint }, `INVALID, not judged. ${findings.join('\n')}`)
    this.#record(judgement, { outcome: 'invalid', reason, invalidities: judgement.invalidities, message })
    if (onInvalid() === 'fail') throw new InvalidRunError(this.#withPrefix(message), reason)
    console.warn(`InvalidRunError: ${this.#withPrefix(message)}`)
    return { pass: !this.#isNot, message: () => message }
  }

  /**
   * The error of a failed assertion. Vitest's own would print `actual` and `expected` once more, as a diff: editors and
   * the UI show them, the message contains them.
   */
  #failure(judgement: Judgement): Error {
    const error = new Error(this.#withPrefix(this.#message(judgement, judgement.received)))
    return Object.assign(error, {
      actual: judgement.received,
      expected: this.#expected(judgement),
      showDiff: false,
      // Where Vitest keeps `meta` of a matcher's result; it does not print it.
      __vitest_error_context__: { assertionName: this.#definition.name, meta: this.#numbers(judgement) },
    })
  }

  #expected({ expected, expectedNot }: Judgement): string {
    return this.#isNot ? expectedNot : expected
  }

  #message(judgement: Judgement, received: string): string {
    return formatMessage({ ...judgement, call: this.#whole, expected: this.#expected(judgement), received })
  }

  /** Run, part and figure of the assertion, as JSON. */
  #numbers({ figure }: Judgement): Partial<AssertionResult> {
    const run = nameOf(this.#received)
    const { limit, value, unit, interval, percentile } = figure ?? {}
    return {
      ...(run === undefined ? {} : { run }),
      ...this.part,
      ...(percentile === undefined ? {} : { percentile }),
      ...(limit === undefined ? {} : { limit }),
      ...(value === undefined || Number.isNaN(value) ? {} : { value: toJsonMs(value) }),
      ...(unit === undefined ? {} : { unit }),
      ...(interval && {
        interval: { low: toJsonMs(interval.low), high: toJsonMs(interval.high), confidence: interval.confidence },
      }),
    }
  }

  /** The call as the scenario wrote it. */
  get #whole(): string {
    const chain = `expect${this.#state.soft ? '.soft' : ''}(${this.#variable})${this.#isNot ? '.not' : ''}`
    return `${chain}.${this.#written}`
  }

  get #test(): RunnerTestCase | undefined {
    return this.#state.task ?? TestRunner.getCurrentTest()
  }

  get #variable(): string {
    const { subject } = this.#definition
    return subject.variableFor?.(this.#received) ?? subject.variable
  }

  /** The call without its receiver, as the scenario wrote it. */
  get #written(): string {
    const { name, showArguments = showPlainly } = this.#definition
    return `${name}(${showArguments(this.#args)})`
  }

  /** The message given to `expect(run, message)`; Vitest puts it before the errors it makes itself. */
  #withPrefix(message: string): string {
    const { assertion } = this.#state
    const prefix: unknown = assertion && chai.util.flag(assertion, 'message')
    return typeof prefix === 'string' && prefix !== '' ? `${prefix}: ${message}` : message
  }

  get #isAsymmetric(): boolean {
    return this.#state.assertion === undefined
  }

  #record(
    judgement: Judgement,
    outcome: Pick<AssertionResult, 'outcome' | 'reason' | 'invalidities' | 'message'>,
  ): void {
    const test = this.#test
    if (test === undefined) return
    if (outcome.outcome !== 'skipped') {
      const [asserted, given] = [assertedBy(test), [this.#received, ...this.#args]]
      for (const name of judgedRuns(given)) asserted.runs.add(name)
      for (const name of recordedRuns(given)) asserted.histories.add(name)
    }
    if (this.#isAsymmetric && outcome.outcome !== 'invalid') return
    const run = nameOf(this.#received)
    const { assertions } = scenarioRecordOf(test)
    if (this.#isAsymmetric && assertions.some((known) => known.message === outcome.message && known.run === run)) return
    assertedBy(test)[outcome.outcome === 'skipped' ? 'skipped' : 'judged']++
    assertions.push({
      assertion: (this.#isNot ? 'not.' : '') + this.#written,
      expected: this.#expected(judgement),
      received: judgement.received,
      ...outcome,
      ...this.#numbers(judgement),
    })
  }
}

function showPlainly(args: readonly unknown[]): string {
  return args.map((arg) => inspected(arg, 60)).join(', ')
}
