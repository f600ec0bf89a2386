import type { RequestSeries } from '../execution/request-scope.ts'
import { PhasedTimeline } from '../execution/request-timeline.ts'
import { ScenarioError } from '../execution/scenario-error.ts'
import { meanOf } from '../load/describe.ts'
import type { ThinkTime, Phase } from '../load/load.ts'
import type { Random } from '../load/random.ts'
import { durationMs } from '../options/checks.ts'
import { statusTest, type Check, type ExpectedStatus } from './expectation.ts'
import { hostNamed, type Hosts } from './hosts.ts'
import { jsonPath, type JsonPath } from './json-path.ts'
import type { EncodedRequest, RequestEncoder } from './request-encoder.ts'
import type { HttpResponse } from './response.ts'
import type { Extract, RequestOption, StepOption } from './types.ts'

/** Source of one value for `vu.vars`. */
export interface Extraction {
  readonly name: string
  /** Source in messages: `$.token`, `a function`. */
  readonly source: string
  readonly find: JsonPath | undefined
  readonly call: ((response: HttpResponse) => unknown) | undefined
}

/** Requests that are counted together: those of a step, or those with one name in a flow. */
export interface RequestKind {
  readonly index: number
  readonly name: string
  /** Function that returns the request, in messages: `request`, `steps[1].request`. */
  readonly path: string
  /** Encoded constant request, for each instance of the target. */
  readonly constants: readonly EncodedRequest[] | undefined
  readonly isExpected: (status: number) => boolean
  readonly checks: readonly Check[]
  /** Soft checks by name. */
  readonly softChecks: readonly (readonly [name: string, check: Check])[]
  readonly extracts: readonly Extraction[]
  /** Series of its requests without a tag. */
  readonly series: RequestSeries
}

/** Encoders of requests to each instance of the target, and the hosts of the run. */
interface Destinations {
  readonly encoders: readonly RequestEncoder[]
  readonly hosts: Hosts
}

/** A prepared step. */
export interface Step<D> extends RequestKind {
  readonly request: RequestOption<D>
  /** Name of the group to which it belongs. */
  readonly group: string | undefined
  readonly thinkTime: ThinkTime
}

/** One position in an iteration: a step, or weighted alternatives of which one is drawn. */
export interface IterationSlot<D> {
  readonly steps: readonly Step<D>[]
  readonly weights: readonly number[]
}

/** Steps of an iteration, with the series in which their requests are counted. */
export class Plan<D> {
  readonly slots: readonly IterationSlot<D>[]
  readonly steps: readonly Step<D>[]
  readonly #phases: readonly Phase[]
  readonly #tagged: TaggedSeries
  readonly #isOnlyOne: boolean

  constructor(
    options: readonly StepOption<D>[],
    expectStatus: ExpectedStatus | undefined,
    { encoders, hosts }: Destinations,
    phases: readonly Phase[],
  ) {
    this.#phases = phases
    this.#tagged = new TaggedSeries(phases)
    this.#isOnlyOne = options.length === 1
    const slots: { steps: Step<D>[]; weights: number[] }[] = []
    for (const [index, option] of options.entries()) {
      const step = this.#prepare(index, option, expectStatus, { encoders, hosts })
      const isAlternative = option.weight !== undefined && options[index - 1]?.weight !== undefined
      if (!isAlternative) slots.push({ steps: [], weights: [] })
      slots.at(-1)!.steps.push(step)
      slots.at(-1)!.weights.push(option.weight ?? 1)
    }
    this.slots = slots
    this.steps = slots.flatMap(({ steps }) => steps)
  }

  /** Names of the steps, in order. */
  get names(): readonly string[] {
    return this.steps.map(({ name }) => name)
  }

  /** Mean think time of an iteration, in milliseconds. */
  get thinkMs(): number {
    return this.slots.reduce((sum, place) => sum + thinkMsOf(place), 0)
  }

  /** All series of requests. */
  get series(): readonly RequestSeries[] {
    return [...this.steps.map(({ series }) => series), ...this.#tagged.all]
  }

  /** Series that counts a dropped iteration: that of the step with which it would have begun. */
  dropped(random: Random): RequestSeries {
    return drawStep(this.slots[0]!, () => random).series
  }

  /** Series of the requests of a step with a tag. */
  seriesOf(step: Step<D>, tag: string | undefined): RequestSeries {
    return step.constants !== undefined || tag === undefined ? step.series : this.#tagged.of(step, tag)
  }

  #prepare(
    index: number,
    option: StepOption<D>,
    expectStatus: ExpectedStatus | undefined,
    { encoders, hosts }: Destinations,
  ): Step<D> {
    const { name, request, group } = option
    const fixed = typeof request === 'function' ? undefined : request
    return {
      index,
      name,
      path: this.#isOnlyOne ? 'request' : `steps[${index}].request`,
      request,
      group,
      constants:
        fixed &&
        encoders.map((encoder) => {
          return (fixed.host === undefined ? encoder : hostNamed(hosts, fixed.host).encoder).encode(fixed)
        }),
      isExpected: statusTest(fixed?.expectStatus ?? option.expectStatus ?? expectStatus),
      checks: [option.check, fixed?.check].filter((check) => check !== undefined),
      softChecks: Object.entries({ ...option.softChecks, ...fixed?.softChecks }),
      extracts: Object.entries(option.extract ?? {}).map(([name, from]) => extraction(name, from)),
      thinkTime: thinkTimeOf(option.thinkTime),
      series: { step: name, tag: fixed?.tag, timeline: new PhasedTimeline(this.#phases) },
    }
  }
}

const MAX_TAGS = 100

/** Series of requests with tags, by kind of request and tag. */
export class TaggedSeries {
  readonly #phases: readonly Phase[]
  readonly #journey: string | undefined
  readonly #series = new Map<string, RequestSeries>()

  constructor(phases: readonly Phase[], journey?: string) {
    this.#phases = phases
    this.#journey = journey
  }

  get all(): readonly RequestSeries[] {
    return [...this.#series.values()]
  }

  /** @throws {ScenarioError} for more than 100 tags */
  of({ index, name }: RequestKind, tag: string): RequestSeries {
    const key = `${index} ${tag}`
    let series = this.#series.get(key)
    if (series === undefined) {
      if (this.#series.size >= MAX_TAGS)
        throw new ScenarioError(
          `request.tag: more than ${MAX_TAGS} different tags; a tag names a kind of request, not one request\nFix: leave ids out of the tag`,
        )
      series = { journey: this.#journey, step: name, tag, timeline: new PhasedTimeline(this.#phases) }
      this.#series.set(key, series)
    }
    return series
  }
}

/** @param random used only if there are alternatives */
export function drawStep<D>({ steps, weights }: IterationSlot<D>, random: () => Random): Step<D> {
  if (steps.length === 1) return steps[0]!
  let remaining = random().next() * weights.reduce((sum, weight) => sum + weight, 0)
  const drawn = weights.findIndex((weight) => (remaining -= weight) < 0)
  return steps[drawn < 0 ? steps.length - 1 : drawn]!
}

function thinkMsOf<D>({ steps, weights }: IterationSlot<D>): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return steps.reduce((sum, { thinkTime }, at) => sum + (meanOf(thinkTime) * weights[at]!) / total, 0)
}

function extraction(name: string, from: Extract): Extraction {
  if (typeof from === 'function') return { name, source: 'a function', find: undefined, call: from }
  return { name, source: from, find: jsonPath(from), call: undefined }
}

function thinkTimeOf(option: StepOption<never>['thinkTime']): ThinkTime {
  if (option === undefined) return { minMs: 0, maxMs: 0 }
  if (typeof option === 'object') return { minMs: durationMs(option.min)!, maxMs: durationMs(option.max)! }
  return { minMs: durationMs(option)!, maxMs: durationMs(option)! }
}
