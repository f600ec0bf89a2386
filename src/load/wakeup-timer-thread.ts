import { parentPort, workerData } from 'node:worker_threads'
import { now } from '../machine/clock.ts'
import { clockOriginMs } from './clock-origin.ts'
import type { WakeupTimerMemory } from './wakeup-timer.ts'

/**
 * Sleeps until the instant the load's thread asked for, then wakes it. A thread that does nothing else can sleep to a
 * tenth of a millisecond; a timer of Node fires up to two milliseconds late.
 */
const { signal, wakeAtMs, originMs } = workerData as WakeupTimerMemory
// This thread's own clock allocates nothing, so that no garbage is collected in the middle of a wait.
const offsetMs = clockOriginMs() - originMs

let responded = 0
response(responded)
for (;;) {
  const asked = Atomics.load(signal, 0)
  const waitMs = asked === responded ? Number.POSITIVE_INFINITY : wakeAtMs[0]! - now() - offsetMs
  if (waitMs > 0) Atomics.wait(signal, 0, asked, waitMs)
  else {
    responded = asked
    response(asked)
  }
}

/** @param wakeUp the number of the one asked for; the first is 1, and 0 says that this thread keeps time */
function response(wakeUp: number): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  parentPort!.postMessage(wakeUp)
}
