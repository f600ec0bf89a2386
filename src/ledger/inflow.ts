import { formatCount } from '../stats/units.ts'
import { readAmount, showAmount, type Amount } from './amount.ts'
import { LedgerError } from './ledger-error.ts'
import type { RecordedOperations } from './violations.ts'

/** Range of a total's change, both ends included; the ends are equal if no outcome is unknown. */
export interface Inflow {
  /** Smallest change, as an exact decimal number. */
  readonly atLeast: `${number}`
  /** Largest change, as an exact decimal number. */
  readonly atMost: `${number}`
}

/**
 * Range of the change that the operations of a history cause: each acknowledged key (`ok`) adds its amount once, however
 * often it was sent; each `unknown` key may add it. Operations that must be refused or ignored add nothing. For the
 * `expectedDelta` of `toConserve()`.
 *
 * A total does not show everything: an amount that was applied twice can be within the range if another outcome is unknown.
 * `toApplyExactlyOnce()` finds it.
 *
 * @param amountOf one amount for all keys, or the amount of each; negative for outflow
 * @throws {LedgerError} if an amount is not exact, or if deposits and withdrawals add up to 0: the total would not show
 * that all of them were applied twice
 *
 * @example
 * const run = await http.run({
 *   load: sharedIterations({ vus: 5, iterations: 100 }),
 *   request: ({ vu, iteration }) => ({
 *     method: 'POST',
 *     path: '/payments',
 *     headers: { 'idempotency-key': `${runId}-${vu.id}-${iteration}` },
 *     body: { amount: 10 },
 *   }),
 *   record: true,
 * })
 * await expect(ledger).toConserve({ total: 'SELECT sum(amount) FROM payments', expectedDelta: inflowOf(run.history, 10) })
 */
export function inflowOf(
  history: RecordedOperations,
  amountOf: number | bigint | `${number}` | ((key: string) => number | bigint | `${number}`),
): Inflow {
  const applied = new Set<string>()
  const unknown = new Set<string>()
  for (const { key, expected: due, outcome } of history.operations()) {
    if (due !== 'applied') continue
    if (outcome === 'ok') applied.add(key)
    else if (outcome === 'unknown') unknown.add(key)
  }
  const read = (key: string): Amount =>
    readAmount(typeof amountOf === 'function' ? amountOf(key) : amountOf, `amount of key ${JSON.stringify(key)}`)
  let [atLeast, atMost, hasAmount] = [0n, 0n, false]
  for (const key of applied) {
    const amount = read(key)
    atLeast += amount
    atMost += amount
    hasAmount ||= amount !== 0n
  }
  if (hasAmount && atLeast === 0n) throw cancelling(applied.size)
  for (const key of unknown) {
    if (applied.has(key)) continue
    const amount = read(key)
    if (amount < 0n) atLeast += amount
    else atMost += amount
  }
  return { atLeast: showAmount(atLeast) as `${number}`, atMost: showAmount(atMost) as `${number}` }
}

function cancelling(count: number): LedgerError {
  return new LedgerError(
    `the amounts of ${formatCount(count)} acknowledged keys add up to 0, so the total would be the same if each of them had been applied twice`,
    'check deposits and withdrawals apart, each with the total of its own rows, or assert 0 and check the rows: expectedDelta: 0 and toApplyExactlyOnce()',
  )
}
