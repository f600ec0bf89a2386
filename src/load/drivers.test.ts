import { describe, expect, test } from 'vitest'
import { eachTestOnVirtualTime, type VirtualPacer } from '../testing/virtual-pacer.ts'
import { constantArrivalRate, constantVus, rampingVus, sharedIterations } from './builders.ts'
import { driverFor, type DrivenVu, type Driver } from './drivers.ts'
import { Fifo } from './fifo.ts'
import type { Load } from './load.ts'
import { Random } from './random.ts'
import { WHOLE } from './share.ts'

/** Start of the run, not 0, so that instants of the clock and of the run differ. */
const START_MS = 5_000

let pacer: VirtualPacer
eachTestOnVirtualTime(START_MS, (fresh) => (pacer = fresh))

interface Options {
  readonly vus: number
  /** Duration of an iteration. */
  readonly takesMs?: (vu: number, iteration: number) => number
  readonly thinkMs?: number
  readonly stepThinkMs?: number
  readonly failedAttempts?: (vu: number, iteration: number) => number
  /** Whether an iteration that could connect gets a good response. */
  readonly isGood?: (vu: number, iteration: number) => boolean
  readonly offsetMs?: number
  readonly maxQueueTimeMs?: number
}

/** A load on VUs that only take time; `begun` lists the iterations, in milliseconds from the start of the run. */
function driven(load: Load, { vus: count, takesMs = () => 10, ...options }: Options) {
  const {
    thinkMs = 0,
    stepThinkMs = 0,
    failedAttempts = () => 0,
    isGood = () => true,
    offsetMs = 0,
    maxQueueTimeMs = 1_000,
  } = options
  const begun: { vu: number; dueMs: number; atMs: number; iterationInTest: number }[] = []
  const dropped: number[] = []
  const delays: number[] = []
  const idle = new Fifo<FakeVu>()
  let exhausted = 0

  class FakeVu implements DrivenVu {
    readonly id: number
    isBusy = false
    failedAttempts = 0
    hadGoodResponse = false
    settleMs = 0
    #iteration = 0

    constructor(id: number) {
      this.id = id
    }

    begin(dueMs: number, iterationInTest: number): void {
      expect(this.isBusy, `VU ${this.id} began two iterations at the same time`).toBe(false)
      this.isBusy = true
      begun.push({ vu: this.id, dueMs, atMs: pacer.nowMs - START_MS, iterationInTest })
      const iteration = this.#iteration++
      pacer.at(pacer.nowMs + takesMs(this.id, iteration), (endMs) => {
        this.isBusy = false
        this.failedAttempts = failedAttempts(this.id, iteration)
        this.hadGoodResponse = this.failedAttempts === 0 && isGood(this.id, iteration)
        driver.freed(this, endMs)
      })
    }

    draw(): number {
      return thinkMs
    }
  }

  const vus = Array.from({ length: count }, (_, id) => new FakeVu(id))
  for (const vu of vus) idle.push(vu)
  const driver: Driver<FakeVu> = driverFor(load, offsetMs, {
    ...{
      share: WHOLE,
      claim: undefined,
      vus,
      idle,
      pacer,
      startMs: () => START_MS,
      random: new Random(1),
      maxQueueTimeMs,
      stepThinkMs,
      firstIteration: 0,
      numbered: { count: 0 },
    },
    onScheduled: (delayMs) => delays.push(delayMs),
    onDropped: (dueMs) => dropped.push(dueMs),
    onExhausted: () => exhausted++,
    onClaimFailed: (error) => expect.unreachable(String(error)),
  })
  return {
    ...{ driver, begun, dropped, delays, idle },
    goTo: (ms: number) => pacer.goTo(START_MS + ms),
    get exhausted() {
      return exhausted
    },
    of: (vu: number) => begun.filter((each) => each.vu === vu).map(({ dueMs }) => dueMs),
  }
}

describe('an arrival rate', () => {
  const tenPerSec = (vus: number) => constantArrivalRate({ rate: 10, vus, duration: '1s' })
  const dues = [0, 100, 200, 300, 400, 500, 600, 700, 800, 900].map((ms) => ms + 50)

  test('begins each iteration when it is due, on the VU that has been free for longest', () => {
    const { driver, goTo, begun, delays, dropped } = driven(tenPerSec(3), { vus: 3 })
    driver.start()
    goTo(1_000)
    const spacing = begun.map(({ dueMs }, at) => dueMs - (begun[at - 1]?.dueMs ?? dueMs - 100))
    expect(spacing).toEqual(begun.map(() => 100))
    expect(begun.map(({ vu }) => vu)).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
    expect(begun.every(({ dueMs, atMs }) => dueMs === atMs)).toBe(true)
    expect(delays).toEqual(begun.map(() => 0))
    expect(dropped).toEqual([])
    expect(driver.activeVus).toBe(3)
    expect(begun.map(({ iterationInTest }) => iterationInTest)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  test('begins later in the run if another load came first', () => {
    const { driver, goTo, begun } = driven(tenPerSec(3), { vus: 3, offsetMs: 2_000 })
    driver.start()
    goTo(2_000 + 1_000)
    expect(begun).toHaveLength(10)
    expect(begun[0]!.dueMs).toBeGreaterThanOrEqual(2_000)
    expect(begun[0]!.dueMs).toBeLessThan(2_100)
  })

  test('lets an iteration wait for a free VU, with the instant at which it was due', () => {
    const { driver, goTo, begun, dropped, delays } = driven(tenPerSec(1), {
      ...{ vus: 1, takesMs: () => 250, maxQueueTimeMs: 10_000 },
    })
    driver.start()
    goTo(10_000)
    const [first] = begun
    expect(begun.map(({ dueMs }) => dueMs - first!.dueMs)).toEqual(dues.map((ms) => ms - 50))
    expect(begun.map(({ atMs }) => atMs - first!.atMs)).toEqual(begun.map((_, at) => at * 250))
    // Only the first one found a free VU; the target caused the wait of the others, not the generator.
    expect(delays).toEqual([0])
    expect([begun.length, dropped.length]).toEqual([10, 0])
  })

  test('drops an iteration that has waited longer than maxQueueTime, but not at exactly maxQueueTime', () => {
    const takesMs = () => 300
    const waits = (maxQueueTimeMs: number) => {
      const { driver, goTo, begun, dropped } = driven(tenPerSec(1), { vus: 1, takesMs, maxQueueTimeMs })
      pacer.nowMs = START_MS
      driver.start()
      goTo(20_000)
      return { begun: begun.map(({ dueMs, atMs }) => Math.round(atMs - dueMs)), dropped: dropped.length }
    }
    // One is due every 100 ms and takes 300 ms, so the wait grows by 200 ms with each one that begins.
    expect(waits(400)).toEqual({ begun: [0, 200, 400, 400, 400], dropped: 5 })
    expect(waits(399).begun.every((ms) => ms <= 399)).toBe(true)
    expect(waits(10_000)).toEqual({ begun: dues.map((_, at) => at * 200), dropped: 0 })
  })

  test('numbers iterations by their arrivals, dropped ones included', () => {
    const takesMs = () => 300
    const { driver, goTo, begun } = driven(tenPerSec(1), { vus: 1, takesMs, maxQueueTimeMs: 400 })
    driver.start()
    goTo(20_000)
    const arrivals = begun.map(({ dueMs }) => (dueMs - 50) / 100)
    expect(begun.map(({ iterationInTest }) => iterationInTest)).toEqual(arrivals)
    expect(arrivals).toHaveLength(5)
  })

  test('reports the delay of the generator, without the wait for a VU', () => {
    pacer.lateMs = 7
    const { driver, goTo, delays } = driven(tenPerSec(3), { vus: 3 })
    driver.start()
    goTo(2_000)
    expect(delays).toEqual(dues.map(() => 7))
  })

  test('drops waiting and overdue iterations when stopped, but none that is due later', () => {
    const { driver, goTo, begun, dropped, idle } = driven(tenPerSec(1), { vus: 1, takesMs: () => 5_000 })
    driver.start()
    goTo(210)
    expect([begun.length, idle.size]).toEqual([1, 0])
    const dueBy210 = Math.floor((210 - begun[0]!.dueMs) / 100)
    // The process was blocked for half a second.
    pacer.nowMs = START_MS + 710
    driver.stop()
    expect(dropped.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: dueBy210 + 5 }, (_, at) => begun[0]!.dueMs + (at + 1) * 100),
    )
    goTo(20_000)
    expect(begun).toHaveLength(1)
    expect(idle.size).toBe(1)
  })
})

test('a stopped arrival rate begins no more iterations, even if VUs are free', () => {
  const { driver, goTo, begun, dropped } = driven(constantArrivalRate({ rate: 10, vus: 3, duration: '1s' }), {
    ...{ vus: 3, offsetMs: 2_000 },
  })
  driver.start()
  goTo(2_210)
  driver.stop()
  goTo(9_000)
  expect([begun.length, dropped]).toEqual([2, []])
})

describe('VUs', () => {
  const goToEnd = ({ driver, goTo }: ReturnType<typeof driven>) => {
    goTo(2_999)
    driver.stop()
  }

  test('begin later in the run if another load came first', () => {
    const { driver, goTo, of } = driven(constantVus({ vus: 1, duration: '1s' }), {
      ...{ vus: 1, offsetMs: 2_000, takesMs: () => 400 },
    })
    driver.start()
    goTo(2_900)
    expect(of(0)).toEqual([2_000, 2_400, 2_800])
  })

  const firsts = (all: ReturnType<typeof driven>, count: number) =>
    Array.from({ length: count }, (_, vu) => all.of(vu)[0])

  test('spread their first iterations evenly over one think time, and keep the distance', () => {
    const all = driven(constantVus({ vus: 4, duration: '2s', thinkTime: 200 }), {
      ...{ vus: 4, takesMs: () => 10, thinkMs: 200, offsetMs: 1_000 },
    })
    all.driver.start()
    expect(all.driver.activeVus).toBe(0)
    all.goTo(1_000)
    expect(all.driver.activeVus).toBe(4)
    all.goTo(1_500)
    expect([0, 1, 2, 3].map(all.of)).toEqual([
      [1_000, 1_210, 1_420],
      [1_050, 1_260, 1_470],
      [1_100, 1_310],
      [1_150, 1_360],
    ])
  })

  test('spread their first iterations over the mean of a random think time, and over that of their steps', () => {
    const thinkTime = { min: 100, max: 300 }
    const drawn = driven(constantVus({ vus: 4, duration: '2s', thinkTime }), { vus: 4, thinkMs: 200 })
    drawn.driver.start()
    drawn.goTo(1_000)
    expect(firsts(drawn, 4)).toEqual([0, 50, 100, 150])
    const ofSteps = driven(constantVus({ vus: 4, duration: '2s' }), { vus: 4, stepThinkMs: 400, takesMs: () => 400 })
    ofSteps.driver.start()
    ofSteps.goTo(1_000)
    expect(firsts(ofSteps, 4)).toEqual([0, 100, 200, 300])
  })

  test('begin together if isStaggered is false', () => {
    const load = constantVus({ vus: 4, duration: '2s', thinkTime: 200, isStaggered: false })
    const all = driven(load, { vus: 4, thinkMs: 200, stepThinkMs: 100 })
    all.driver.start()
    all.goTo(100)
    expect(firsts(all, 4)).toEqual([0, 0, 0, 0])
  })

  test('are spread if they start together, in a jump or in a ramp shorter than the think time', () => {
    const stages = [
      { target: 4, duration: 0 },
      { target: 4, duration: '1s' },
      { target: 8, duration: '100ms' },
      { target: 10, duration: '1s' },
    ] as const
    const all = driven(rampingVus({ startVus: 2, stages, thinkTime: 500 }), { vus: 10, thinkMs: 500 })
    all.driver.start()
    all.goTo(3_000)
    expect(firsts(all, 8)).toEqual([0, 125, 250, 375, 1_012.5, 1_137.5, 1_262.5, 1_387.5])
    // A ramp longer than the think time already spreads them.
    expect([all.of(8)[0], all.of(9)[0]]).toEqual([1_350, 1_850])
  })

  test('begin no iteration if they are stopped before their first one', () => {
    const stages = [
      { target: 4, duration: 100 },
      { target: 1, duration: 0 },
      { target: 1, duration: '2s' },
    ] as const
    const all = driven(rampingVus({ startVus: 4, stages, thinkTime: 1_000 }), { vus: 4, thinkMs: 1_000 })
    all.driver.start()
    all.goTo(1_500)
    expect(all.begun.map(({ vu }) => vu)).toEqual([0, 0])
  })

  test('begin nothing after a think time in which they were stopped, and begin immediately when restarted later', () => {
    const ramp = rampingVus({
      startVus: 1,
      stages: [
        { target: 0, duration: '200ms' },
        { target: 0, duration: '1s' },
        { target: 1, duration: '200ms' },
        { target: 1, duration: '2s' },
      ],
    })
    const { driver, goTo, of } = driven(ramp, { vus: 1, takesMs: () => 50, thinkMs: 500 })
    driver.start()
    goTo(1_500)
    // It is stopped at 100 ms, its think time ends at 550 ms, and it is restarted at 1,300 ms.
    expect(of(0)).toEqual([0, 1_300])
  })

  test('begin immediately, and again after each response', () => {
    const load = constantVus({ vus: 2, duration: '1s' })
    const { driver, goTo, of } = driven(load, { vus: 2, takesMs: (vu) => (vu === 0 ? 100 : 250) })
    driver.start()
    goTo(500)
    expect(of(0)).toEqual([0, 100, 200, 300, 400, 500])
    expect(of(1)).toEqual([0, 250, 500])
    expect(driver.activeVus).toBe(2)
  })

  test('think after each response', () => {
    const { driver, goTo, of } = driven(constantVus({ vus: 1, duration: '1s', thinkTime: '1s' }), {
      ...{ vus: 1, takesMs: () => 20, thinkMs: 80 },
    })
    driver.start()
    goTo(350)
    expect(of(0)).toEqual([0, 100, 200, 300])
  })

  test('retry failed connections after increasing pauses, and begin without a pause after a success', () => {
    const failures = [1, 2, 3, 4, 5, 6, 7, 0, 0]
    const { driver, goTo, of } = driven(constantVus({ vus: 1, duration: '1m' }), {
      ...{ vus: 1, takesMs: () => 10, failedAttempts: (_, iteration) => failures[iteration] ?? 0 },
    })
    driver.start()
    goTo(7_190)
    const begun = of(0)
    const pauses = begun.slice(1).map((ms, at) => ms - begun[at]! - 10)
    expect(pauses).toEqual([100, 200, 400, 800, 1_600, 2_000, 2_000, 0, 0])
  })

  const thirdFails = (count: number) => (vu: number, iteration: number) => (vu === 2 && iteration < count ? 1 : 0)

  test('drop the iterations that one would have begun while it could not connect', () => {
    const { driver, goTo, of, dropped } = driven(constantVus({ vus: 3, duration: '3s' }), {
      ...{ vus: 3, takesMs: () => 50, failedAttempts: thirdFails(Infinity) },
    })
    driver.start()
    goTo(2_999)
    driver.stop()
    expect([of(0).length, of(1).length]).toEqual([60, 60])
    // A pause of 100 ms after each failed attempt.
    expect(of(2)).toEqual(Array.from({ length: 20 }, (_, at) => at * 150))
    expect(of(2).length + dropped.length).toBe(59)
    expect(dropped.every((ms) => ms >= 0 && ms < 3_000)).toBe(true)
  })

  test('drop those of a load that follows another one, within it', () => {
    const { driver, goTo, dropped } = driven(constantVus({ vus: 3, duration: '1s' }), {
      ...{ vus: 3, takesMs: () => 50, failedAttempts: thirdFails(Infinity), offsetMs: 2_000 },
    })
    driver.start()
    goTo(2_999)
    driver.stop()
    expect(dropped).toHaveLength(12)
    expect(dropped.every((ms) => ms >= 2_000 && ms < 3_000)).toBe(true)
  })

  test('drop nothing if every attempt succeeds, however slow some are', () => {
    const working = driven(constantVus({ vus: 3, duration: '3s' }), { vus: 3, takesMs: (vu) => 10 + 500 * vu })
    working.driver.start()
    goToEnd(working)
    expect(working.of(2)).toHaveLength(3)
    expect(working.dropped).toEqual([])
  })

  test('drop nothing after the last attempt that failed', () => {
    const failing = driven(constantVus({ vus: 3, duration: '3s' }), {
      ...{ vus: 3, takesMs: () => 50, failedAttempts: thirdFails(3) },
    })
    failing.driver.start()
    goToEnd(failing)
    // Its attempts began at 0, 150 and 300 ms; seven iterations take 350 ms.
    expect(failing.dropped.map((ms) => Math.round(ms))).toEqual([100, 150, 250, 300])
  })

  test('drop those of an attempt that takes long', () => {
    const { driver, goTo, of, dropped } = driven(constantVus({ vus: 3, duration: '3s' }), {
      ...{ vus: 3, takesMs: (vu) => (vu === 2 ? 1_000 : 50), failedAttempts: thirdFails(Infinity) },
    })
    driver.start()
    goTo(2_999)
    driver.stop()
    expect(of(2)).toHaveLength(3)
    expect(dropped).toHaveLength(56)
  })

  test('drop nothing after an interrupt', () => {
    const interrupted = driven(constantVus({ vus: 3, duration: '3s' }), {
      ...{ vus: 3, takesMs: () => 50, failedAttempts: thirdFails(Infinity) },
    })
    interrupted.driver.start()
    interrupted.goTo(990)
    const { length } = interrupted.dropped
    interrupted.driver.stop(true)
    interrupted.goTo(2_999)
    expect(length).toBeGreaterThan(0)
    expect(interrupted.dropped).toHaveLength(length)
  })

  test('drop nothing if none can connect, as everything that was due is an error', () => {
    const down = driven(constantVus({ vus: 3, duration: '3s' }), { vus: 3, failedAttempts: () => 1 })
    down.driver.start()
    goToEnd(down)
    expect(down.begun.length).toBeGreaterThan(3)
    expect(down.dropped).toEqual([])
  })

  test('count what is due in an outage once, as an attempt or as dropped', () => {
    // From 1 s to 2 s, every attempt is refused at once.
    const refused = new Set<number>()
    const takesMs = (vu: number) => {
      const isDown = pacer.nowMs - START_MS >= 1_000 && pacer.nowMs - START_MS < 2_000
      refused[isDown ? 'add' : 'delete'](vu)
      return isDown ? 1 : 50
    }
    const outage = driven(constantVus({ vus: 3, duration: '3s' }), {
      ...{ vus: 3, takesMs, failedAttempts: (vu) => (refused.has(vu) ? 1 : 0) },
    })
    outage.driver.start()
    goToEnd(outage)
    const attempts = [0, 1, 2].map((vu) => outage.of(vu).filter((ms) => ms >= 1_000 && ms < 2_000).length)
    expect(attempts).toEqual([10, 10, 10])
    // Twenty are due in that second, of which the pause before the attempt that succeeds does not count.
    const inOutage = outage.dropped.length / 3 + 10
    expect(inOutage).toBeGreaterThanOrEqual(18)
    expect(inOutage).toBeLessThanOrEqual(20)
    expect(Math.min(...outage.dropped)).toBeGreaterThanOrEqual(1_000)
    expect(Math.max(...outage.dropped)).toBeLessThan(2_000)
    expect(outage.of(0).length + outage.dropped.length / 3).toBeLessThanOrEqual(60)
  })

  test('drop nothing of shared iterations, which go to those that can connect', () => {
    const shared = driven(sharedIterations({ iterations: 100, vus: 3 }), {
      ...{ vus: 3, takesMs: () => 50, failedAttempts: thirdFails(Infinity) },
    })
    shared.driver.start()
    shared.goTo(10_000)
    expect(shared.begun).toHaveLength(100)
    expect(shared.of(2).length).toBeLessThan(shared.of(0).length)
    expect(shared.dropped).toEqual([])
  })

  test('drop nothing of an arrival rate: each arrival is due once, on whichever is free', () => {
    const open = driven(constantArrivalRate({ rate: 30, vus: 3, duration: '3s' }), {
      ...{ vus: 3, takesMs: () => 50, failedAttempts: thirdFails(Infinity) },
    })
    open.driver.start()
    goToEnd(open)
    expect([0, 1, 2].map((vu) => open.of(vu).length)).toEqual([30, 30, 30])
    expect(open.dropped).toEqual([])
  })

  test('drop nothing once a ramp has ended their part', () => {
    const stages = [
      { target: 3, duration: '1s' },
      { target: 2, duration: 0 },
      { target: 2, duration: '2s' },
    ] as const
    const ramp = driven(rampingVus({ startVus: 3, stages }), {
      ...{ vus: 3, takesMs: () => 50, failedAttempts: thirdFails(Infinity) },
    })
    ramp.driver.start()
    goToEnd(ramp)
    expect(ramp.dropped.length).toBeGreaterThan(10)
    expect(Math.max(...ramp.dropped)).toBeLessThan(1_000)
  })

  test('begin nothing once stopped: not after a response, not after a think time, and no further VU starts', () => {
    const ramp = rampingVus({ startVus: 1, stages: [{ target: 3, duration: '2s' }] })
    const { driver, goTo, begun } = driven(ramp, { vus: 3, takesMs: () => 300, thinkMs: 300 })
    driver.start()
    goTo(400)
    driver.stop()
    goTo(10_000)
    expect(begun).toEqual([{ vu: 0, dueMs: 0, atMs: 0, iterationInTest: 0 }])
  })

  test('start and stop along a ramp, and a stopping VU ends its iteration', () => {
    const ramp = rampingVus({
      startVus: 0,
      stages: [
        { target: 2, duration: '1s' },
        { target: 0, duration: '1s' },
      ],
    })
    const { driver, goTo, of } = driven(ramp, { vus: 2, takesMs: () => 100 })
    driver.start()
    goTo(900)
    expect(driver.activeVus).toBe(2)
    goTo(5_000)
    // VU 0 is active from 250 to 1,750 ms, VU 1 from 750 to 1,250 ms.
    expect([of(0).at(0), of(1).at(0)]).toEqual([250, 750])
    expect(of(0).at(-1)).toBe(1_650)
    expect(of(1)).toEqual([750, 850, 950, 1_050, 1_150])
    expect(driver.activeVus).toBe(0)
  })

  test('continue once after their think time if they are stopped and restarted during it', () => {
    const ramp = rampingVus({
      startVus: 1,
      stages: [
        { target: 0, duration: '200ms' },
        { target: 1, duration: '200ms' },
        { target: 1, duration: '2s' },
      ],
    })
    const { driver, goTo, of } = driven(ramp, { vus: 1, takesMs: () => 50, thinkMs: 500 })
    driver.start()
    goTo(1_000)
    // It is stopped at 100 and restarted at 300 ms, both in its first think time, from 50 to 550 ms.
    expect(of(0)).toEqual([0, 550])
  })

  test('continue once after their response if they are stopped and restarted while busy', () => {
    const ramp = rampingVus({
      startVus: 1,
      stages: [
        { target: 0, duration: '200ms' },
        { target: 1, duration: '200ms' },
        { target: 1, duration: '2s' },
      ],
    })
    const { driver, goTo, of } = driven(ramp, { vus: 1, takesMs: () => 400 })
    driver.start()
    goTo(900)
    expect(of(0)).toEqual([0, 400, 800])
  })
})

describe('shared iterations', () => {
  const seven = (vus: number) => sharedIterations({ iterations: 7, vus })

  test('are taken by any free VU, and the load ends with the last response', () => {
    const all = driven(seven(3), { vus: 3, takesMs: (vu) => (vu === 0 ? 10 : 100) })
    all.driver.start()
    all.goTo(99)
    expect([all.begun.length, all.exhausted]).toEqual([7, 0])
    all.goTo(100)
    expect(all.of(0)).toEqual([0, 10, 20, 30, 40])
    expect([all.exhausted, all.dropped.length, all.driver.activeVus]).toEqual([1, 0, 3])
  })

  test('are taken by at most the given number of VUs, from the start of the load', () => {
    const all = driven(seven(2), { vus: 5, offsetMs: 300 })
    all.driver.start()
    all.goTo(1_000)
    expect(new Set(all.begun.map(({ vu }) => vu))).toEqual(new Set([0, 1]))
    expect(all.begun.slice(0, 2).map(({ dueMs }) => dueMs)).toEqual([300, 300])
  })

  test('use a VU that is still busy with the warm-up only after it becomes free', () => {
    const all = driven(seven(2), { vus: 2, takesMs: () => 100 })
    all.idle.shift()!.begin(0, 7)
    all.goTo(40)
    all.driver.start()
    all.goTo(5_000)
    expect(all.of(0).length + all.of(1).length).toBe(1 + 7)
    expect(all.of(1)[0]).toBe(0)
  })

  test('wait after failed connections, and all of them are executed', () => {
    const failedAttempts = (_: number, iteration: number) => (iteration < 2 ? iteration + 1 : 0)
    const all = driven(sharedIterations({ iterations: 4, vus: 1 }), { vus: 1, takesMs: () => 10, failedAttempts })
    all.driver.start()
    all.goTo(5_000)
    expect(all.of(0)).toEqual([0, 110, 320, 330])
    expect(all.exhausted).toBe(1)
  })

  test('are dropped one by one when stopped before they begin', () => {
    const all = driven(seven(2), { vus: 2, takesMs: () => 100 })
    all.driver.start()
    all.goTo(150)
    all.driver.stop()
    expect(all.dropped).toEqual([150, 150, 150])
    all.goTo(5_000)
    expect(all.begun).toHaveLength(4)
  })
})
