import { nextTurn, now } from './clock.ts'

/** Time after which the event loop runs: loads, timers and a Ctrl-C do not wait for long work. */
const SLICE_MS = 10

/**
 * Visits all items, and lets the event loop run after each slice.
 * @throws the reason of the signal, if it is aborted meanwhile
 */
export async function inSlices<T>(
  items: Iterable<T>,
  signal: AbortSignal | undefined,
  visit: (item: T) => void,
): Promise<void> {
  let endMs = now() + SLICE_MS
  for (const item of items) {
    visit(item)
    if (now() < endMs) continue
    await nextTurn()
    signal?.throwIfAborted()
    endMs = now() + SLICE_MS
  }
}

/** {@link inSlices} of a function of each item. @returns its values in order */
export async function mapInSlices<T, U>(
  items: Iterable<T>,
  signal: AbortSignal | undefined,
  map: (item: T, at: number) => U,
): Promise<U[]> {
  const values: U[] = []
  await inSlices(items, signal, (item) => void values.push(map(item, values.length)))
  return values
}
