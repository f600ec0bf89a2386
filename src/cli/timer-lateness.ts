import { now, sleep } from '../machine/clock.ts'

const TIMERS = 40
const PAUSE_MS = 5

/** How late the latest of some short timers was, in milliseconds; takes a fifth of a second. */
export async function timerLatenessMs(): Promise<number> {
  let latestMs = 0
  for (let timer = 0; timer < TIMERS; timer++) {
    const startMs = now()
    await sleep(PAUSE_MS)
    latestMs = Math.max(latestMs, now() - startMs - PAUSE_MS)
  }
  return latestMs
}
