import type { RequestSeries } from '../../execution/request-scope.ts'
import { PhasedTimeline } from '../../execution/request-timeline.ts'
import { ScenarioError } from '../../execution/scenario-error.ts'
import type { Phase } from '../../load/load.ts'
import type { Random } from '../../load/random.ts'
import { labelOf } from '../exchange.ts'
import { statusTest, type ExpectedStatus } from '../expectation.ts'
import { TaggedSeries, type RequestKind } from '../steps.ts'
import type { FlowRequestSpec } from '../types.ts'
import { drawJourney, type Journey } from './mix.ts'

const MAX_NAMES = 100

/** Requests of the flows of a run by name, and the series in which they are counted. */
export class FlowPlan {
  /** Names of the requests, in the order in which each was first sent. */
  readonly names: string[] = []
  /** In the order of the journeys of the run. */
  readonly journeys: readonly JourneyPlan[]
  readonly #weights: readonly { readonly weight: number }[]

  constructor(
    journeys: readonly Pick<Journey<never>, 'name' | 'weight'>[],
    expectStatus: ExpectedStatus | undefined,
    phases: readonly Phase[],
  ) {
    this.#weights = journeys
    this.journeys = journeys.map(({ name }) => new JourneyPlan(name, this.names, expectStatus, phases))
  }

  /** All series of requests. */
  get series(): readonly RequestSeries[] {
    return this.journeys.flatMap(({ series }) => series)
  }

  /** Series that counts a dropped iteration, of a journey drawn by weight. */
  dropped(random: Random): RequestSeries {
    return this.journeys[drawJourney(this.#weights, random)]!.dropped()
  }
}

/** Requests of one flow. */
export class JourneyPlan {
  /** Name of the journey; `undefined` if the run has no mix. */
  readonly name: string | undefined
  readonly #names: string[]
  readonly #phases: readonly Phase[]
  readonly #expectStatus: ExpectedStatus | undefined
  readonly #kinds = new Map<string, RequestKind>()
  readonly #tagged: TaggedSeries
  /** First request of the iteration that began last. */
  #first: RequestKind | undefined

  /** @param names names of the requests of all journeys, to which this one adds its own */
  constructor(
    name: string | undefined,
    names: string[],
    expectStatus: ExpectedStatus | undefined,
    phases: readonly Phase[],
  ) {
    this.name = name
    this.#names = names
    this.#expectStatus = expectStatus
    this.#phases = phases
    this.#tagged = new TaggedSeries(phases, name)
  }

  get series(): readonly RequestSeries[] {
    return [...[...this.#kinds.values()].map(({ series }) => series), ...this.#tagged.all]
  }

  /**
   * Series that counts a dropped iteration: that of the request with which the latest iteration began. Flows that begin
   * with different requests get dropped ones in proportion.
   */
  dropped(): RequestSeries {
    return (this.#first ??= this.#named('flow')).series
  }

  /**
   * @param isFirst whether it is the first request of its iteration
   * @throws {ScenarioError} for more than 100 names
   */
  kindOf({ name, method = 'GET', host = '', path }: FlowRequestSpec, isFirst: boolean): RequestKind {
    const query = path.indexOf('?')
    const kind = this.#named(name ?? `${method} ${host}${query < 0 ? path : path.slice(0, query)}`)
    if (isFirst) this.#first = kind
    return kind
  }

  /** @throws {ScenarioError} for more than 100 tags */
  seriesOf(kind: RequestKind, tag: string | undefined): RequestSeries {
    return tag === undefined ? kind.series : this.#tagged.of(kind, tag)
  }

  #named(given: string): RequestKind {
    const known = this.#kinds.get(given)
    if (known !== undefined) return known
    if (this.#kinds.size >= MAX_NAMES)
      throw new ScenarioError(
        `request(): more than ${MAX_NAMES} different names, the last one ${JSON.stringify(given)}; without a name, requests are ` +
          `counted by method and path\nFix: name requests whose path contains an id: request({ name: 'order', path: … })`,
      )
    const name = labelOf(given)
    const kind = {
      index: this.#indexOf(name),
      name,
      path: 'request()',
      constants: undefined,
      isExpected: statusTest(this.#expectStatus),
      checks: [],
      softChecks: [],
      extracts: [],
      series: { journey: this.name, step: name, tag: undefined, timeline: new PhasedTimeline(this.#phases) },
    }
    this.#kinds.set(given, kind)
    return kind
  }

  /** Index of a name among those of all journeys. */
  #indexOf(name: string): number {
    const known = this.#names.indexOf(name)
    return known < 0 ? this.#names.push(name) - 1 : known
  }
}
