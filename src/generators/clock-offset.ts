import type { SharedClock } from './rendezvous.ts'
import type { ClockReading } from './shared-log.ts'

/** Round trips of one measurement. */
const ROUND_TRIPS = 20

/** Difference between the shared clock and this process's clock. */
export interface ClockOffset {
  /** Shared clock minus `now()`. */
  readonly offsetMs: number
  /** Half of the shortest round trip: the offset cannot be further away, however unequal its two ways were. */
  readonly errorMs: number
  readonly worstRoundTripMs: number
  /** Time of the shortest round trip, on the clock of `now()`. */
  readonly atMs: number
}

/**
 * Measures the offset of the shared clock by the shortest of 20 round trips (Cristian, "Probabilistic clock
 * synchronization", 1989).
 */
export async function measureOffset(readClock: () => Promise<ClockReading>): Promise<ClockOffset> {
  // The first one may open a connection or compile code.
  await readClock()
  let best: ClockOffset | undefined
  let worstRoundTripMs = 0
  for (let trip = 0; trip < ROUND_TRIPS; trip++) {
    const { sentMs, sharedMs, receivedMs } = await readClock()
    const errorMs = (receivedMs - sentMs) / 2
    worstRoundTripMs = Math.max(worstRoundTripMs, receivedMs - sentMs)
    const atMs = sentMs + errorMs
    if (best === undefined || errorMs < best.errorMs)
      best = { offsetMs: sharedMs - atMs, errorMs, worstRoundTripMs, atMs }
  }
  return { ...best!, worstRoundTripMs }
}

/** The shared clock between two measurements: a straight line, so a constant drift is included. */
export function clockBetween(before: ClockOffset, after: ClockOffset): SharedClock & { readonly driftPpm: number } {
  const elapsedMs = after.atMs - before.atMs
  const drift = elapsedMs > 0 ? (after.offsetMs - before.offsetMs) / elapsedMs : 0
  return {
    driftPpm: drift * 1e6,
    errorMs: Math.max(before.errorMs, after.errorMs),
    toSharedMs: (atMs) => atMs + before.offsetMs + drift * (atMs - before.atMs),
  }
}
