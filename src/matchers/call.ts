import { chai, onTestFinished, TestRunner, type MatcherResult, type MatcherState, type RunnerTestCase } from 'vitest'
import type { RunPart } from '../evidence/run-part.ts'
import { InvalidRunError, type Invalidity } from '../evidence/verdict.ts'
import { inspected } from '../options/shortened.ts'
import { assertedBy, EXPECT_CALL, type ExpectCall, type LaterAssertion } from '../results/asserted.ts'
import { colourMessage } from '../results/message-colours.ts'
import { isForeign, scenarioOf } from '../results/owner.ts'
import type { AssertionResult } from '../results/result.ts'
import { codeOfPart } from '../results/scope-of-assertion.ts'
import { scenarioRecordOf } from '../results/task-meta.ts'
import { WatchedPromise } from '../results/watched-promise.ts'
import type { Interval } from '../stats/intervals.ts'
import { toJsonMs } from '../stats/summary.ts'
import { isOver, LateAssertionError } from './late.ts'
import { formatMessage } from './message.ts'
import { onInvalid } from './on-invalid.ts'
import { historiesIn, judgedRuns, nameOf, type Subject } from './subject.ts'

/** Result of a matcher, with the expectation of both polarities: `.not` expects the opposite. */
export interface Judgement {
  /**
   * Whether the assertion holds. `undecided`: the evidence is valid but inconclusive, e.g. an interval straddles the
   * limit; the assertion then fails as written and under `.not`.
   */
  readonly holds: boolean | 'undecided'
  /** `p95 < 150 ms` */
  readonly expected: string
  /** Expectation of `.not`: `p95 ≥ 150 ms` */
  readonly expectedNot: string
  /** `p95 = 163 ms (+8.7%)`; may have several lines. */
  readonly received: string
  /**
   * Reasons not to judge. Any entry makes the assertion invalid in both polarities, regardless of `holds`; an entry that
   * the target caused makes it fail instead, in both polarities.
   */
  readonly invalidities: readonly Invalidity[]
  /** Reasons not to judge `.not`: the assertion does not hold, but its failure does not prove the opposite. */
  readonly againstNot?: readonly Invalidity[]
  /**
   * Reason that the check cannot run here, e.g. a ledger without a database URL. The assertion is recorded as skipped,
   * with this reason, and throws in neither polarity.
   */
  readonly skipped?: string | undefined
  readonly evidence: readonly string[]
  readonly worst?: { readonly label: string; readonly items: readonly string[] } | undefined
  /** The fix that the figures suggest. */
  readonly hint?: string | undefined
  /** The fix if the figures suggest none. */
  readonly fix: string
  /** Figure that the assertion compares with a limit. */
  readonly figure?: Figure | undefined
}

/** One figure that was compared with a limit. */
export interface Figure {
  /** In `unit`. */
  readonly limit: number
  /** In `unit`; NaN if nothing was measured. */
  readonly value: number
  readonly unit: NonNullable<AssertionResult['unit']>
  readonly interval?: Pick<Interval, 'low' | 'high' | 'confidence'> | undefined
  /** The percentile that was judged, as a ratio. */
  readonly percentile?: number
}

/** Name, subject and arguments of a call, for its messages. */
export interface Wording {
  readonly name: string
  readonly subject: Subject<unknown>
  /** Formats the arguments for the call line. @default as plain data */
  showArguments?(args: readonly unknown[]): string
}

/** A matcher in the form `expect.extend` takes. */
export type ExtendMatcher = (this: MatcherState, received: unknown, ...args: unknown[]) => MatcherResult

/** State that Vitest passes: `isNot` is undefined without `.not`, and `assertion` in asymmetric use. */
type CalledState = Omit<MatcherState, 'isNot' | 'assertion'> & Partial<Pick<MatcherState, 'isNot' | 'assertion'>>

/** One call of a matcher, with its context. */
export class Call {
  readonly #definition: Wording
  readonly #state: CalledState
  readonly #isNot: boolean
  readonly #received: unknown
  readonly #args: readonly unknown[]
  readonly #test: RunnerTestCase | undefined
  /** Stack of the call: errors thrown after an `await` do not contain it. */
  readonly #site = new Error('call site')
  #isJudged = false
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
    this.#test = scenarioOf(received, state.task ?? TestRunner.getCurrentTest())
    Error.captureStackTrace(this.#site, matcher)
    const { assertion } = state
    const call = assertion && (chai.util.flag(assertion, EXPECT_CALL) as ExpectCall | undefined)
    call?.among.delete(call)
  }

  rejectPoll(): void {
    if (!this.#state.poll) return
    throw new TypeError(
      `${this.#definition.name}() cannot be polled: a measurement that is repeated until it passes proves nothing\n` +
        `Fix: await the run once, then assert: expect(${this.#variable}).${this.#written}`,
      { cause: new Error('expect.poll() repeats its callback until the assertion passes') },
    )
  }

  /** @throws {TypeError} for asymmetric use */
  rejectAsymmetric(): void {
    if (this.#state.assertion !== undefined) return
    throw new TypeError(
      `${this.#definition.name}() cannot be used inside another matcher, which would not count its verdict\n` +
        `Fix: assert on the value itself: expect(${this.#variable}).${this.#isNot ? 'not.' : ''}${this.#written}`,
    )
  }

  /**
   * Fails the command if the scenario has ended. Nothing is thrown: the caller may catch it, and Vitest would charge the
   * error of a soft assertion to the scenario that runs by now.
   *
   * @returns the result to return, if so
   */
  rejectLate(): MatcherResult | undefined {
    const test = this.#test
    if (test === undefined || !isOver(test)) return undefined
    void Promise.reject(this.placed(new LateAssertionError(this.#whole, test)))
    return { pass: !this.#isNot, message: () => '' }
  }

  settle(judgement: Judgement): { pass: boolean; message: () => string } {
    const isNot = this.#isNot
    if (judgement.skipped !== undefined) return this.#skip(judgement, judgement.skipped)
    const targetFailure = judgement.invalidities.find(({ blame }) => blame === 'target')
    if (targetFailure !== undefined) return this.#settleTargetFailure(judgement, targetFailure)
    const invalidities = [...judgement.invalidities, ...((isNot && judgement.againstNot) || [])]
    const [first] = invalidities
    if (first !== undefined) return this.#settleInvalid({ ...judgement, invalidities }, first)
    const pass = judgement.holds === 'undecided' ? isNot : judgement.holds
    const failed = pass === isNot
    const message = failed ? this.#message(judgement, judgement.received) : undefined
    this.#record(judgement, { outcome: failed ? 'failed' : 'passed', ...(message === undefined ? {} : { message }) })
    if (failed) return this.#object(this.#failure(judgement))
    return { pass, message: () => message ?? '' }
  }

  settleLater(judgement: Promise<Judgement>): Promise<{ pass: boolean; message: () => string }> {
    const settled = judgement.then(
      (found) => this.#settleThrowing(found),
      (error: unknown) => this.rejected(error),
    )
    const { soft, promise: chain } = this.#state
    // Vitest awaits a matcher's promise once, and twice under `soft` unless `resolves` is used.
    const promise = WatchedPromise.over(settled, soft && !chain ? 2 : 1)
    const test = this.#test
    if (test === undefined) return promise
    const later: LaterAssertion = { call: this.#whole, promise, isSettled: false, site: this.#site }
    assertedBy(test).later.push(later)
    void promise.settled().then(() => (later.isSettled = true))
    return promise
  }

  /**
   * Throws the error of a call that was not judged, for example because of its arguments, and registers it: the scenario
   * may catch it.
   */
  rejected(error: unknown): { pass: boolean; message: () => string } {
    if (this.#isJudged) throw this.placed(error)
    const test = this.#test
    if (test !== undefined && assertedBy(test).isScenario)
      assertedBy(test).rejected.push({
        by: 'matcher',
        call: this.#whole,
        error,
        isThrown: true,
        site: this.#site,
        isExpected: false,
      })
    return this.#object(error)
  }

  /**
   * Throws the error of an assertion. Outside a test nothing audits what the caller catches, so there it fails the command
   * instead; a plain test that catches the error of an assertion on the run of a scenario fails at its end.
   */
  #object(error: unknown): { pass: boolean; message: () => string } {
    this.#isJudged = true
    const test = this.#test
    if (test === undefined) {
      // oxlint-disable-next-line promise/no-promise-in-callback -- not a callback: `error` is what happened
      void Promise.reject(this.placed(error))
      return { pass: !this.#isNot, message: () => '' }
    }
    if (TestRunner.getCurrentTest() === test && !assertedBy(test).isScenario && isForeign(this.#received, test))
      onTestFinished(() => {
        if (test.result?.state !== 'fail') throw error
      })
    throw this.placed(error)
  }

  /** Replaces the stack of an error with that of the call: its code frame then shows the scenario. */
  placed(error: unknown): unknown {
    if (!(error instanceof Error)) return error
    const frames = this.#site.stack?.split('\n').filter((line) => line.startsWith('    at ')) ?? []
    error.stack = [`${error.name}: ${error.message}`, ...frames].join('\n')
    return error
  }

  /** Throws the error of a failed promise here: Vitest's own would lack the stack of the call. */
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

  /** Fails in both polarities: the target broke, so neither the assertion nor its opposite holds. */
  #settleTargetFailure(judgement: Judgement, { finding, fix }: Invalidity): { pass: boolean; message: () => string } {
    const found = { ...judgement, received: `${finding}\nuntil then: ${judgement.received}` }
    const fixed = judgement.hint ?? fix
    const message = this.#message(found, found.received, fixed)
    this.#record(found, { outcome: 'failed', message })
    return this.#object(this.#failure(found, fixed))
  }

  #settleInvalid(judgement: Judgement, { reason }: Invalidity): { pass: boolean; message: () => string } {
    const findings = judgement.invalidities.map((invalidity) => `${invalidity.reason}: ${invalidity.finding}`)
    const fix = judgement.invalidities.map((invalidity) => invalidity.fix).join('\n')
    const message = this.#message(judgement, `INVALID, not judged. ${findings.join('\n')}`, fix)
    this.#record(judgement, { outcome: 'invalid', reason, invalidities: judgement.invalidities, message })
    if (onInvalid() === 'fail')
      return this.#object(this.#coloured(new InvalidRunError(this.#withPrefix(message), reason)))
    console.warn(`InvalidRunError: ${this.#withPrefix(message)}`)
    return { pass: !this.#isNot, message: () => message }
  }

  /**
   * Error of a failed assertion. Editors and the UI show `actual` and `expected`; Vitest's own error would also print them
   * as a diff, although the message contains them.
   */
  #failure(judgement: Judgement, fix?: string): Error {
    const error = this.#coloured(new Error(this.#withPrefix(this.#message(judgement, judgement.received, fix))))
    return Object.assign(error, {
      actual: judgement.received,
      expected: this.#expected(judgement),
      showDiff: false,
      // Vitest keeps `meta` of a matcher's result here and does not print it.
      __vitest_error_context__: { assertionName: this.#definition.name, meta: this.#numbers(judgement) },
    })
  }

  /**
   * Colours the message as Vitest colours those of its matchers, but only where Vitest reports the error, which it
   * serializes by `toJSON()`: a scenario that compares `message` finds the same text with and without colours.
   */
  #coloured<E extends Error>(error: E): E {
    const { EXPECTED_COLOR: expected, RECEIVED_COLOR: received } = this.#state.utils
    const toJSON = () => {
      const { name, message, stack } = error
      // oxlint-disable-next-line typescript/no-misused-spread
      return { ...error, name, message: colourMessage(message, { expected, received }), stack }
    }
    return Object.defineProperty(error, 'toJSON', { value: toJSON })
  }

  #expected({ expected, expectedNot }: Judgement): string {
    return this.#isNot ? expectedNot : expected
  }

  #message(judgement: Judgement, received: string, fix = this.#fix(judgement)): string {
    return formatMessage({ ...judgement, call: this.#whole, expected: this.#expected(judgement), received, fix })
  }

  /** A failure of `.not` is not a problem of the target. */
  #fix({ holds, hint, fix }: Judgement): string {
    return this.#isNot && holds === true
      ? 'remove .not, or assert another limit: the assertion itself holds'
      : (hint ?? fix)
  }

  /** Run, part and figure of the assertion as JSON. */
  #numbers({ figure }: Judgement): Partial<AssertionResult> {
    const run = this.#run
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

  /** Name of the run in the scenario. */
  get #run(): string | undefined {
    return this.#test !== undefined && isForeign(this.#received, this.#test) ? undefined : nameOf(this.#received)
  }

  /** The call as the scenario wrote it. */
  get #whole(): string {
    const chain = `expect${this.#state.soft ? '.soft' : ''}(${this.#variable})${this.#isNot ? '.not' : ''}`
    return `${chain}.${this.#written}`
  }

  get #variable(): string {
    const { subject } = this.#definition
    const variable = subject.variableFor?.(this.#received) ?? subject.variable
    return variable + codeOfPart(this.part)
  }

  /** The call without its receiver, as the scenario wrote it. */
  get #written(): string {
    const { name, showArguments = showPlainly } = this.#definition
    return `${name}(${showArguments(this.#args)})`
  }

  /** Adds the message of `expect(run, message)`; Vitest only adds it to its own errors. */
  #withPrefix(message: string): string {
    const { assertion } = this.#state
    const prefix: unknown = assertion && chai.util.flag(assertion, 'message')
    return typeof prefix === 'string' && prefix !== '' ? `${prefix}: ${message}` : message
  }

  #record(
    judgement: Judgement,
    outcome: Pick<AssertionResult, 'outcome' | 'reason' | 'invalidities' | 'message'>,
  ): void {
    const test = this.#test
    if (test === undefined) return
    if (outcome.outcome !== 'skipped') {
      const asserted = assertedBy(test)
      // Names of runs are only unique within a scenario.
      const isOwn = (value: unknown) => !isForeign(value, test)
      const given = [this.#received, ...this.#args]
      for (const name of judgedRuns(given.filter(isOwn))) asserted.runs.add(name)
      for (const { run } of historiesIn(given).filter(isOwn)) if (run !== undefined) asserted.histories.add(run)
    }
    const { assertions } = scenarioRecordOf(test)
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
