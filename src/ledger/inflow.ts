import { readAmount, showAmount, type Amount } from './amount.ts'
import type { RecordedOperations } from './violations.ts'

/** By how much a total may have changed, both ends included; equal where nothing is unknown. */
export interface Inflow {
  readonly atLeast: `${number}`
  readonly atMost: `${number}`
}

/**
 * What the operations of a history must have brought in: the amount of every key told `ok`, once, however often it was
 * sent; and perhaps that of keys that are unknown. What had to be refused or ignored brings in nothing. For the
 * `expectedDelta` of `toConserve()`.
 *
 * @param amountOf one amount for all keys, or that of each; negative for what goes out
 * @throws {LedgerError} if an amount is not exact
 */
export function inflowOf(
  history: RecordedOperations,
  amountOf: number | bigint | `${number}` | ((key: string) => number | bigint | `${number}`),
): Inflow {
  const applied = new Set<string>()
  const unknown = new Set<string>()
  for (const { key, due, outcome } of history.operations()) {
    if (due !== 'applied') continue
    if (outcome === 'ok') applied.add(key)
    else if (outcome === 'unknown') unknown.add(key)
  }
  const read = (key: string): Amount =>
    readAmount(typeof amountOf === 'function' ? amountOf(key) : amountOf, `amount of key ${JSON.stringify(key)}`)
  let [atLeast, atMost] = [0n, 0n]
  for (const key of applied) {
    const amount = read(key)
    atLeast += amount
    atMost += amount
  }
  for (const key of unknown) {
    if (applied.has(key)) continue
    const amount = read(key)
    if (amount < 0n) atLeast += amount
    else atMost += amount
  }
  return { atLeast: showAmount(atLeast) as `${number}`, atMost: showAmount(atMost) as `${number}` }
}
