import type { RunPart } from '../evidence/run-part.ts'
import type { AssertionResult } from './result.ts'

/** The part of a run as code that follows the run: `.step('pay').phase('spike')`. Empty for the whole run. */
export function codeOfPart(part: { readonly [Key in keyof RunPart]?: RunPart[Key] | undefined } | undefined): string {
  const { journey, isIteration, group, metric, softCheck, step, tag, ending, phase, between } = part ?? {}
  const call = (name: string, ...args: readonly string[]) => `.${name}(${args.map((arg) => `'${arg}'`).join(', ')})`
  return [
    journey === undefined ? '' : call('journey', shortened(journey)),
    isIteration ? '.iterations' : '',
    group === undefined ? '' : call('group', shortened(group)),
    metric === undefined ? '' : call('metric', shortened(metric)),
    softCheck === undefined ? '' : call('softCheck', shortened(softCheck)),
    step === undefined ? '' : call('step', shortened(step)),
    tag === undefined ? '' : call('tag', shortened(tag)),
    ending === undefined ? '' : `.${ending}`,
    phase === undefined ? '' : call('phase', phase),
    between === undefined ? '' : call('between', ...between.map(secondsOf)),
  ].join('')
}

/**
 * What an assertion judged, for reports: `votes, step pay, spike phase`. Empty for a whole run.
 *
 * @param all the assertions of the scenario; the run is named if they judged several
 */
export function scopeOfAssertion(assertion: AssertionResult, all: readonly AssertionResult[]): string {
  const { run, journey, isIteration, group, metric, softCheck, step, tag, ending, phase, between } = assertion
  const isOneOfSeveral = new Set(all.flatMap((each) => each.run ?? [])).size > 1
  return [
    isOneOfSeveral ? run : undefined,
    journey === undefined ? undefined : `journey ${shortened(journey)}`,
    isIteration ? 'iterations' : undefined,
    group === undefined ? undefined : `group ${shortened(group)}`,
    metric === undefined ? undefined : `metric ${shortened(metric)}`,
    softCheck === undefined ? undefined : `soft check ${shortened(softCheck)}`,
    step === undefined ? undefined : `step ${shortened(step)}`,
    tag === undefined ? undefined : `tag ${shortened(tag)}`,
    ending === undefined ? undefined : `${ending} requests`,
    phase === undefined ? undefined : `${phase} phase`,
    between === undefined ? undefined : between.map(secondsOf).join('–'),
  ]
    .filter((part) => part !== undefined)
    .join(', ')
}

/** Whether two assertions judge the same part of the same run in the same way. */
export function isSameAssertion(one: AssertionResult, other: AssertionResult): boolean {
  return one.assertion === other.assertion && one.run === other.run && codeOfPart(one) === codeOfPart(other)
}

const MAX_NAME = 60

function shortened(name: string): string {
  return name.length > MAX_NAME ? `${name.slice(0, MAX_NAME - 1)}…` : name
}

function secondsOf(ms: number): string {
  return `${ms / 1000}s`
}
