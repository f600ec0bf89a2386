import { offeredIterations } from './describe.ts'
import type { ConstantVus, OpenLoad, RampingVus } from './load.ts'
import type { Random } from './random.ts'
import { iterationsDuring, segmentsOf, type Segment } from './segments.ts'
import { isOwn, WHOLE } from './share.ts'

/**
 * Due instants of an open load's iterations. Pure: time is a number, and nothing waits.
 *
 * The number of iterations is exactly `offeredIterations(load)`, uniform or Poisson, and fixed in advance. Let Λ(t) be the
 * area under the rate up to t.
 *
 * - `uniform`: iteration k (0, 1, …) is due when Λ(t) = k + ½. Each t is found by inverting Λ, never by adding gaps, so that
 *   errors do not accumulate. The half keeps arrivals off the boundaries of phases and seconds: a period whose area is an
 *   integer contains exactly that many arrivals.
 * - `poisson`: a Poisson process of this rate, given its number of arrivals N. Its arrivals are then distributed as N
 *   independent uniform draws from [0, Λ(end)), sorted and mapped through Λ⁻¹ (Çinlar, Introduction to Stochastic
 *   Processes, 1975, ch. 4.7; Lewis & Shedler, Naval Research Logistics Quarterly 26, 1979). They are drawn in ascending
 *   order, one at a time and without storage: of the n remaining above u, the next is 1 − (1 − u)·V^(1/n), V uniform
 *   (Bentley & Saxe, Generating Sorted Lists of Random Numbers, ACM TOMS 6, 1980). Limitation: the number of arrivals does
 *   not vary, so that two runs offer the same load.
 *
 * One of several generators computes the same instants and returns those of its share: arrival k belongs to generator k
 * modulo their number. For `poisson` it also draws the numbers of the others.
 */
export class ArrivalSchedule {
  /** Total number of arrivals, of all generators. */
  readonly offered: number
  readonly #legs: readonly Segment[]
  readonly #totalArea: number
  readonly #random: Random | undefined
  readonly #step: number
  #next: number
  #drawn = 0
  #leftAbove = 1
  #leg = 0
  #areaBefore = 0

  constructor(load: OpenLoad, random: Random, share = WHOLE) {
    this.#step = share.count
    this.#next = share.index < share.count ? share.index : Number.POSITIVE_INFINITY
    this.offered = offeredIterations(load)!
    this.#legs = segmentsOf(load)
    this.#totalArea = this.#legs.reduce((sum, leg) => sum + iterationsDuring(leg), 0)
    this.#random = load.arrivals === 'poisson' ? random : undefined
  }

  /** Next intended start in milliseconds from the start of the load, in ascending order; `undefined` after the last. */
  next(): number | undefined {
    const arrival = this.#next
    if (arrival >= this.offered) return undefined
    this.#next += this.#step
    return this.#timeOf(this.#random === undefined ? arrival + 0.5 : this.#drawUpTo(arrival, this.#random))
  }

  #drawUpTo(arrival: number, random: Random): number {
    for (; this.#drawn <= arrival; this.#drawn++)
      this.#leftAbove *= (1 - random.next()) ** (1 / (this.offered - this.#drawn))
    return (1 - this.#leftAbove) * this.#totalArea
  }

  #timeOf(area: number): number {
    while (this.#leg < this.#legs.length - 1) {
      const legArea = iterationsDuring(this.#legs[this.#leg]!)
      if (area < this.#areaBefore + legArea) break
      this.#areaBefore += legArea
      this.#leg++
    }
    const leg = this.#legs[this.#leg]!
    return Math.min(leg.endMs, leg.startMs + timeInto(leg, area - this.#areaBefore))
  }
}

/**
 * Milliseconds into a segment after which it has covered this area. Solves from·t + slope·t²/2 = area in a form without
 * cancellation for small slopes (Press et al., Numerical Recipes, 3rd ed., §5.6).
 */
function timeInto({ startMs, endMs, from, to }: Segment, area: number): number {
  if (area <= 0) return 0
  const perMs = from / 1000
  const slope = (to - from) / 1000 / (endMs - startMs)
  return (2 * area) / (perMs + Math.sqrt(Math.max(0, perMs * perMs + 2 * slope * area)))
}

/** Start or stop of one VU, after which there are `vus` VUs. */
export interface VuChange {
  readonly atMs: number
  readonly change: 'start' | 'stop'
  /** Id of the VU, from 0. The last to start is the first to stop. */
  readonly vu: number
  readonly vus: number
  /** For a start, the ratio of VUs starting together that have already started, from 0 to below 1. */
  readonly startedRatio: number
  /** Time over which these VUs start. */
  readonly overMs: number
}

/**
 * Starts and stops of the VUs of a share in order of time, so that an engine can wait for the next one instead of polling.
 * Ids, instants and counts are those of the whole load.
 */
export function* vuChanges(load: ConstantVus | RampingVus, share = WHOLE): Generator<VuChange> {
  for (const change of allChanges(load)) if (isOwn(share, change.vu)) yield change
}

function* allChanges(load: ConstantVus | RampingVus): Generator<VuChange> {
  let vus = 0
  function* moveTo(target: number, overMs: number, atMs: (crossed: number) => number): Generator<VuChange> {
    const from = vus
    const startedRatio = () => (vus - from) / (target - from)
    while (vus < target)
      yield { atMs: atMs(vus + 0.5), change: 'start', startedRatio: startedRatio(), overMs, vu: vus, vus: ++vus }
    while (vus > target)
      yield { atMs: atMs(vus - 0.5), change: 'stop', startedRatio: 0, overMs, vu: vus - 1, vus: --vus }
  }
  let endMs = 0
  for (const leg of segmentsOf(load)) {
    yield* moveTo(leg.from, 0, () => leg.startMs)
    const msPerVu = (leg.endMs - leg.startMs) / (leg.to - leg.from)
    yield* moveTo(leg.to, leg.endMs - leg.startMs, (crossed) => leg.startMs + (crossed - leg.from) * msPerVu)
    endMs = leg.endMs
  }
  if (load.kind === 'rampingVus') yield* moveTo(load.stages.at(-1)!.target, 0, () => endMs)
}
