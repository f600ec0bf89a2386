import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Pacer } from './pacer.ts'

/** What the pacer asked its wakeup timer for, in order. */
let asked: number[]
let wake: () => void
let nowMs: number

vi.mock('./wakeup-timer.ts', () => ({
  WakeupTimer: class {
    constructor(onWake: () => void) {
      wake = onWake
    }
    async start(): Promise<void> {}
    wakeAt(ms: number): void {
      asked.push(ms)
    }
    async close(): Promise<void> {}
  },
}))

beforeEach(() => {
  asked = []
  nowMs = 1_000
  // Time stands still but for the looking at it, so that who waits for it is not lost.
  vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += 0.001))
})
afterEach(() => void vi.restoreAllMocks())

/** Wakes the pacer when it asked for, again and again, until it asks for nothing more. */
function runAll(): void {
  for (let last = -1; last !== asked.length;) {
    last = asked.length
    nowMs = Math.max(nowMs, asked.at(-1) ?? 0)
    wake()
  }
}

describe('tasks', () => {
  test('run in order of their instants, each once and none too early', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 900, max: 1_100 }), { maxLength: 60, size: 'max' }), (dues) => {
        asked = []
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

  test('get their turn together, until one has begun after two milliseconds: then sockets have theirs', () => {
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

  test('that throw leave the others where they were', () => {
    const pacer = new Pacer()
    const ran: string[] = []
    pacer.at(900, () => {
      throw new Error('mine')
    })
    pacer.at(901, () => ran.push('next'))
    expect(wake).toThrow('mine')
    expect(asked.at(-1)).toBe(901)
    wake()
    expect(ran).toEqual(['next'])
    pacer.at(902, () => ran.push('later'))
    wake()
    expect(ran).toEqual(['next', 'later'])
  })
})

describe('the wakeup timer is asked', () => {
  test('to wake a little before what is due first: a twentieth of the wait, a fifth of a millisecond at most', () => {
    const pacer = new Pacer()
    pacer.at(1_100, () => {})
    expect(asked).toEqual([1_099.8])
    pacer.at(1_001, () => {})
    expect(asked[1]).toBeCloseTo(1_000.95, 3)
    pacer.at(999, () => {})
    expect(asked[2]).toBe(999)
  })

  test('only where something is due before what it waits for', () => {
    const pacer = new Pacer()
    pacer.at(1_050, () => {})
    pacer.at(1_050, () => {})
    pacer.at(1_060, () => {})
    expect(asked).toHaveLength(1)
    pacer.at(1_040, () => {})
    expect(asked).toHaveLength(2)
  })

  test('once for all that a task asks for', () => {
    const pacer = new Pacer()
    pacer.at(1_000, () => {
      pacer.at(1_200, () => {})
      pacer.at(1_100, () => {})
    })
    wake()
    expect(asked).toEqual([1_000, 1_099.8])
  })

  test('again where it has woken too early; the clock is looked at for a fifth of a millisecond at most', () => {
    const pacer = new Pacer()
    let ran = 0
    pacer.at(1_010, () => ran++)
    const fromMs = nowMs
    wake()
    expect(ran).toBe(0)
    expect(nowMs - fromMs).toBeGreaterThan(0.19)
    expect(nowMs - fromMs).toBeLessThan(0.25)
    expect(asked).toEqual([1_009.8, 1_009.8])
    nowMs = 1_009.9
    wake()
    expect(ran).toBe(1)
    expect(nowMs).toBeLessThan(1_010.01)
  })

  test('for nothing once all is done, or forgotten', async () => {
    const pacer = new Pacer()
    let ran = 0
    pacer.at(1_000, () => ran++)
    wake()
    expect(asked).toHaveLength(1)
    pacer.at(1_000, () => ran++)
    await pacer.close()
    wake()
    expect([ran, asked.length]).toEqual([1, 2])
  })
})
