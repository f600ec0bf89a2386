import type { OperationDue } from '../history/history.ts'
import { Random } from '../load/random.ts'
import { object, optional, readOptions } from '../options/schema.ts'
import { integer, matching, number } from '../options/values.ts'

/** How updates are delivered, as senders of webhooks do: again and again, out of order, and not all of them honest. */
export interface ReplayOptions {
  /** How many updates there are. */
  readonly updates: number
  /** The same seed gives the same plan. */
  readonly seed: number | string
  /** How often each update is delivered, drawn evenly; both included. Default: 1 to 4. */
  readonly copies?: { readonly min: number; readonly max: number }
  /**
   * The share (0–1) of updates whose every delivery has a broken signature, the genuine one never comes: each must be
   * refused and leave no trace. Rounded up. Default: 0.05.
   */
  readonly forgedRatio?: number
  /** How many updates about things that do not exist come in addition, as a share (0–1). Rounded up. Default: 0.05. */
  readonly unknownRate?: number
}

/** One sending of one update. */
export interface Delivery {
  /** Which update: 0 to `updates - 1`; from `updates` on for things that do not exist. */
  readonly update: number
  /** Which sending of it, from 0, in the order of the plan. */
  readonly copy: number
  /** `genuine`; `forged`: with a broken signature; `unknown`: genuine, but about something that does not exist. */
  readonly kind: 'genuine' | 'forged' | 'unknown'
  /** For `record: { due }`: `refused` for forged ones, `ignored` for unknown ones. */
  readonly due: OperationDue
}

/**
 * The deliveries of a replay in the order in which to send them. All VUs of a run take from it in turn:
 * `const due = plan.values()`, then `request: () => webhook(due.next().value!)` under a load of `plan.length` iterations.
 *
 * Updates are shuffled. Of the copies of one update some follow each other directly, so that several VUs send them at
 * the same time, and the others come later, between other updates. An update with three copies or more has both kinds.
 *
 * @throws {OptionsError} with every option that cannot be used
 */
export function planReplay(options: ReplayOptions): readonly Delivery[] {
  const { updates, seed, copies, forgedRatio, unknownRate } = readOptions('planReplay()', REPLAY, options)
  const unknown = Math.ceil(updates * unknownRate)
  const random = new Random(seed)
  const forgedOnes = someOf(updates, Math.ceil(updates * forgedRatio), random.fork('forged'))
  const bursts: { at: number; update: number; count: number }[] = []
  for (let update = 0; update < updates + unknown; update++) {
    const own = random.fork(update)
    const count = own.int(copies.min, copies.max)
    const atOnce = burstSize(count, own)
    const at = own.next()
    bursts.push({ at, update, count: atOnce })
    for (let left = count - atOnce; left > 0; left--) bursts.push({ at: at + (1 - at) * own.next(), update, count: 1 })
  }
  const sent = new Map<number, number>()
  return bursts
    .toSorted((one, other) => one.at - other.at)
    .flatMap(({ update, count }) =>
      Array.from({ length: count }, (): Delivery => {
        const copy = sent.get(update) ?? 0
        sent.set(update, copy + 1)
        if (update >= updates) return { update, copy, kind: 'unknown', due: 'ignored' }
        return forgedOnes.has(update)
          ? { update, copy, kind: 'forged', due: 'refused' }
          : { update, copy, kind: 'genuine', due: 'applied' }
      }),
    )
}

/** How many of an update's copies are sent at once: with three or more, at least two, and one at least comes later. */
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
    forgedRatio: optional(RATIO, 0.05),
    unknownRate: optional(RATIO, 0.05),
  },
  { example: 'planReplay({ updates: 500, seed: 1 })' },
)
