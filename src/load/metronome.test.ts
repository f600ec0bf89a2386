import { EventEmitter } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Metronome, type MetronomeMemory } from './metronome.ts'

vi.mock('node:worker_threads', { spy: true })

/** Stands for the thread: a test says what it answers. */
class FakeThread extends EventEmitter {
  terminated = 0

  async terminate(): Promise<number> {
    this.terminated++
    return 0
  }
}

describe('a metronome of its own thread', () => {
  test('wakes once at the instant asked for last', async () => {
    const woken: number[] = []
    let onWake = () => {}
    const metronome = new Metronome(() => {
      woken.push(performance.now())
      onWake()
    })
    await metronome.start()
    const dueMs = performance.now() + 20
    const done = new Promise<void>((resolve) => (onWake = resolve))
    metronome.wakeAt(dueMs + 60_000)
    metronome.wakeAt(dueMs)
    await done
    await metronome.close()
    expect(woken).toHaveLength(1)
    expect(woken[0]! - dueMs).toBeGreaterThan(-0.5)
  })
})

describe('what the thread says', () => {
  let thread: FakeThread
  let memory: MetronomeMemory
  let woken: number
  let metronome: Metronome

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'], now: 0 })
    thread = new FakeThread()
    vi.mocked(Worker).mockImplementationOnce(function (_url, options) {
      memory = options!.workerData as MetronomeMemory
      return thread as unknown as Worker
    })
    woken = 0
    metronome = new Metronome(() => woken++)
  })
  afterEach(() => void vi.useRealTimers())

  async function started(): Promise<void> {
    const start = metronome.start()
    thread.emit('message', 0)
    await start
  }

  test('it keeps time once it has said so, in a thread of its own name without our own options', async () => {
    let isStarted = false
    const start = metronome.start().then(() => (isStarted = true))
    await Promise.resolve()
    expect(isStarted).toBe(false)
    thread.emit('message', 0)
    await start
    expect(woken).toBe(0)
    const [url, options] = vi.mocked(Worker).mock.lastCall!
    expect(String(url)).toMatch(/\/src\/load\/metronome-thread\.ts$/)
    expect(options).toMatchObject({ name: 'metronome', execArgv: [] })
  })

  test('only the answer to what was asked for last counts', async () => {
    await started()
    metronome.wakeAt(50)
    expect([memory.signal[0], memory.wakeAtMs[0]]).toEqual([1, 50])
    metronome.wakeAt(80)
    expect([memory.signal[0], memory.wakeAtMs[0]]).toEqual([2, 80])
    thread.emit('message', 1)
    expect(woken).toBe(0)
    thread.emit('message', 2)
    expect(woken).toBe(1)
    // No timer of Node stands beside it.
    expect(vi.getTimerCount()).toBe(0)
  })

  test.each(['error', 'exit'])('a thread that ends by %s keeps nobody from starting', async (event) => {
    const start = metronome.start()
    thread.emit(event, new Error('no threads here'))
    await expect(start).resolves.toBeUndefined()
  })

  test('where it fails, a timer takes over what was asked for', async () => {
    await started()
    metronome.wakeAt(50)
    thread.emit('error', new Error('gone'))
    vi.advanceTimersByTime(49)
    expect(woken).toBe(0)
    vi.advanceTimersByTime(1)
    expect(woken).toBe(1)
    metronome.wakeAt(70)
    metronome.wakeAt(60)
    vi.advanceTimersByTime(1_000)
    expect(woken).toBe(2)
  })

  test('a thread that fails with nothing asked for wakes nobody', async () => {
    await started()
    metronome.wakeAt(50)
    thread.emit('message', 1)
    thread.emit('error', new Error('gone'))
    expect(vi.getTimerCount()).toBe(0)
  })

  test('closing ends the thread, and the timer', async () => {
    await started()
    await metronome.close()
    expect(thread.terminated).toBe(1)
    metronome.wakeAt(20)
    await metronome.close()
    vi.advanceTimersByTime(1_000)
    expect([woken, thread.terminated]).toEqual([0, 1])
  })
})
