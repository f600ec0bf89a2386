import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isLoad } from '../testing/is-load.ts'
import { durationOf, isOpen, maxVusOf, offeredIterations, phasesOf } from './describe.ts'
import type { ConstantVus, Load, OpenLoad, PhaseName, RampingVus, Stage } from './load.ts'
import { Random } from './random.ts'
import { countedMs, samplesIn } from './samples.ts'
import { parseScale, scaleLoad } from './scale.ts'
import { ArrivalSchedule, vuChanges } from './schedule.ts'
import { segmentsOf } from './segments.ts'

// Shrinking a failure must not take minutes.
fc.configureGlobal({ numRuns: 300, interruptAfterTimeLimit: 20_000, ...fc.readConfigureGlobal() })

const durationMs = fc.oneof(fc.integer({ min: 1, max: 60_000 }), fc.double({ min: 0.5, max: 600_000, noNaN: true }))
const rate = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.double({ min: 0.01, max: 300, noNaN: true }))
const vus = fc.integer({ min: 1, max: 2_000 })
const arrivals = fc.constantFrom('uniform' as const, 'poisson' as const)
const thinkTime = fc.tuple(fc.nat(3_000), fc.nat(3_000)).map(([minMs, more]) => ({ minMs, maxMs: minMs + more }))
const phase = fc.constantFrom<PhaseName>('warmup', 'ramp', 'steady', 'spike', 'cooldown')

function stages(target: fc.Arbitrary<number>): fc.Arbitrary<Stage[]> {
  const length = fc.oneof(durationMs, fc.constant(0))
  const stage = fc.record({ target, durationMs: length, phase }, { requiredKeys: ['target', 'durationMs'] })
  return fc.array(stage, { minLength: 1, maxLength: 6, size: 'max' })
}

const constantVus = fc.record({ kind: fc.constant('constantVus' as const), vus, durationMs, thinkTime })
const rampingVus = fc.record({
  kind: fc.constant('rampingVus' as const),
  startVus: fc.nat(200),
  stages: stages(fc.nat(200)),
  thinkTime,
})
const vuLoad: fc.Arbitrary<ConstantVus | RampingVus> = fc.oneof(constantVus, rampingVus).filter(isLoad)
const openLoad: fc.Arbitrary<OpenLoad> = fc
  .oneof(
    fc.record({ kind: fc.constant('constantArrivalRate' as const), ratePerSec: rate, vus, durationMs, arrivals }),
    fc.record({
      kind: fc.constant('rampingArrivalRate' as const),
      startRatePerSec: fc.oneof(rate, fc.constant(0)),
      stages: stages(fc.oneof(rate, fc.constant(0))),
      vus,
      arrivals,
    }),
  )
  .filter((load) => isLoad(load) && offeredIterations(load)! < 50_000)
const anyLoad: fc.Arbitrary<Load> = fc.oneof(
  vuLoad,
  openLoad,
  fc.record({
    kind: fc.constant('sharedIterations' as const),
    iterations: fc.integer({ min: 1, max: 5_000 }),
    vus,
    maxDurationMs: durationMs,
  }),
)

/** Number of VUs at an instant: interpolated between the stages' targets and rounded; after the end, the last target. */
function vusAt(load: ConstantVus | RampingVus, ms: number): number {
  const leg = segmentsOf(load).find(({ endMs }) => ms < endMs)
  if (leg === undefined) return load.kind === 'constantVus' ? load.vus : load.stages.at(-1)!.target
  return Math.round(leg.from + ((leg.to - leg.from) * (ms - leg.startMs)) / (leg.endMs - leg.startMs))
}

function arrivalsOf(load: OpenLoad, seed: number): number[] {
  const schedule = new ArrivalSchedule(load, new Random(seed))
  const starts: number[] = []
  for (let at = schedule.next(); at !== undefined; at = schedule.next()) starts.push(at)
  return starts
}

/** Area under the rate up to an instant, computed without the code under test. */
function areaUpTo(load: OpenLoad, ms: number): number {
  const line =
    load.kind === 'constantArrivalRate' ? [{ target: load.ratePerSec, durationMs: load.durationMs }] : load.stages
  let from = load.kind === 'constantArrivalRate' ? load.ratePerSec : load.startRatePerSec
  let [start, area] = [0, 0]
  for (const { target, durationMs: length } of line) {
    const into = Math.min(length, Math.max(0, ms - start))
    if (length > 0) area += ((from + (from + ((target - from) * into) / length)) / 2) * (into / 1000)
    start += length
    from = target
  }
  return area
}

describe('the arrival schedule of every open load', () => {
  it('has exactly the offered iterations, in order, within the duration', () => {
    fc.assert(
      fc.property(openLoad, fc.nat(), (load, seed) => {
        const starts = arrivalsOf(load, seed)
        expect(starts.length).toBe(offeredIterations(load))
        expect(starts.every((at, i) => at >= 0 && (i === 0 || at >= starts[i - 1]!))).toBe(true)
        expect(starts.at(-1)!).toBeLessThanOrEqual(durationOf(load))
      }),
    )
  })

  it('has uniform arrival k when the area under the rate is k + ½', () => {
    fc.assert(
      fc.property(openLoad, (load) => {
        const starts = arrivalsOf({ ...load, arrivals: 'uniform' }, 0)
        const off = starts.map((at, k) => Math.abs(areaUpTo(load, at) - k - 0.5))
        expect(off.reduce((most, value) => Math.max(most, value), 0)).toBeLessThan(1e-6)
      }),
    )
  })

  it('has as many arrivals in any period as its area, to the request', () => {
    fc.assert(
      fc.property(openLoad, fc.double({ min: 0, max: 1, noNaN: true }), (load, share) => {
        const end = durationOf(load) * share
        const before = arrivalsOf({ ...load, arrivals: 'uniform' }, 0).filter((at) => at < end).length
        expect(Math.abs(before - areaUpTo(load, end))).toBeLessThanOrEqual(0.5 + 1e-6)
      }),
    )
  })

  it('repeats Poisson arrivals for the same seed only', () => {
    const load: OpenLoad = {
      kind: 'constantArrivalRate',
      ratePerSec: 50,
      vus: 1,
      durationMs: 10_000,
      arrivals: 'poisson',
    }
    expect(arrivalsOf(load, 1)).toEqual(arrivalsOf(load, 1))
    expect(arrivalsOf(load, 1)).not.toEqual(arrivalsOf(load, 2))
  })
})

describe('the VUs of every closed load', () => {
  it('start and stop when the number of VUs crosses the next half', () => {
    fc.assert(
      fc.property(vuLoad, (load) => {
        const changes = Array.from(vuChanges(load))
        const before = [{ atMs: 0, vus: 0 }, ...changes]
        const wrong = changes.filter(({ atMs, change, vu, vus: after }, at) => {
          const { atMs: lastMs, vus: vusNow } = before[at]!
          // Between two changes the number is constant: checked half-way, because rounding decides at the edges.
          const isConstant = atMs - lastMs < 1e-3 || vusAt(load, (lastMs + atMs) / 2) === vusNow
          const [step, id] = change === 'start' ? [1, vusNow] : [-1, after]
          return atMs < lastMs || !isConstant || after !== vusNow + step || vu !== id
        })
        expect(wrong).toEqual([])
        expect(before.at(-1)!.atMs).toBeLessThanOrEqual(durationOf(load))
        expect(before.at(-1)!.vus).toBe(vusAt(load, durationOf(load)))
      }),
    )
  })

  it('are never more than the maximum of the load', () => {
    fc.assert(
      fc.property(vuLoad, (load) => {
        const most = Math.max(0, ...Array.from(vuChanges(load), ({ vus: after }) => after))
        expect(most).toBeLessThanOrEqual(maxVusOf(load))
      }),
    )
  })
})

describe('the phases of every load', () => {
  it('follow one another without a gap from 0 to the end', () => {
    fc.assert(
      fc.property(anyLoad, (load) => {
        const phases = phasesOf(load)
        expect(phases.map(({ startMs }) => startMs)).toEqual([0, ...phases.slice(0, -1).map(({ endMs }) => endMs)])
        expect(phases.every(({ startMs, endMs }) => startMs < endMs)).toBe(true)
        expect(phases.at(-1)!.endMs).toBeCloseTo(durationOf(load), 6)
      }),
    )
  })
})

describe('every load at every scale', () => {
  const anyScale = fc
    .oneof(fc.constantFrom('smoke', 'pr', 'full'), fc.double({ min: 0.001, max: 1, noNaN: true }))
    .map(parseScale)
  const requestsPerIteration = fc.integer({ min: 1, max: 5 })

  it('is a load of the same kind, without more users, time, rate or iterations than unscaled', () => {
    fc.assert(
      fc.property(anyLoad, anyScale, requestsPerIteration, (load, scale, perIteration) => {
        const scaled = scaleLoad(load, scale, { requestsPerIteration: perIteration })
        expect(isLoad(scaled)).toBe(true)
        expect(scaled.kind).toBe(load.kind)
        expect(maxVusOf(scaled)).toBeLessThanOrEqual(maxVusOf(load))
        expect(maxVusOf(scaled)).toBeGreaterThanOrEqual(1)
        expect(durationOf(scaled)).toBeLessThanOrEqual(durationOf(load))
        expect(offeredIterations(scaled) ?? 0).toBeLessThanOrEqual(offeredIterations(load) ?? 0)
        expect(highest(scaled)).toBeLessThanOrEqual(highest(load))
      }),
    )
  })

  it('keeps the shape: phases by name and order, targets in proportion', () => {
    fc.assert(
      fc.property(anyLoad, anyScale, (load, scale) => {
        const scaled = scaleLoad(load, scale)
        expect(phasesOf(scaled).map(({ name }) => name)).toEqual(phasesOf(load).map(({ name }) => name))
        if (load.kind !== 'rampingArrivalRate' || scaled.kind !== 'rampingArrivalRate') return
        const factor = highest(scaled) / highest(load)
        for (const [at, { target }] of load.stages.entries())
          expect(scaled.stages[at]!.target).toBeCloseTo(target * factor, 6)
      }),
    )
  })

  it('still offers 200 samples, or all of the unscaled load', () => {
    fc.assert(
      fc.property(openLoad, anyScale, requestsPerIteration, (load, scale, perIteration) => {
        const scaled = scaleLoad(load, scale, { requestsPerIteration: perIteration })
        const written = countedArrivals(load) * perIteration
        const offered = countedArrivals(scaled) * perIteration
        expect(offered).toBeGreaterThanOrEqual(Math.min(written, 200))
      }),
    )
  })

  it('offers the requested samples, or all of the unscaled load', () => {
    fc.assert(
      fc.property(openLoad, anyScale, fc.integer({ min: 1, max: 3_000 }), (load, scale, samples) => {
        const scaled = scaleLoad(load, scale, { samples })
        expect(countedArrivals(scaled)).toBeGreaterThanOrEqual(Math.min(countedArrivals(load), samples))
      }),
    )
  })

  it('still gives 200 samples of closed VUs within the assumed durations', () => {
    fc.assert(
      fc.property(vuLoad, anyScale, requestsPerIteration, (load, scale, perIteration) => {
        const scaled = scaleLoad(load, scale, { requestsPerIteration: perIteration })
        if (scaled.kind === 'sharedIterations') return
        const written = samplesIn(load, 1, perIteration)
        expect(samplesIn(scaled, 1, perIteration)).toBeGreaterThanOrEqual(Math.min(written, 200))
      }),
    )
  })

  it('offers 1,000 samples if the unscaled rate gives them in the scaled time', () => {
    fc.assert(
      fc.property(openLoad, fc.constantFrom('smoke', 'pr').map(parseScale), (load, scale) => {
        const share = Math.min(1, scale.steadyMs! / countedMs(load), (1.5 * scale.steadyMs!) / durationOf(load))
        fc.pre(samplesIn(load, share) > 1_002)
        expect(countedArrivals(scaleLoad(load, scale))).toBeGreaterThanOrEqual(1_000)
      }),
    )
  })
})

function highest(load: Load): number {
  if (load.kind === 'constantArrivalRate') return load.ratePerSec
  if (load.kind === 'rampingArrivalRate')
    return Math.max(load.startRatePerSec, ...load.stages.map(({ target }) => target))
  return 0
}

/** Arrivals in the steady and spike phases, or in all if there are none. */
function countedArrivals(load: Load): number {
  if (!isOpen(load)) throw new TypeError('not an open load')
  const counted = phasesOf(load).filter(({ name }) => name === 'steady' || name === 'spike')
  const scope = counted.length > 0 ? counted : phasesOf(load)
  return arrivalsOf({ ...load, arrivals: 'uniform' }, 0).filter((at) =>
    scope.some(({ startMs, endMs }) => at >= startMs && at < endMs),
  ).length
}
