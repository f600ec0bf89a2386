import type { MatcherResult, MatcherState } from 'vitest'
import type { RunPart } from '../evidence/run-part.ts'
import { Problems } from '../options/problems.ts'
import { Call, type ExtendMatcher, type Judgement, type Wording } from './call.ts'
import { describeReceived, type Subject } from './subject.ts'

export type { ExtendMatcher, Figure, Judgement } from './call.ts'

export interface MatcherDefinition<Evidence, Plan> extends Wording {
  readonly subject: Subject<Evidence>
  /** Reads the arguments and adds every mistake to `problems`; the result is only used if there are none. */
  readArguments(problems: Problems, args: readonly unknown[], evidence: Evidence): Plan
  /** Pure for runs; returns a promise if the evidence must be fetched, e.g. from a database. */
  judge(evidence: Evidence, plan: Plan): Judgement | Promise<Judgement>
}

const definedMatchers: { readonly name: string; readonly subject: Subject<unknown> }[] = []

/**
 * Defines a matcher from a judgement: decides whether it passes, fails or is invalid, records it for the reporter, and
 * makes the stack of an error begin in the scenario, for its code frame.
 *
 * Asymmetric use (`expect.toHaveP95Below(150)` within `toEqual`) is refused: equality may call a matcher several times, and
 * a part that does not match need not be a failure, so neither a failed nor an invalid judgement would count as such.
 *
 * @throws {InvalidRunError} from the matcher, if the evidence cannot be judged, also under `.not` and `expect.soft`
 * @throws {TypeError} from the matcher, if it is polled, used inside another matcher, or receives a value that it cannot judge
 * @throws {OptionsError} from the matcher, if its arguments are invalid
 */
export function defineMatcher<Evidence, Plan>(definition: MatcherDefinition<Evidence, Plan>): ExtendMatcher {
  const { name, subject } = definition
  definedMatchers.push({ name, subject })

  function matcher(this: MatcherState, received: unknown, ...args: unknown[]): MatcherResult {
    const call = new Call(definition, this, received, args, matcher)
    try {
      call.rejectPoll()
      const late = call.rejectLate()
      if (late !== undefined) return late
      call.rejectAsymmetric()
      const evidence = subject.read(received)
      if (evidence === undefined) throw new TypeError(unsupported(name, subject, received))
      const problems = new Problems()
      const plan = definition.readArguments(problems, args, evidence)
      problems.throwIfAny(`${name}()`)
      call.part = partOf(evidence)
      const judged = definition.judge(evidence, plan)
      return judged instanceof Promise ? call.settleLater(judged) : call.settle(judged)
    } catch (error) {
      return call.rejected(error)
    }
  }
  // With this mark Vitest calls the matcher once and immediately, instead of running the polled function first: that
  // would put load on the target for an assertion that is rejected anyway.
  Object.defineProperty(matcher, '__vitest_poll_takeover__', { value: true })
  Object.defineProperty(matcher, 'name', { value: name })
  return matcher
}

/** The part of a run that the evidence is about. */
function partOf(evidence: unknown): RunPart | undefined {
  return (evidence as { readonly part?: RunPart } | null)?.part
}

/** Whether this package defines the matcher. */
export function isDefined(matcher: string): boolean {
  return definedMatchers.some(({ name }) => name === matcher)
}

function unsupported(name: string, subject: Subject<unknown>, received: unknown): string {
  const supported = definedMatchers.filter((other) => other.subject.read(received) !== undefined)
  const names = supported.map((other) => other.name).join(', ')
  const fix =
    received instanceof Promise
      ? 'await the run before asserting on it'
      : names === ''
        ? `pass ${subject.noun}`
        : `use a matcher that accepts it: ${names}`
  return `${name}() judges ${subject.noun}; received ${describeReceived(received)}\nFix: ${fix}`
}
