import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isLoad } from '../testing/is-load.ts'
import { eachTestOnVirtualTime, type VirtualPacer } from '../testing/virtual-pacer.ts'
import { durationOf, isOpen, maxVusOf, offeredIterations } from './describe.ts'
import { driverFor, type DrivenVu, type Driver } from './drivers.ts'
import { Fifo } from './fifo.ts'
import type { ConstantVus, Load, OpenLoad, RampingVus, SharedIterations, Stage, ThinkTime } from './load.ts'
import { Random } from './random.ts'
import { parseScale, scaleLoad } from './scale.ts'
import { ownIds, WHOLE, type Claim, type Share } from './share.ts'
import { warmUpLoad } from './warm-up.ts'

/** Set PERF_TEST_PLANS=10000 for a thorough check. */
const PLANS = Number(process.env['PERF_TEST_PLANS'] ?? 400)
const EACH = { numRuns: PLANS, interruptAfterTimeLimit: 600_000 }

const START_MS = 5_000
/** Limit of the iterations of a plan, so that thousands of plans can be driven. */
const MOST_ITERATIONS = 400

let pacer: VirtualPacer
eachTestOnVirtualTime(START_MS, (fresh) => (pacer = fresh))

/** One iteration that a generator began, with all that its requests can depend on. */
interface Begun {
  readonly dueMs: number
  readonly vu: number
  readonly iteration: number
  readonly row: number
  /** Number drawn from the VU's stream. */
  readonly drawn: number
  readonly idempotencyKey: string
  /** Number of the iteration in the whole run; 0 if it depends on how long the iterations take. */
  readonly iterationInTest: number
}

interface Plan {
  readonly load: Load
  readonly warmupMs: number
  readonly rows: number
  readonly seed: number
  /** Mean time of an iteration, which depends only on its VU and number. */
  readonly takesMs: number
  readonly isConstantTime: boolean
  readonly stepThinkMs: number
  readonly maxQueueTimeMs: number
}

/** A generator that carries a share of a plan on virtual time, as the engines do. */
class Generator {
  readonly begun: Begun[] = []
  readonly dropped: number[] = []
  /** Numbers of the iterations in the whole run. */
  readonly numbers: number[] = []
  readonly #numbered = { count: 0 }
  isExhausted = false
  readonly #plan: Plan
  readonly #share: Share
  readonly #claim: Claim | undefined
  readonly #idle = new Fifo<Vu>()
  readonly #vus: Vu[]
  driver: Driver<Vu> | undefined

  constructor(plan: Plan, share: Share, claim?: Claim) {
    this.#plan = plan
    this.#share = share
    this.#claim = claim
    const random = new Random(plan.seed).fork('http 1')
    this.#vus = ownIds(share, maxVusOf(plan.load)).map((id) => new Vu(id, random.fork(id), plan, this))
    for (const vu of this.#vus) this.#idle.push(vu)
  }

  start(): void {
    const { load, warmupMs } = this.#plan
    pacer.at(START_MS + warmupMs + durationOf(load), () => this.driver!.stop())
    if (warmupMs === 0) return this.#drive(load, 0, 'load')
    this.#drive(warmUpLoad(load, warmupMs), 0, 'warm-up')
    pacer.at(START_MS + warmupMs, () => {
      this.driver!.stop()
      this.#drive(load, warmupMs, 'load')
    })
  }

  #drive(load: Load, offsetMs: number, label: 'load' | 'warm-up'): void {
    const { seed, maxQueueTimeMs, stepThinkMs } = this.#plan
    this.driver = driverFor<Vu>(load, offsetMs, {
      ...{ vus: this.#vus, idle: this.#idle, share: this.#share, claim: this.#claim, pacer, startMs: () => START_MS },
      ...{ random: new Random(seed).fork('http 1').fork(label), maxQueueTimeMs, stepThinkMs },
      firstIteration: label === 'load' ? 0 : (offeredIterations(this.#plan.load) ?? 0),
      numbered: this.#numbered,
      // oxlint-disable-next-line vitest/no-standalone-expect
      onScheduled: (delayMs) => expect(delayMs).toBeLessThan(1e-6),
      onDropped: (dueMs) => this.dropped.push(dueMs),
      onExhausted: () => (this.isExhausted = true),
      onClaimFailed: (error) => expect.unreachable(String(error)),
    })
    this.driver.start()
  }
}

class Vu implements DrivenVu {
  readonly id: number
  readonly failedAttempts = 0
  readonly hadGoodResponse = true
  readonly settleMs = 0
  isBusy = false
  #iteration = -1
  readonly #random: Random
  readonly #plan: Plan
  readonly #generator: Generator

  constructor(id: number, random: Random, plan: Plan, generator: Generator) {
    this.id = id
    this.#random = random
    this.#plan = plan
    this.#generator = generator
  }

  begin(dueMs: number, number: number): void {
    const { load, rows, takesMs, isConstantTime } = this.#plan
    this.isBusy = true
    const iteration = ++this.#iteration
    const drawn = this.#random.next()
    const idempotencyKey = `${this.id}-${iteration}-0`
    const iterationInTest = isOpen(load) ? number : 0
    this.#generator.numbers.push(number)
    this.#generator.begun.push({
      ...{ dueMs, vu: this.id, iteration, row: this.id % rows, drawn, idempotencyKey },
      iterationInTest,
    })
    const lengthMs = isConstantTime ? takesMs : takesMs * (0.5 + drawn)
    pacer.at(pacer.nowMs + lengthMs, (endMs) => {
      this.isBusy = false
      this.#generator.driver!.freed(this, endMs)
    })
  }

  draw({ minMs, maxMs }: ThinkTime): number {
    return minMs + this.#random.next() * (maxMs - minMs)
  }
}

const rate = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.double({ min: 0.05, max: 100, noNaN: true }))
const durationMs = fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.double({ min: 0.5, max: 60_000, noNaN: true }))
const vus = fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 100 }))
const thinkTime = fc.tuple(fc.nat(3_000), fc.nat(3_000)).map(([minMs, more]) => ({ minMs, maxMs: minMs + more }))
const generators = fc.integer({ min: 1, max: 64 })
const scale = fc.constantFrom('full', 'pr', 'smoke', '0.3').map(parseScale)

function stages(target: fc.Arbitrary<number>): fc.Arbitrary<Stage[]> {
  const stage = fc.record({ target, durationMs: fc.oneof(durationMs, fc.constant(0)) })
  return fc.array(stage, { minLength: 1, maxLength: 5 })
}

const closedLoad: fc.Arbitrary<ConstantVus | RampingVus> = fc
  .oneof(
    fc.record({
      ...{ kind: fc.constant('constantVus' as const), vus, durationMs, thinkTime },
      isStaggered: fc.boolean(),
    }),
    fc.record({
      ...{ kind: fc.constant('rampingVus' as const), startVus: fc.nat(50), stages: stages(fc.nat(100)), thinkTime },
      isStaggered: fc.boolean(),
    }),
  )
  .filter(isLoad)

const openLoad: fc.Arbitrary<OpenLoad> = fc
  .oneof(
    fc.record({
      ...{ kind: fc.constant('constantArrivalRate' as const), ratePerSec: rate, vus, durationMs },
      arrivals: fc.constantFrom('uniform' as const, 'poisson' as const),
    }),
    fc.record({
      ...{ kind: fc.constant('rampingArrivalRate' as const), startRatePerSec: fc.oneof(rate, fc.constant(0)), vus },
      stages: stages(fc.oneof(rate, fc.constant(0))),
      arrivals: fc.constantFrom('uniform' as const, 'poisson' as const),
    }),
  )
  .filter((load) => isLoad(load) && offeredIterations(load)! <= MOST_ITERATIONS)

const sharedLoad: fc.Arbitrary<SharedIterations> = fc.record({
  ...{ kind: fc.constant('sharedIterations' as const), iterations: fc.integer({ min: 1, max: 400 }), vus },
  maxDurationMs: fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.constant(600_000)),
})

function planOf<L extends Load>(load: fc.Arbitrary<L>): fc.Arbitrary<Plan> {
  return fc
    .record({
      load: fc.tuple(load, scale).map(([written, by]) => scaleLoad(written, by)),
      warmupMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2_000 })),
      rows: fc.integer({ min: 1, max: 50 }),
      seed: fc.nat(),
      takesMs: fc.oneof(fc.integer({ min: 20, max: 3_000 }), fc.double({ min: 20, max: 3_000, noNaN: true })),
      isConstantTime: fc.boolean(),
      stepThinkMs: fc.nat(2_000),
      maxQueueTimeMs: fc.constantFrom(0, 500, 1e9),
    })
    .filter(({ load, takesMs, warmupMs }) => {
      if (isOpen(load) || load.kind === 'sharedIterations') return true
      const periodMs = takesMs / 2 + load.thinkTime.minMs
      return ((durationOf(load) + warmupMs) / periodMs) * maxVusOf(load) < MOST_ITERATIONS
    })
}

function carry(plan: Plan, share: Share): Generator {
  pacer.nowMs = START_MS
  const generator = new Generator(plan, share)
  generator.start()
  pacer.goTo(Number.MAX_SAFE_INTEGER)
  return generator
}

function divided(plan: Plan, count: number): Generator[] {
  return Array.from({ length: count }, (_, index) => carry(plan, { index, count }))
}

const byInstant = (a: Begun, b: Begun) => a.dueMs - b.dueMs || a.vu - b.vu || a.iteration - b.iteration
const union = (all: readonly Generator[]) => all.flatMap(({ begun }) => begun).toSorted(byInstant)
const ascending = (a: number, b: number) => a - b
const due = (all: readonly Generator[]) =>
  all.flatMap(({ begun, dropped }) => [...begun.map(({ dueMs }) => dueMs), ...dropped]).toSorted((a, b) => a - b)

/** Like `toEqual`, which is used only if the lists differ, as it takes milliseconds. */
function expectSame<T>(received: readonly T[], expected: readonly T[]): void {
  const isSame = received.length === expected.length && received.every((one, at) => isEqual(one, expected[at]!))
  // oxlint-disable-next-line vitest/no-conditional-expect
  if (!isSame) expect(received).toEqual(expected)
}

function isEqual<T>(one: T, other: T): boolean {
  if (typeof one !== 'object' || one === null) return Object.is(one, other)
  return Object.keys(one).every((key) => Object.is(one[key as keyof T], other[key as keyof T]))
}

function expectOwnVus(all: readonly Generator[]): void {
  const foreign = all.flatMap(({ begun }, index) => begun.filter(({ vu }) => vu % all.length !== index))
  expect(foreign).toEqual([])
}

/** No two iterations have the same number, on any generator. */
function expectDifferent(all: readonly Generator[]): void {
  const numbers = all.flatMap((generator) => generator.numbers)
  expect(new Set(numbers).size).toBe(numbers.length)
}

describe('the union over any number of generators', () => {
  it('equals the plan of one generator for every load with VUs', () => {
    fc.assert(
      fc.property(planOf(closedLoad), generators, (plan, count) => {
        const all = divided(plan, count)
        const whole = carry(plan, WHOLE)
        expectSame(union(all), union([whole]))
        expectOwnVus(all)
        expectDifferent(all)
        expectSame(
          whole.numbers.toSorted(ascending),
          whole.numbers.map((_, at) => at),
        )
      }),
      EACH,
    )
  })

  it('has the arrivals of one generator for every load with a rate, each at its instant', () => {
    fc.assert(
      fc.property(planOf(openLoad), generators, (plan, count) => {
        const all = divided(plan, count)
        expectSame(due(all), due([carry(plan, WHOLE)]))
        expectOwnVus(all)
        expectDifferent(all)
      }),
      EACH,
    )
  })

  it('equals the plan of one generator for every load with a rate if each VU is used once', () => {
    fc.assert(
      fc.property(planOf(openLoad), generators, (plan, count) => {
        const enough = { ...plan, warmupMs: 0, load: { ...plan.load, vus: MOST_ITERATIONS } as OpenLoad }
        expectSame(union(divided(enough, count)), union([carry(enough, WHOLE)]))
      }),
      { ...EACH, numRuns: Math.ceil(PLANS / 10) },
    )
  })

  it('equals the plan of one generator for every load with a rate if iterations take equally long and no pool is larger', () => {
    fc.assert(
      fc.property(planOf(openLoad), fc.integer({ min: 1, max: 8 }), generators, (plan, poolSize, count) => {
        const load = { ...plan.load, vus: poolSize * count } as OpenLoad
        const even = { ...plan, load, warmupMs: 0, isConstantTime: true, maxQueueTimeMs: 1e9 }
        const whole = carry(even, WHOLE)
        fc.pre(whole.dropped.length === 0)
        expectSame(union(divided(even, count)), union([whole]))
      }),
      EACH,
    )
  })

  it('has every iteration of sharedIterations exactly once, the first one of each VU as with one generator', async () => {
    const claimMs = fc.constantFrom(0, 1, 40, 700)
    await fc.assert(
      fc.asyncProperty(planOf(sharedLoad), generators, claimMs, async (plan, count, tripMs) => {
        const { vus: all, iterations, maxDurationMs } = plan.load as SharedIterations
        const unwarmed = { ...plan, warmupMs: 0 }
        const first = carry(unwarmed, WHOLE).begun.slice(0, Math.min(all, iterations))
        const parts = await divideShared(unwarmed, count, tripMs)
        expectOwnVus(parts)
        const [begun, dropped] = [union(parts), parts.flatMap((part) => part.dropped)]
        expect(begun.length + dropped.length).toBe(iterations)
        expectDifferent(parts)
        expect(parts.every(({ numbers }) => numbers.every((number) => number < iterations))).toBe(true)
        expectSame(begun.slice(0, first.length), first)
        for (const ofVu of Map.groupBy(begun, ({ vu }) => vu).values())
          expect(ofVu.map(({ iteration }) => iteration)).toEqual(ofVu.map((_, at) => at))
        // Generators stop because nothing is left, or together at the end of the time.
        if (begun.at(-1)!.dueMs + 6_000 < maxDurationMs) {
          // oxlint-disable-next-line vitest/no-conditional-expect
          expect(dropped).toEqual([])
          // oxlint-disable-next-line vitest/no-conditional-expect
          expect(parts.every(({ isExhausted }) => isExhausted)).toBe(true)
        }
      }),
      { ...EACH, numRuns: Math.ceil(PLANS / 4) },
    )
  })
})

/** All generators at the same time, as they claim from one another's iterations. */
async function divideShared(plan: Plan, count: number, tripMs: number): Promise<Generator[]> {
  pacer.nowMs = START_MS
  let claimed = 0
  let hasResponse = false
  const claim: Claim = (block) =>
    new Promise((resolve) => {
      pacer.at(pacer.nowMs + tripMs / 2, () => {
        const before = claimed
        claimed += block
        pacer.at(pacer.nowMs + tripMs / 2, () => {
          hasResponse = true
          resolve(before)
        })
      })
    })
  const all = Array.from({ length: count }, (_, index) => new Generator(plan, { index, count }, claim))
  for (const generator of all) generator.start()
  while (pacer.step(Number.MAX_SAFE_INTEGER)) {
    if (!hasResponse) continue
    hasResponse = false
    await settled()
  }
  // oxlint-disable-next-line typescript/await-thenable
  await Promise.all(all.map(({ driver }) => driver!.settled))
  return all
}

/** Runs the continuations of a resolved promise. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
