import { EventEmitter } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WakeupTimer, type WakeupTimerMemory } from './wakeup-timer.ts'

vi.mock('node:worker_threads', { spy: true })

/** Stands for the thread: a test defines what it returns. */
class FakeThread extends EventEmitter {
  terminated = 0

  async terminate(): Promise<number> {
    this.terminated++
    return 0
  }
}

describe('a wakeup timer of its own thread', () => {
  test('wakes once at the instant asked for last', async () => {
    const woken: number[] = []
    let onWake = () => {}
    const wakeupTimer = new WakeupTimer(() => {
      woken.push(performance.now())
      onWake()
    })
    await wakeupTimer.start()
    const dueMs = performance.now() + 20
    const done = new Promise<void>((resolve) => (onWake = resolve))
    wakeupTimer.wakeAt(dueMs + 60_000)
    wakeupTimer.wakeAt(dueMs)
    await done
    await wakeupTimer.close()
    expect(woken).toHaveLength(1)
    expect(woken[0]! - dueMs).toBeGreaterThan(-0.5)
  })
})

describe('what the thread says', () => {
  let thread: FakeThread
  let memory: WakeupTimerMemory
  let woken: number
  let wakeupTimer: WakeupTimer

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'], now: 0 })
    thread = new FakeThread()
    vi.mocked(Worker).mockImplementationOnce(function (_url, options) {
      memory = options!.workerData as WakeupTimerMemory
      return thread as unknown as Worker
    })
    woken = 0
    wakeupTimer = new WakeupTimer(() => woken++)
  })
  afterEach(() => void vi.useRealTimers())

  async function started(): Promise<void> {
    const start = wakeupTimer.start()
    thread.emit('message', 0)
    await start
  }

  test('it keeps time once it has said so, in a thread of its own name without our own options', async () => {
    let isStarted = false
    const start = wakeupTimer.start().then(() => (isStarted = true))
    await Promise.resolve()
    expect(isStarted).toBe(false)
    thread.emit('message', 0)
    await start
    expect(woken).toBe(0)
    const [url, options] = vi.mocked(Worker).mock.lastCall!
    expect(String(url)).toMatch(/\/src\/load\/wakeup-timer-thread\.ts$/)
    expect(options).toMatchObject({ name: 'wakeup-timer', execArgv: [] })
  })

  test('only the response to what was asked for last counts', async () => {
    await started()
    wakeupTimer.wakeAt(50)
    expect([memory.signal[0], memory.wakeAtMs[0]]).toEqual([1, 50])
    wakeupTimer.wakeAt(80)
    expect([memory.signal[0], memory.wakeAtMs[0]]).toEqual([2, 80])
    thread.emit('message', 1)
    expect(woken).toBe(0)
    thread.emit('message', 2)
    expect(woken).toBe(1)
    // No timer of Node stands beside it.
    expect(vi.getTimerCount()).toBe(0)
  })

  test.each(['error', 'exit'])('a thread that ends by %s keeps nobody from starting', async (event) => {
    const start = wakeupTimer.start()
    thread.emit(event, new Error('no threads here'))
    await expect(start).resolves.toBeUndefined()
  })

  test('where it fails, a timer takes over what was asked for', async () => {
    await started()
    wakeupTimer.wakeAt(50)
    thread.emit('error', new Error('gone'))
    vi.advanceTimersByTime(49)
    expect(woken).toBe(0)
    vi.advanceTimersByTime(1)
    expect(woken).toBe(1)
    wakeupTimer.wakeAt(70)
    wakeupTimer.wakeAt(60)
    vi.advanceTimersByTime(1_000)
    expect(woken).toBe(2)
  })

  test('a thread that fails with nothing asked for wakes nobody', async () => {
    await started()
    wakeupTimer.wakeAt(50)
    thread.emit('message', 1)
    thread.emit('error', new Error('gone'))
    expect(vi.getTimerCount()).toBe(0)
  })

  test('closing ends the thread, and the timer', async () => {
    await started()
    await wakeupTimer.close()
    expect(thread.terminated).toBe(1)
    wakeupTimer.wakeAt(20)
    await wakeupTimer.close()
    vi.advanceTimersByTime(1_000)
    expect([woken, thread.terminated]).toEqual([0, 1])
  })
})
