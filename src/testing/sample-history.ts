import { History, type ExpectedOutcome, type OperationOutcome } from '../history/history.ts'

/** One operation with a key. */
export interface Send {
  readonly key: string
  readonly outcome: OperationOutcome
  readonly expected?: ExpectedOutcome
  readonly payload?: string
  readonly response?: string
}

const STATUSES = { ok: 201, failed: 429, unknown: 0 } as const

/** A history for tests: one operation every 100 ms, by seven VUs in turn. Every second unknown operation has no end. */
export function sampleHistory(sends: readonly Send[], runId?: string): History {
  const history = new History({ steps: ['vote'], ...(runId !== undefined && { runId }) })
  for (const [at, { key, outcome, expected: due, payload, response }] of sends.entries()) {
    const start = { key, vu: at % 7, step: 0, intendedStartUs: at * 1e5, startUs: at * 1e5 }
    const id = history.begin({ ...start, ...(payload !== undefined && { payload }), ...(due && { expected: due }) })
    if (outcome === 'unknown' && at % 2 === 0) continue
    const end = { endUs: at * 1e5 + 5e4, outcome, status: STATUSES[outcome] }
    history.end(id, { ...end, ...(response !== undefined && { response }) })
  }
  return history
}
