import { setTimeout as delay } from 'node:timers/promises'
import { nowUs } from './clock.ts'

/**
 * Calls `publish` at each instant of the schedule, never waiting for the one before: an open model. Resolves after the
 * last call, or when the signal stops it.
 *
 * @param dueMs instants since `startUs`, ascending
 */
export async function publishOnSchedule(
  dueMs: Iterable<number>,
  startUs: number,
  publish: (index: number, intendedUs: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let index = 0
  for (const due of dueMs) {
    await until(startUs + due * 1000, signal)
    if (signal.aborted) return
    publish(index++, startUs + due * 1000)
  }
}

/** Resolves at an instant of `nowUs()`, never before it, or when the signal fires. */
export async function until(atUs: number, signal: AbortSignal): Promise<void> {
  for (let left = atUs - nowUs(); left > 0 && !signal.aborted; left = atUs - nowUs())
    await delay(Math.ceil(left / 1000), undefined, { signal }).catch(() => undefined)
}
