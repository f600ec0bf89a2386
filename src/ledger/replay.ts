import type { ExpectedOutcome } from '../history/history.ts'
import { Random } from '../load/random.ts'
import { object, optional, readOptions } from '../options/schema.ts'
import { integer, matching, number } from '../options/values.ts'

/** Deliveries of updates as senders of webhooks make them: repeated, out of order, and partly forged. */
export interface ReplayOptions {
  /** Number of updates. */
  readonly updates: number
  /** Seed of the plan: the same seed gives the same plan. */
  readonly seed: number | string
  /** Number of deliveries per update, drawn uniformly, both ends included. @default 1 to 4 */
  readonly copies?: {
    /** Smallest number. */
    readonly min: number
    /** Largest number. */
    readonly max: number
  }
  /**
   * Ratio (0–1) of updates whose deliveries all have an invalid signature: each must be refused and must not be applied.
   * Rounded up.
   *
   * @default 0.05
   */
  readonly forgedRate?: number
  /** Additional updates about unknown objects, as a ratio (0–1) of `updates`. Rounded up. @default 0.05 */
  readonly unknownRate?: number
}

/** One delivery of an update. */
export interface Delivery {
  /** Index of the update: 0 to `updates - 1`; from `updates` on for unknown objects. */
  readonly update: number
  /** Index of the copy, from 0, in the order of the plan. */
  readonly copy: number
  /** `genuine`; `forged`: with an invalid signature; `unknown`: genuine, but about an unknown object. */
  readonly kind: 'genuine' | 'forged' | 'unknown'
  /** For `record: { due }`: `refused` for forged ones, `ignored` for unknown ones. */
  readonly expected: ExpectedOutcome
}

/**
 * Deliveries of a replay in the order in which to send them. All VUs of a run take from it in turn:
 * `const due = plan.values()`, then `request: () => webhook(due.next().value!)` under a load of `plan.length` iterations.
 *
 * Updates are shuffled. Some copies of an update follow each other directly, so several VUs send them at the same time;
 * the others follow later, between other updates. An update with three or more copies has both kinds.
 *
 * @throws {OptionsError} with every invalid option
 *
 * @example
 * const plan = planReplay({ updates: 100, seed: 7, copies: { min: 1, max: 3 } })
 * const due = plan.values()
 * const run = await http.run({
 *   load: sharedIterations({ vus: 5, iterations: plan.length }),
 *   request: () => {
 *     const { update } = due.next().value!
 *     return { method: 'POST', path: '/payments', headers: { 'idempotency-key': `${runId}-${update}` }, body: { amount: 1 } }
 *   },
 * })
 */
export function planReplay(options: ReplayOptions): readonly Delivery[] {
  const { updates, seed, copies, forgedRate, unknownRate } = readOptions('planReplay()', REPLAY, options)
  const unknown = Math.ceil(updates * unknownRate)
  const random = new Random(seed)
  const forgedOnes = someOf(updates, Math.ceil(updates * forgedRate), random.fork('forged'))
  const bursts: { at: number; update: number; count: number }[] = []
  for (let update = 0; update < updates + unknown; update++) {
    const own = random.fork(update)
    const count = own.int(copies.min, copies.max)
    const together = burstSize(count, own)
    const at = own.next()
    bursts.push({ at, update, count: together })
    for (let left = count - together; left > 0; left--)
      bursts.push({ at: at + (1 - at) * own.next(), update, count: 1 })
  }
  const sent = new Map<number, number>()
  return bursts
    .toSorted((one, other) => one.at - other.at)
    .flatMap(({ update, count }) =>
      Array.from({ length: count }, (): Delivery => {
        const copy = sent.get(update) ?? 0
        sent.set(update, copy + 1)
        if (update >= updates) return { update, copy, kind: 'unknown', expected: 'ignored' }
        return forgedOnes.has(update)
          ? { update, copy, kind: 'forged', expected: 'refused' }
          : { update, copy, kind: 'genuine', expected: 'applied' }
      }),
    )
}

/** Number of copies that are sent together: with three or more copies, at least two, and at least one follows later. */
function burstSize(count: number, random: Random): number {
  return count < 3 ? random.int(1, count) : random.int(2, count - 1)
}

function someOf(count: number, size: number, random: Random): ReadonlySet<number> {
  const drawn = Array.from({ length: count }, (_, value) => ({ value, at: random.next() }))
  return new Set(
    drawn
      .toSorted((one, other) => one.at - other.at)
      .slice(0, size)
      .map(({ value }) => value),
  )
}

const COPY = { min: 1, max: 1_000 }

const COPIES = object<NonNullable<ReplayOptions['copies']>>()(
  { min: integer({ ...COPY, example: 1 }), max: integer({ ...COPY, example: 4 }) },
  { example: 'copies: { min: 1, max: 4 }' },
).rule(['min', 'max'], ({ min, max }) =>
  max < min
    ? {
        option: 'max',
        rule: `must be an integer at least ${min} and at most ${COPY.max}`,
        example: `max: ${Math.max(min, 4)}`,
      }
    : undefined,
)
const RATIO = number({ min: 0, max: 1, example: 0.05 })

const REPLAY = object<ReplayOptions>()(
  {
    updates: integer({ min: 1, max: 10_000_000, example: 500 }),
    seed: matching<number | string>(
      (value) => typeof value === 'number' || typeof value === 'string',
      'must be a number or a string',
      '1',
    ),
    copies: optional(COPIES, { min: 1, max: 4 }),
    forgedRate: optional(RATIO, 0.05),
    unknownRate: optional(RATIO, 0.05),
  },
  { example: 'planReplay({ updates: 500, seed: 1 })' },
)
