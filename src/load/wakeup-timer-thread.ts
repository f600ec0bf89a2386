import { parentPort, workerData } from 'node:worker_threads'
import { now } from '../machine/clock.ts'
import { clockOriginMs } from './clock-origin.ts'
import type { WakeupTimerMemory } from './wakeup-timer.ts'

/**
 * Sleeps until the instant that the load's thread requested, then wakes it. A thread that does nothing else wakes up to a
 * tenth of a millisecond; a Node timer fires up to two milliseconds late.
 */
const { signal, wakeAtMs, originMs } = workerData as WakeupTimerMemory
// `performance.now()` allocates nothing, so that no garbage collection interrupts a wait.
const offsetMs = clockOriginMs() - originMs

let completed = 0
notify(completed)
for (;;) {
  const requested = Atomics.load(signal, 0)
  const waitMs = requested === completed ? Number.POSITIVE_INFINITY : wakeAtMs[0]! - now() - offsetMs
  if (waitMs > 0) Atomics.wait(signal, 0, requested, waitMs)
  else {
    completed = requested
    notify(requested)
  }
}

/** @param wakeUp number of the requested wake-up, from 1; 0 reports that the thread is ready */
function notify(wakeUp: number): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  parentPort!.postMessage(wakeUp)
}
