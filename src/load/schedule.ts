import { offeredIterations } from './describe.ts'
import { areaOf, legsOf, type Leg } from './legs.ts'
import type { ConstantVus, OpenLoad, RampingVus } from './load.ts'
import type { Random } from './random.ts'

/**
 * When each iteration of an open load is due. Pure: time is a number, nothing waits.
 *
 * The number offered is `offeredIterations(load)` exactly, uniform or Poisson, and is fixed before the first is due.
 * Let Λ(t) be the area under the rate line up to t.
 *
 * - `uniform`: iteration k (0, 1, …) is due where Λ(t) = k + ½. Each t is found by inverting Λ, never by adding gaps, so
 *   that nothing drifts. The half keeps arrivals off the edges of phases and seconds: where a stretch's area is a whole
 *   number, exactly so many fall inside it.
 * - `poisson`: a Poisson process of this rate, given its number of arrivals N. Its arrivals are then distributed as N
 *   independent uniform draws from [0, Λ(end)), sorted and mapped through Λ⁻¹ (Çinlar, Introduction to Stochastic
 *   Processes, 1975, ch. 4.7; Lewis & Shedler, Naval Research Logistics Quarterly 26, 1979). They are drawn in ascending
 *   order, one at a time and without storage: of the n left above u, the next is 1 − (1 − u)·V^(1/n), V uniform
 *   (Bentley & Saxe, Generating Sorted Lists of Random Numbers, ACM TOMS 6, 1980). Misleads where the spread of the
 *   number itself matters: that is held at zero, so that two runs offer the same.
 */
export class ArrivalSchedule {
  /** How many arrivals the schedule holds in all. */
  readonly offered: number
  readonly #legs: readonly Leg[]
  readonly #totalArea: number
  readonly #random: Random | undefined
  #given = 0
  #leftAbove = 1
  #leg = 0
  #areaBefore = 0

  constructor(load: OpenLoad, random: Random) {
    this.offered = offeredIterations(load)!
    this.#legs = legsOf(load)
    this.#totalArea = this.#legs.reduce((sum, leg) => sum + areaOf(leg), 0)
    this.#random = load.arrivals === 'poisson' ? random : undefined
  }

  /** The next intended start in milliseconds since the start of the load, in ascending order; `undefined` after the last. */
  next(): number | undefined {
    if (this.#given === this.offered) return undefined
    const area = this.#nextArea()
    this.#given++
    return this.#timeOf(area)
  }

  #nextArea(): number {
    if (this.#random === undefined) return this.#given + 0.5
    this.#leftAbove *= (1 - this.#random.next()) ** (1 / (this.offered - this.#given))
    return (1 - this.#leftAbove) * this.#totalArea
  }

  #timeOf(area: number): number {
    while (this.#leg < this.#legs.length - 1) {
      const legArea = areaOf(this.#legs[this.#leg]!)
      if (area < this.#areaBefore + legArea) break
      this.#areaBefore += legArea
      this.#leg++
    }
    const leg = this.#legs[this.#leg]!
    return Math.min(leg.endMs, leg.startMs + timeInto(leg, area - this.#areaBefore))
  }
}

/**
 * Milliseconds into a leg until so much area lies behind. Solves from·t + slope·t²/2 = area in the form that does not
 * cancel for small slopes (Press et al., Numerical Recipes, 3rd ed., §5.6).
 */
function timeInto({ startMs, endMs, from, to }: Leg, area: number): number {
  if (area <= 0) return 0
  const perMs = from / 1000
  const slope = (to - from) / 1000 / (endMs - startMs)
  return (2 * area) / (perMs + Math.sqrt(Math.max(0, perMs * perMs + 2 * slope * area)))
}

/** A VU starts or stops. The number of VUs is then `vus`. */
export interface VuChange {
  readonly atMs: number
  readonly change: 'start' | 'stop'
  /** Which VU, from 0. The last to start is the first to stop. */
  readonly vu: number
  readonly vus: number
  /** Of a start: which share of those that start together has started before, from 0 up to 1. */
  readonly share: number
  /** The time over which they start. */
  readonly overMs: number
}

/** Every start and stop of a VU in order of time, so that an engine can wait for the next instead of asking again and again. */
export function* vuChanges(load: ConstantVus | RampingVus): Generator<VuChange> {
  let vus = 0
  function* moveTo(target: number, overMs: number, atMs: (crossed: number) => number): Generator<VuChange> {
    const from = vus
    const share = () => (vus - from) / (target - from)
    while (vus < target) yield { atMs: atMs(vus + 0.5), change: 'start', share: share(), overMs, vu: vus, vus: ++vus }
    while (vus > target) yield { atMs: atMs(vus - 0.5), change: 'stop', share: 0, overMs, vu: vus - 1, vus: --vus }
  }
  let endMs = 0
  for (const leg of legsOf(load)) {
    yield* moveTo(leg.from, 0, () => leg.startMs)
    const msPerVu = (leg.endMs - leg.startMs) / (leg.to - leg.from)
    yield* moveTo(leg.to, leg.endMs - leg.startMs, (crossed) => leg.startMs + (crossed - leg.from) * msPerVu)
    endMs = leg.endMs
  }
  if (load.kind === 'rampingVus') yield* moveTo(load.stages.at(-1)!.target, 0, () => endMs)
}
