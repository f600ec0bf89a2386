import type { RequestSeries } from '../execution/request-scope.ts'
import { PhasedTimeline } from '../execution/request-timeline.ts'
import { ScenarioError } from '../execution/scenario-error.ts'
import { meanOf } from '../load/describe.ts'
import type { ThinkTime, Phase } from '../load/load.ts'
import type { Random } from '../load/random.ts'
import { durationMs } from '../options/checks.ts'
import { statusTest, type Check, type ExpectedStatus } from './expectation.ts'
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

/** A prepared step. */
export interface Step<D> {
  readonly index: number
  readonly name: string
  readonly request: RequestOption<D>
  /** Encoded constant request, for each instance of the target. */
  readonly constants: readonly EncodedRequest[] | undefined
  readonly isExpected: (status: number) => boolean
  readonly checks: readonly Check[]
  readonly extracts: readonly Extraction[]
  readonly thinkTime: ThinkTime
  readonly series: RequestSeries
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
  readonly #tagged = new Map<string, RequestSeries>()

  constructor(
    options: readonly StepOption<D>[],
    expectStatus: ExpectedStatus | undefined,
    encoders: readonly RequestEncoder[],
    phases: readonly Phase[],
  ) {
    this.#phases = phases
    const slots: { steps: Step<D>[]; weights: number[] }[] = []
    for (const [index, option] of options.entries()) {
      const step = this.#prepare(index, option, expectStatus, encoders)
      const isAlternative = option.weight !== undefined && options[index - 1]?.weight !== undefined
      if (!isAlternative) slots.push({ steps: [], weights: [] })
      slots.at(-1)!.steps.push(step)
      slots.at(-1)!.weights.push(option.weight ?? 1)
    }
    this.slots = slots
    this.steps = slots.flatMap(({ steps }) => steps)
  }

  /** Mean think time of an iteration, in milliseconds. */
  get thinkMs(): number {
    return this.slots.reduce((sum, place) => sum + thinkMsOf(place), 0)
  }

  /** All series of requests. */
  get series(): readonly RequestSeries[] {
    return [...this.steps.map(({ series }) => series), ...this.#tagged.values()]
  }

  /** Series that counts a dropped iteration: that of the step with which it would have begun. */
  dropped(random: Random): RequestSeries {
    return drawStep(this.slots[0]!, () => random).series
  }

  /** Series of the requests of a step with a tag. */
  seriesOf(step: Step<D>, tag: string | undefined): RequestSeries {
    if (tag === undefined) return step.series
    const key = `${step.index} ${tag}`
    let series = this.#tagged.get(key)
    if (series === undefined) {
      if (this.#tagged.size >= MAX_TAGS)
        throw new ScenarioError(
          `request.tag: more than ${MAX_TAGS} different tags; a tag names a kind of request, not one request`,
        )
      series = { step: step.name, tag, timeline: new PhasedTimeline(this.#phases) }
      this.#tagged.set(key, series)
    }
    return series
  }

  #prepare(
    index: number,
    option: StepOption<D>,
    expectStatus: ExpectedStatus | undefined,
    encoders: readonly RequestEncoder[],
  ): Step<D> {
    const { name, request } = option
    const fixed = typeof request === 'function' ? undefined : request
    return {
      index,
      name,
      request,
      constants: fixed && encoders.map((encoder) => encoder.encode(fixed)),
      isExpected: statusTest(fixed?.expectStatus ?? option.expectStatus ?? expectStatus),
      checks: [option.check, fixed?.check].filter((check) => check !== undefined),
      extracts: Object.entries(option.extract ?? {}).map(([name, from]) => extraction(name, from)),
      thinkTime: thinkTimeOf(option.thinkTime),
      series: { step: name, tag: fixed?.tag, timeline: new PhasedTimeline(this.#phases) },
    }
  }
}

const MAX_TAGS = 100

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
