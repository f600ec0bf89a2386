import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Pacer } from './pacer.ts'

/** Wake-ups that the pacer requested, in order. */
let requested: number[]
let wake: () => void
let nowMs: number

vi.mock('./wakeup-timer.ts', () => ({
  WakeupTimer: class {
    constructor(onWake: () => void) {
      wake = onWake
    }
    async start(): Promise<void> {}
    wakeAt(ms: number): void {
      requested.push(ms)
    }
    async close(): Promise<void> {}
  },
}))

beforeEach(() => {
  requested = []
  nowMs = 1_000
  // Time advances only when it is read, so that a polling loop ends.
  vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += 0.001))
})
afterEach(() => void vi.restoreAllMocks())

/** Wakes the pacer at each requested instant, until it requests no more. */
function runAll(): void {
  for (let last = -1; last !== requested.length;) {
    last = requested.length
    nowMs = Math.max(nowMs, requested.at(-1) ?? 0)
    wake()
  }
}

describe('tasks', () => {
  test('run once, in order of their instants, and never too early', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 900, max: 1_100 }), { maxLength: 60, size: 'max' }), (dues) => {
        requested = []
        nowMs = 1_000
        const pacer = new Pacer()
        const ran: number[] = []
        const early: number[] = []
        for (const due of dues)
          pacer.at(due, (dueMs) => {
            ran.push(dueMs)
            if (nowMs < dueMs) early.push(dueMs)
          })
        runAll()
        expect([ran, early]).toEqual([dues.toSorted((a, b) => a - b), []])
      }),
    )
  })

  test('run together for two milliseconds, and then yield to sockets', () => {
    const pacer = new Pacer()
    const ran: number[] = []
    for (let n = 0; n < 11; n++)
      pacer.at(900 + n, (dueMs) => {
        ran.push(dueMs - 900)
        nowMs += 0.6
      })
    wake()
    expect(ran).toEqual([0, 1, 2, 3, 4])
    wake()
    expect(ran).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  test('are not lost if another task throws', () => {
    const pacer = new Pacer()
    const ran: string[] = []
    pacer.at(900, () => {
      throw new Error('mine')
    })
    pacer.at(901, () => ran.push('next'))
    expect(wake).toThrow('mine')
    expect(requested.at(-1)).toBe(901)
    wake()
    expect(ran).toEqual(['next'])
    pacer.at(902, () => ran.push('later'))
    wake()
    expect(ran).toEqual(['next', 'later'])
  })
})

describe('the pacer', () => {
  test('requests a wake-up before the first task: by a twentieth of the wait, at most a fifth of a millisecond', () => {
    const pacer = new Pacer()
    pacer.at(1_100, () => {})
    expect(requested).toEqual([1_099.8])
    pacer.at(1_001, () => {})
    expect(requested[1]).toBeCloseTo(1_000.95, 3)
    pacer.at(999, () => {})
    expect(requested[2]).toBe(999)
  })

  test('requests another wake-up only if a new task is due earlier', () => {
    const pacer = new Pacer()
    pacer.at(1_050, () => {})
    pacer.at(1_050, () => {})
    pacer.at(1_060, () => {})
    expect(requested).toHaveLength(1)
    pacer.at(1_040, () => {})
    expect(requested).toHaveLength(2)
  })

  test('requests one wake-up for all tasks that a task schedules', () => {
    const pacer = new Pacer()
    pacer.at(1_000, () => {
      pacer.at(1_200, () => {})
      pacer.at(1_100, () => {})
    })
    wake()
    expect(requested).toEqual([1_000, 1_099.8])
  })

  test('requests another wake-up if it wakes up too early, and polls the clock for at most a fifth of a millisecond', () => {
    const pacer = new Pacer()
    let ran = 0
    pacer.at(1_010, () => ran++)
    const fromMs = nowMs
    wake()
    expect(ran).toBe(0)
    expect(nowMs - fromMs).toBeGreaterThan(0.19)
    expect(nowMs - fromMs).toBeLessThan(0.25)
    expect(requested).toEqual([1_009.8, 1_009.8])
    nowMs = 1_009.9
    wake()
    expect(ran).toBe(1)
    expect(nowMs).toBeLessThan(1_010.01)
  })

  test('requests no wake-up when all tasks have run or were discarded', async () => {
    const pacer = new Pacer()
    let ran = 0
    pacer.at(1_000, () => ran++)
    wake()
    expect(requested).toHaveLength(1)
    pacer.at(1_000, () => ran++)
    await pacer.close()
    wake()
    expect([ran, requested.length]).toEqual([1, 2])
  })
})
