import type { MatcherResult, MatcherState } from 'vitest'
import type { RunPart } from '../evidence/evidence.ts'
import { Problems } from '../options/problems.ts'
import { Call, type ExtendMatcher, type Judgement, type Wording } from './call.ts'
import { describeReceived, type Subject } from './subject.ts'

export type { ExtendMatcher, Figure, Judgement } from './call.ts'

export interface MatcherDefinition<Evidence, Plan> extends Wording {
  readonly subject: Subject<Evidence>
  /** Reads the arguments; every mistake goes into `problems`, and what is returned is then not used. */
  readArguments(problems: Problems, args: readonly unknown[]): Plan
  /** Pure for runs; a promise where the evidence must be fetched, as from a database. */
  judge(evidence: Evidence, plan: Plan): Judgement | Promise<Judgement>
}

const definedMatchers: { readonly name: string; readonly subject: Subject<unknown> }[] = []

/**
 * Makes a matcher of a judgement. Here alone is decided what passes, fails and is invalid; that every judgement is
 * recorded for the reporter; and where the stack of an error begins (in the scenario, for its code frame).
 *
 * As an asymmetric matcher (`expect.toHaveP95Below(150)` within `toEqual`) a judgement is not recorded unless it is
 * invalid: equality may ask several times, and a part that does not match need not be a failure.
 *
 * @throws {InvalidRunError} through the matcher, where evidence cannot be judged, also under `.not` and `expect.soft`
 * @throws {TypeError} through the matcher, where it is polled or given something it cannot judge
 * @throws {OptionsError} through the matcher, where its arguments cannot be used
 */
export function defineMatcher<Evidence, Plan>(definition: MatcherDefinition<Evidence, Plan>): ExtendMatcher {
  const { name, subject } = definition
  definedMatchers.push({ name, subject })

  function matcher(this: MatcherState, received: unknown, ...args: unknown[]): MatcherResult {
    const call = new Call(definition, this, received, args, matcher)
    try {
      call.rejectPoll()
      const evidence = subject.read(received)
      if (evidence === undefined) throw new TypeError(unfit(name, subject, received))
      const problems = new Problems()
      const plan = definition.readArguments(problems, args)
      problems.throwIfAny(`${name}()`)
      call.part = partOf(evidence)
      const judged = definition.judge(evidence, plan)
      return judged instanceof Promise ? call.settleLater(judged) : call.settle(judged)
    } catch (error) {
      throw call.placed(error)
    }
  }
  // With this mark Vitest calls the matcher once and at once instead of first running the polled function, which would
  // put load on the target for an assertion that is refused anyway.
  Object.defineProperty(matcher, '__vitest_poll_takeover__', { value: true })
  Object.defineProperty(matcher, 'name', { value: name })
  return matcher
}

/** The part of a run that evidence is about. */
function partOf(evidence: unknown): RunPart | undefined {
  return (evidence as { readonly part?: RunPart } | null)?.part
}

/** Whether a matcher is of this package. */
export function isDefined(matcher: string): boolean {
  return definedMatchers.some(({ name }) => name === matcher)
}

function unfit(name: string, subject: Subject<unknown>, received: unknown): string {
  const fitting = definedMatchers.filter((other) => other.subject.read(received) !== undefined)
  const names = fitting.map((other) => other.name).join(', ')
  return (
    `${name}() judges ${subject.noun}; it was given ${describeReceived(received)}.` +
    (names === '' ? '' : `\nMatchers that fit it: ${names}`)
  )
}
