import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { constantArrivalRate, constantVus, rampingArrivalRate, sharedIterations } from '../load/builders.ts'
import { offeredIterations } from '../load/describe.ts'
import type { DrivenVu } from '../load/drivers.ts'
import type { Load } from '../load/load.ts'
import { Random } from '../load/random.ts'
import type { RunSnapshot } from '../results/snapshot.ts'
import { divisions } from '../testing/divisions.ts'
import { eachTestOnVirtualTime, type VirtualPacer } from '../testing/virtual-pacer.ts'
import { Execution } from './execution.ts'
import { DEFAULT_LIMITS } from './generator-limits.ts'
import type { RequestSeries } from './request-scope.ts'
import { PhasedTimeline } from './request-timeline.ts'
import type { ExecutionOptions, Workload } from './workload.ts'

const START_MS = 5_000

let pacer: VirtualPacer
eachTestOnVirtualTime(START_MS, (fresh) => (pacer = fresh))

/** A VU whose iterations take a given time and are counted as by an engine. */
class TimedVu implements DrivenVu {
  readonly id: number
  readonly failedAttempts = 0
  readonly hadGoodResponse = true
  readonly settleMs = 0
  isBusy = false
  readonly #all: TimedWorkload
  readonly #execution: Execution<TimedVu>

  constructor(id: number, all: TimedWorkload, execution: Execution<TimedVu>) {
    this.id = id
    this.#all = all
    this.#execution = execution
  }

  begin(intendedMs: number): void {
    this.isBusy = true
    this.#all.begunMs.push(intendedMs)
    const isLight = this.#execution.iterationBegan()
    this.#send(intendedMs, this.#all.steps, this.#execution.countedUntilMs(intendedMs), isLight)
  }

  #send(intendedMs: number, stepsLeft: number, untilMs: number, isLight: boolean): void {
    this.#all.inFlight++
    this.#all.countedMs.push(Math.min(intendedMs, untilMs))
    this.#execution.tally.offered++
    this.#execution.tally.sent++
    pacer.at(pacer.nowMs + this.#all.takesMs, () => {
      const endMs = pacer.nowMs
      this.#all.inFlight--
      if (stepsLeft > 1) return this.#send(endMs - START_MS, stepsLeft - 1, untilMs, isLight)
      this.isBusy = false
      this.#execution.tally.countIteration(this.#all.takesMs, false, isLight)
      this.#execution.iterationEnded(this, endMs)
    })
  }

  draw(): number {
    return 0
  }
}

class TimedWorkload implements Workload<TimedVu> {
  readonly stepThinkMs = 0
  readonly begunMs: number[] = []
  /** Times at which requests are counted. */
  readonly countedMs: number[] = []
  readonly series: readonly RequestSeries[]
  readonly openSockets = 1
  readonly takesMs: number
  readonly steps: number
  inFlight = 0
  isClosed = false
  drawsDropped = false
  openAfter: Promise<void> | undefined
  readonly #vus: number

  constructor(vus: number, takesMs: number, steps: number) {
    this.#vus = vus
    this.takesMs = takesMs
    this.steps = steps
    const timeline = new PhasedTimeline([{ name: 'steady', startMs: 0, endMs: 60_000 }])
    this.series = [{ step: 'only', tag: undefined, timeline }]
  }

  async open(execution: Execution<TimedVu>): Promise<readonly TimedVu[]> {
    await this.openAfter
    return Array.from({ length: this.#vus }, (_, id) => new TimedVu(id, this, execution))
  }

  async close(): Promise<void> {
    this.isClosed = true
  }

  dropped(random: Random): RequestSeries {
    // As an engine with weighted steps does.
    if (this.drawsDropped) random.next()
    return this.series[0]!
  }
}

function execution(
  load: Load & { readonly vus: number },
  { takesMs = 50, steps = 1, ...options }: Partial<ExecutionOptions> & { takesMs?: number; steps?: number } = {},
) {
  const workload = new TimedWorkload(load.vus, takesMs, steps)
  const abort = new AbortController()
  const snapshots: RunSnapshot[] = []
  const run = new Execution<TimedVu>(
    {
      ...{ name: 'http 1', kind: 'http', load, warmupMs: 0, graceMs: 1_000, maxQueueTimeMs: 10_000 },
      ...{
        abortWhen: undefined,
        limits: DEFAULT_LIMITS,
        random: new Random(1),
        signal: abort.signal,
        timesIterations: false,
      },
      onSnapshot: (snapshot) => snapshots.push(snapshot),
      ...options,
    },
    workload,
    pacer,
  )
  return {
    ...{ run, workload, snapshots, abort, window: workload.series[0]!.timeline.at(0) },
    /** Starts the run and stays at its first instant. `ended` is the promise of its result. */
    async start() {
      const ended = run.run()
      await new Promise((resolve) => setImmediate(resolve))
      return { ended }
    },
    goTo: (ms: number) => pacer.goTo(START_MS + ms),
  }
}

const rate = (perSec: number, seconds: number, vus = 5) =>
  constantArrivalRate({ rate: perSec, vus, duration: `${seconds}s` }) as Load & { readonly vus: number }
const users = (vus: number, seconds: number) =>
  constantVus({ vus, duration: `${seconds}s` }) as Load & { readonly vus: number }

describe('a load that completes', () => {
  test('begins exactly the promised number of iterations after its warm-up, even if the pacer is late', async () => {
    const loads: fc.Arbitrary<Load & { readonly vus: number }> = fc.oneof(
      fc
        .record({ iterations: fc.integer({ min: 20, max: 60 }), vus: fc.integer({ min: 1, max: 8 }) })
        .map((options) => sharedIterations(options) as Load & { readonly vus: number }),
      fc
        // Four VUs are enough, although each stays busy while the pacer is late: nothing is dropped.
        .record({ perSec: fc.integer({ min: 1, max: 60 }), vus: fc.integer({ min: 4, max: 8 }) })
        .map(({ perSec, vus }) => rate(perSec, 1, vus)),
      fc
        .record({ startRate: fc.integer({ min: 0, max: 30 }), target: fc.integer({ min: 4, max: 60 }) })
        .map(({ startRate, target }) =>
          rampingArrivalRate({ startRate, vus: 4, stages: [{ target, duration: '1s' }] }),
        ),
    )
    const times = fc.record({
      warmupMs: fc.integer({ min: 1, max: 300 }),
      takesMs: fc.double({ min: 0.1, max: 12, noNaN: true }),
      lateMs: fc.double({ min: 0, max: 20, noNaN: true }),
    })
    const steps = fc.integer({ min: 1, max: 3 })
    await fc.assert(
      fc.asyncProperty(loads, times, steps, async (load, { warmupMs, takesMs: iterationMs, lateMs }, steps) => {
        pacer.nowMs = START_MS
        pacer.lateMs = 0
        // The delay of the pacer adds to each step, so it is divided as well, to keep the VUs sufficient.
        const takesMs = iterationMs / steps
        const { workload, goTo, start } = execution(load, { takesMs, steps, warmupMs, maxQueueTimeMs: 60_000 })
        const { ended } = await start()
        pacer.lateMs = lateMs / steps
        goTo(warmupMs + 20_000)
        await ended
        const promised = offeredIterations(load)!
        expect(workload.begunMs.filter((intendedMs) => intendedMs >= warmupMs)).toHaveLength(promised)
        expect(workload.countedMs.filter((atMs) => atMs >= warmupMs)).toHaveLength(promised * steps)
      }),
      { numRuns: 100 },
    )
  })

  test('begins what is due, waits for the last response, and returns its result', async () => {
    const { run, workload, snapshots, goTo, start } = execution(rate(10, 2), { takesMs: 80 })
    const { ended } = await start()
    goTo(10_000)
    const executed = await ended
    expect(workload.begunMs).toHaveLength(20)
    expect(executed).toMatchObject({
      ...{ startMs: START_MS, durationMs: 2_000, abortReason: undefined, abortCause: undefined, warnings: [] },
      ...{ phases: [{ name: 'steady', startMs: 0, endMs: 2_000 }], vuDemand: undefined },
    })
    expect(executed.gauges.map(({ vus }) => vus)).toEqual([5, 5])
    expect(snapshots.map(({ state }) => state)).toEqual(['running', 'running', 'ended'])
    expect(workload.isClosed).toBe(true)
    expect(run.startMs).toBe(START_MS)
  })

  test('continues while nothing is in flight, and ends on time if all responses have arrived', async () => {
    const { workload, goTo, start } = execution(rate(10, 2), { takesMs: 10 })
    const { ended } = await start()
    goTo(500)
    await new Promise((resolve) => setImmediate(resolve))
    expect([workload.inFlight, workload.isClosed]).toEqual([0, false])
    goTo(2_000)
    expect((await ended).durationMs).toBe(2_000)
  })

  test('reports the schedule delay of its counted part only', async () => {
    const { goTo, start } = execution(rate(10, 2), { warmupMs: 1_000 })
    const { ended } = await start()
    pacer.lateMs = 40
    goTo(1_000)
    pacer.lateMs = 3
    goTo(5_000)
    const { scheduleDelay } = (await ended).generator
    expect(scheduleDelay!.maxMs).toBeCloseTo(3, 1)
    expect(scheduleDelay!.p50Ms).toBeCloseTo(3, 1)
  })

  test('lets iterations end after it, and has the duration of its load', async () => {
    const { workload, goTo, start } = execution(users(1, 1), { takesMs: 600 })
    const { ended } = await start()
    goTo(1_100)
    expect(workload.isClosed).toBe(false)
    goTo(1_200)
    expect((await ended).durationMs).toBe(1_000)
    expect(workload.begunMs).toEqual([0, 600])
  })

  test('waits for the last iteration in progress, not for the first', async () => {
    const { workload, goTo, start } = execution(rate(10, 2), { takesMs: 250 })
    const { ended } = await start()
    goTo(2_150)
    await new Promise((resolve) => setImmediate(resolve))
    expect([workload.inFlight, workload.isClosed]).toEqual([1, false])
    goTo(2_200)
    expect((await ended).durationMs).toBe(2_000)
  })

  test('has the duration of its load if it is aborted while it waits for the last responses', async () => {
    const { abort, goTo, start } = execution(users(1, 1), { takesMs: 600 })
    const { ended } = await start()
    goTo(1_150)
    abort.abort('enough')
    expect(await ended).toMatchObject({ abortReason: 'enough', durationMs: 1_000 })
  })

  test('is over after the grace period, in which each VU may end its current request', async () => {
    const { run, workload, goTo, start } = execution(users(1, 1), { takesMs: 30_000, graceMs: 2_000 })
    const { ended } = await start()
    goTo(2_999)
    expect(run.isOver).toBe(false)
    goTo(3_000)
    await new Promise((resolve) => setImmediate(resolve))
    expect([run.isOver, workload.isClosed]).toEqual([true, false])
    // The request was abandoned, but the VU has not ended its iteration.
    workload.inFlight = 0
    goTo(3_020)
    expect((await ended).durationMs).toBe(1_000)
  })

  test('ends with the last of its shared iterations, before its maximum duration', async () => {
    const load = sharedIterations({ iterations: 4, vus: 2 }) as Load & { readonly vus: number }
    const { workload, goTo, start } = execution(load, { takesMs: 100 })
    const { ended } = await start()
    goTo(5_000)
    const { durationMs, phases } = await ended
    expect([durationMs, workload.begunMs]).toEqual([200, [0, 0, 100, 100]])
    expect(phases).toEqual([{ name: 'steady', startMs: 0, endMs: 200 }])
  })
})

describe('a warm-up', () => {
  test('is a separate phase whose iterations do not count', async () => {
    const { run, workload, goTo, start } = execution(rate(10, 2), { warmupMs: 1_000, takesMs: 100 })
    const { ended } = await start()
    goTo(1_000)
    expect(run.tally.iterations.all.iterations).toBe(0)
    expect(run.tally.sent).toBe(10)
    goTo(10_000)
    const { phases, durationMs } = await ended
    expect(phases).toEqual([
      { name: 'warmup', startMs: 0, endMs: 1_000 },
      { name: 'steady', startMs: 1_000, endMs: 3_000 },
    ])
    expect(run.phases).toEqual(phases)
    expect(durationMs).toBe(3_000)
    expect(workload.begunMs.filter((ms) => ms >= 1_000)).toHaveLength(20)
  })
})

describe('an aborted run', () => {
  test('begins nothing more, waits for nothing, and keeps what was measured, after a signal', async () => {
    const { run, workload, abort, snapshots, goTo, start } = execution(rate(10, 10), { takesMs: 5_000 })
    const { ended } = await start()
    goTo(310)
    abort.abort(new Error('stopped by SIGINT'))
    const executed = await ended
    expect(executed).toMatchObject({ abortReason: 'stopped by SIGINT', abortCause: undefined, durationMs: 310 })
    expect(executed.phases).toEqual([{ name: 'steady', startMs: 0, endMs: 310 }])
    expect([workload.begunMs.length, run.isOver, workload.isClosed]).toEqual([3, true, true])
    expect(snapshots.at(-1)).toMatchObject({ state: 'ended', elapsedMs: 310 })
  })

  test('begins nothing if it is aborted before its connections are open', async () => {
    const { workload, abort, snapshots, start } = execution(rate(10, 10))
    const open = Promise.withResolvers<void>()
    workload.openAfter = open.promise
    const { ended } = await start()
    abort.abort('too slow')
    open.resolve()
    expect(await ended).toMatchObject({ abortReason: 'too slow', durationMs: 0, gauges: [], startMs: START_MS })
    expect([workload.begunMs, workload.isClosed]).toEqual([[], true])
    expect(snapshots.map(({ state, elapsedMs }) => [state, elapsedMs])).toEqual([['ended', 0]])
  })

  test('begins nothing if the signal is already aborted', async () => {
    const { workload, abort, start } = execution(rate(10, 10))
    abort.abort(new Error('stopped by SIGTERM'))
    const { ended } = await start()
    expect((await ended).abortReason).toBe('stopped by SIGTERM')
    expect(workload.begunMs).toEqual([])
  })

  test('reports the first reason', async () => {
    const { abort, run, goTo, start } = execution(rate(10, 10))
    const { ended } = await start()
    goTo(200)
    run.scenarioFailed(new TypeError('vu.data is undefined\nsecond line'))
    abort.abort(new Error('stopped by SIGINT'))
    expect((await ended).abortReason).toBe('the scenario failed: vu.data is undefined')
    expect(run.scenarioError).toEqual({ error: new TypeError('vu.data is undefined\nsecond line') })
  })

  test('reports the reason and the cause if its rule aborted it', async () => {
    const { run, goTo, start } = execution(rate(10, 60), {
      abortWhen: [{ errorRateAbove: 0.5, forMs: 1_000, delayMs: undefined }],
    })
    const { ended } = await start()
    for (let ms = 0; ms < 3_000; ms += 100) {
      goTo(ms)
      run.tally.completed++
      run.tally.countError('status', '500')
    }
    const { abortReason, abortCause, durationMs } = await ended
    expect(abortReason).toMatch(/^error rate 100% over the last 1s, limit 50% \(\d+ × status\)$/)
    expect(abortCause).toBe('target')
    expect(durationMs).toBe(1_250)
  })

  test('reports an error of its rule as an error of the scenario', async () => {
    const abortWhen = () => {
      throw new TypeError('no such field')
    }
    const { run, goTo, start } = execution(rate(10, 60), { abortWhen })
    const { ended } = await start()
    goTo(1_000)
    expect((await ended).abortReason).toBe('abortWhen threw an error')
    expect(run.scenarioError).toEqual({ error: new TypeError('no such field') })
  })
})

test('counts iterations dropped for lack of a free VU at their intended start', async () => {
  const { run, window, goTo, start } = execution(rate(10, 1, 1), { takesMs: 10_000, maxQueueTimeMs: 100 })
  const { ended } = await start()
  goTo(1_000)
  await Promise.resolve()
  expect([run.tally.offered, run.tally.sent, run.tally.dropped]).toEqual([10, 1, 9])
  expect([window.offered, window.dropped]).toEqual([9, 9])
  goTo(12_000)
  expect((await ended).warnings).toEqual([expect.stringMatching(/^vus: 1 cannot carry 10\/s /)])
})

test('rejects if connections cannot be opened, and closes the workload', async () => {
  const { run, workload } = execution(rate(10, 1))
  workload.open = () => Promise.reject(new Error('no such host'))
  await expect(run.run()).rejects.toThrow('no such host')
  expect(workload.isClosed).toBe(true)
})

describe('a share of a load', () => {
  test('has Poisson arrivals that do not depend on what was dropped', async () => {
    const arrivals = async (drawsDropped: boolean) => {
      pacer.nowMs = START_MS
      const load = constantArrivalRate({ rate: 50, vus: 2, duration: '4s', arrivals: 'poisson' })
      const { workload, goTo, start } = execution(load, { takesMs: 400, maxQueueTimeMs: 0 })
      workload.drawsDropped = drawsDropped
      const { ended } = await start()
      goTo(10_000)
      await ended
      return workload.begunMs
    }
    expect(await arrivals(true)).toEqual(await arrivals(false))
  })

  test('begins at the common start, and with nothing if the run was aborted before', async () => {
    const starts = Promise.withResolvers<{ atMs: number; errorMs: number }>()
    const division = { ...divisions(2)[1]!, startAt: () => starts.promise }
    const { workload, goTo, start } = execution(rate(10, 2), { division })
    const { ended } = await start()
    goTo(3_000)
    expect(workload.begunMs).toEqual([])
    starts.resolve({ atMs: START_MS + 5_000, errorMs: 1 })
    await new Promise((resolve) => setImmediate(resolve))
    goTo(10_000)
    expect(await ended).toMatchObject({ startMs: START_MS + 5_000, durationMs: 2_000, abortReason: undefined })
    expect(workload.begunMs.map((ms) => Math.round(ms))).toEqual([
      150, 350, 550, 750, 950, 1150, 1350, 1550, 1750, 1950,
    ])

    const other = execution(rate(10, 2), { division: { ...division, startAt: () => new Promise(() => {}) } })
    const waiting = await other.start()
    other.abort.abort('Ctrl-C')
    expect(await waiting.ended).toMatchObject({ durationMs: 0, abortReason: 'Ctrl-C' })
    expect(other.workload.begunMs).toEqual([])
  })

  test('ends with the reason if iterations cannot be claimed', async () => {
    const startAt = async () => ({ atMs: START_MS, errorMs: 0 })
    const division = { ...divisions(2)[0]!, startAt, claim: () => Promise.reject(new Error('no connection')) }
    const load = sharedIterations({ iterations: 100, vus: 5 }) as Load & { readonly vus: number }
    const { goTo, start } = execution(load, { division })
    const { ended } = await start()
    goTo(1_000)
    expect(await ended).toMatchObject({ abortReason: 'iterations could not be claimed: no connection' })
  })
})
