import { EventEmitter } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WakeupTimer, type WakeupTimerMemory } from './wakeup-timer.ts'

vi.mock('node:worker_threads', { spy: true })

/** Fake worker thread, whose messages a test emits. */
class FakeThread extends EventEmitter {
  terminated = 0

  async terminate(): Promise<number> {
    this.terminated++
    return 0
  }
}

describe('a wakeup timer with a real thread', () => {
  test('wakes once at the last requested instant', async () => {
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

describe('a wakeup timer with a fake thread', () => {
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

  test('starts when the thread is ready, with a name and without the options of the parent process', async () => {
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

  test('ignores a message that does not belong to the last request', async () => {
    await started()
    wakeupTimer.wakeAt(50)
    expect([memory.signal[0], memory.wakeAtMs[0]]).toEqual([1, 50])
    wakeupTimer.wakeAt(80)
    expect([memory.signal[0], memory.wakeAtMs[0]]).toEqual([2, 80])
    thread.emit('message', 1)
    expect(woken).toBe(0)
    thread.emit('message', 2)
    expect(woken).toBe(1)
    // There is no additional Node timer.
    expect(vi.getTimerCount()).toBe(0)
  })

  test.each(['error', 'exit'])('starts even if the thread ends with the event %s', async (event) => {
    const start = wakeupTimer.start()
    thread.emit(event, new Error('no threads here'))
    await expect(start).resolves.toBeUndefined()
  })

  test('uses a Node timer for the pending request if the thread fails', async () => {
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

  test('does not wake if the thread fails without a pending request', async () => {
    await started()
    wakeupTimer.wakeAt(50)
    thread.emit('message', 1)
    thread.emit('error', new Error('gone'))
    expect(vi.getTimerCount()).toBe(0)
  })

  test('terminates the thread and clears the timer when closed', async () => {
    await started()
    await wakeupTimer.close()
    expect(thread.terminated).toBe(1)
    wakeupTimer.wakeAt(20)
    await wakeupTimer.close()
    vi.advanceTimersByTime(1_000)
    expect([woken, thread.terminated]).toEqual([0, 1])
  })
})
