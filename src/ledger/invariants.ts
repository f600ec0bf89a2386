import type { Finding, FindingKind } from '../evidence/ledger-evidence.ts'
import type { Operation } from '../history/history.ts'
import { inSlices } from '../machine/slices.ts'
import { likenessOf, type Likeness } from './keys.ts'
import type { KeyedRows } from './rows.ts'
import { describeViolatingKeys, type RecordedOperations, type ViolatingKeys } from './violations.ts'

/** Result of comparing a history with the rows of its run. */
export interface HistoryVerdict {
  readonly findings: readonly Finding[]
  readonly counts: HistoryCounts
  /** Set if each lost key resembles a key that was never sent. */
  readonly likeness: Likeness | undefined
}

export interface HistoryCounts {
  readonly operations: number
  readonly ok: number
  readonly failed: number
  readonly unknown: number
  /** Acknowledged operations (`ok`) that had to be applied. */
  readonly acknowledged: number
  readonly keys: number
  readonly rows: number
  /** Keys with an unknown outcome, by their presence in the ledger. */
  readonly unknownApplied: number
  readonly unknownNotApplied: number
}

/** Maximum number of violations named per kind. */
export const NAMED_VIOLATIONS = 10

const PRESENCE: readonly FindingKind[] = ['lost', 'unexpected', 'not refused']
const ONCE: readonly FindingKind[] = [...PRESENCE, 'duplicated', 'payload changed', 'responses differ']

/**
 * Compares the outcomes of a history with the rows of the same run. For every sent key:
 *
 * - any outcome `ok`: in the ledger (else *lost*) exactly once (else *duplicated*);
 * - any outcome `unknown` but no `ok`: at most once (else *duplicated*);
 * - only `failed`: not in the ledger (else *unexpected*);
 * - only sent to be refused or ignored: not in the ledger (else *unexpected*); if it must be refused, never `ok` (else *not
 *   refused*);
 * - all `ok` responses are to one payload (else *payload changed*) and identical (else *responses differ*), as far as
 *   payloads and responses were recorded.
 *
 * A key in the ledger that was never sent is *unexpected*. Time and memory are proportional to operations and rows; the event
 * loop runs meanwhile.
 *
 * @param depth `presence` ignores the number of rows, payloads and responses
 * @param signal stops the comparison
 */
export async function checkHistory(
  history: RecordedOperations,
  ledger: KeyedRows,
  depth: 'presence' | 'once',
  signal?: AbortSignal,
): Promise<HistoryVerdict> {
  const states = new KeyStates(history.size)
  const outcomes = { ok: 0, failed: 0, unknown: 0 }
  let acknowledged = 0
  await inSlices(history.operations(), signal, (operation) => {
    outcomes[operation.outcome]++
    if (operation.outcome === 'ok' && operation.expected === 'applied') acknowledged++
    states.add(operation)
  })
  const neverSent = new Set<string>()
  await inSlices(ledger.keys, signal, (key) => {
    if (!states.countRow(key)) neverSent.add(key)
  })

  const violatingKeys = new Map<FindingKind, ViolatingKeys>()
  const addViolation = (kind: FindingKind, key: string) => {
    let list = violatingKeys.get(kind)
    if (list === undefined) violatingKeys.set(kind, (list = { count: 0, keys: [] }))
    if (list.count++ < NAMED_VIOLATIONS) list.keys.push(key)
  }
  const unknown = { applied: 0, notApplied: 0 }
  const lost: string[] = []
  await inSlices(states.entries(), signal, ([key, { flags, rows }]) => {
    for (const kind of judge(flags, rows)) {
      addViolation(kind, key)
      // Keys only resemble each other if there are as many lost ones as unexpected ones.
      if (kind === 'lost' && lost.length <= neverSent.size) lost.push(key)
    }
    if ((flags & (OK | UNKNOWN)) === UNKNOWN) unknown[rows === 0 ? 'notApplied' : 'applied']++
  })
  for (const key of neverSent) addViolation('unexpected', key)

  const kinds = depth === 'once' ? ONCE : PRESENCE
  return {
    findings: await describeViolatingKeys(
      new Map(kinds.flatMap((kind) => pair(kind, violatingKeys.get(kind)))),
      history,
      ledger,
      signal,
    ),
    counts: {
      operations: history.size,
      ...outcomes,
      acknowledged,
      keys: states.size,
      rows: ledger.rows.length,
      unknownApplied: unknown.applied,
      unknownNotApplied: unknown.notApplied,
    },
    likeness: await likenessOf(lost, neverSent, signal),
  }
}

function pair(kind: FindingKind, violatingKeys: ViolatingKeys | undefined): [FindingKind, ViolatingKeys][] {
  return violatingKeys === undefined ? [] : [[kind, violatingKeys]]
}

const OK = 1
const UNKNOWN = 2
const NOT_REFUSED = 4
const PAYLOAD_CHANGED = 8
const RESPONSES_DIFFER = 16
const OUTCOME_FLAGS = { ok: OK, unknown: UNKNOWN, failed: 0 } as const

function judge(flags: number, rows: number): FindingKind[] {
  const found: FindingKind[] = []
  if (flags & OK && rows === 0) found.push('lost')
  if (flags & (OK | UNKNOWN)) {
    if (rows > 1) found.push('duplicated')
  } else if (rows > 0) found.push('unexpected')
  if (flags & NOT_REFUSED) found.push('not refused')
  if (flags & PAYLOAD_CHANGED) found.push('payload changed')
  if (flags & RESPONSES_DIFFER) found.push('responses differ')
  return found
}

/** Outcomes of each key, in typed arrays: a million keys must fit into memory with a million rows. */
class KeyStates {
  readonly #indexes = new Map<string, number>()
  readonly #flags: Uint8Array
  readonly #rows: Uint32Array
  /** Payload of the first `ok` response; NaN before it, and if none was recorded. */
  readonly #payload: Float64Array
  readonly #response: Float64Array

  constructor(operations: number) {
    this.#flags = new Uint8Array(operations)
    this.#rows = new Uint32Array(operations)
    this.#payload = new Float64Array(operations).fill(Number.NaN)
    this.#response = new Float64Array(operations).fill(Number.NaN)
  }

  get size(): number {
    return this.#indexes.size
  }

  add({ key, expected: due, outcome, payload, response }: Operation): void {
    let at = this.#indexes.get(key)
    if (at === undefined) this.#indexes.set(key, (at = this.#indexes.size))
    if (due !== 'applied') {
      if (due === 'refused' && outcome === 'ok') this.#flags[at]! |= NOT_REFUSED
      return
    }
    this.#flags[at]! |= OUTCOME_FLAGS[outcome]
    if (outcome !== 'ok') return
    if (payload !== undefined) {
      if (Number.isNaN(this.#payload[at]!)) this.#payload[at] = payload
      if (this.#payload[at] !== payload) {
        this.#flags[at]! |= PAYLOAD_CHANGED
        return
      }
    }
    if (response === undefined) return
    if (Number.isNaN(this.#response[at]!)) this.#response[at] = response
    if (this.#response[at] !== response) this.#flags[at]! |= RESPONSES_DIFFER
  }

  /** @returns whether the row's key was ever sent */
  countRow(key: string): boolean {
    const at = this.#indexes.get(key)
    if (at === undefined) return false
    this.#rows[at]!++
    return true
  }

  /** In order of first start. */
  *entries(): Generator<readonly [key: string, state: { readonly flags: number; readonly rows: number }]> {
    for (const [key, at] of this.#indexes) yield [key, { flags: this.#flags[at]!, rows: this.#rows[at]! }]
  }
}
