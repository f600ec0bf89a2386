import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { ledgerChecks } from '../src/evidence/ledger-evidence.ts'
import { History } from '../src/history/history.ts'
import { createHttp } from '../src/http/http.ts'
import type { HttpResponse } from '../src/http/response.ts'
import { checkHistory } from '../src/ledger/invariants.ts'
import { createLedger } from '../src/ledger/ledger.ts'
import { readKeys } from '../src/ledger/rows.ts'
import { sharedIterations } from '../src/load/builders.ts'
import { parseScale } from '../src/load/scale.ts'
import { pinnedFork, SERVER_CORE } from './pinned.ts'

/** One case of `history.ts`, sent to a separate process. */
export type HistoryCase =
  | { readonly part: 'recording'; readonly operations: number; readonly withContents: boolean }
  | { readonly part: 'requests'; readonly perRun: number; readonly pairs: number }
  | {
      readonly part: 'checking'
      /** Keys with one row each; a twentieth of them is sent twice. */
      readonly keys: number
      /** Rows left out, so that there are violations to describe. */
      readonly lostRows: number
      readonly databaseUrl: string
    }

export interface RecordingFigures {
  readonly operations: number
  readonly withContents: boolean
  readonly nsPerOperation: number
  readonly heldBytes: number
  readonly bytesPerOperation: number
  readonly longestPauseMs: number
}

/** CPU time per request of each run, with and without recording. */
export interface RequestFigures {
  readonly perRun: number
  readonly withoutUs: readonly number[]
  readonly recordingUs: readonly number[]
}

export interface CheckingFigures {
  readonly operations: number
  readonly rows: number
  readonly findings: string
  readonly totalMs: number
  readonly readingMs: number
  readonly comparingMs: number
  readonly rssBeforeBytes: number
  readonly peakRssBytes: number
}

const PAYLOAD = JSON.stringify({ streamerId: '20000000-0000-4000-8000-000000000017', stars: 5 })
const RESPONSE = JSON.stringify({
  voteId: '0190f6f2-8a4b-7cde-9f01-23456789abcd',
  acceptedAt: '2024-01-01T00:00:00.000Z',
  stars: 5,
  left: 995,
})

process.once('message', (plan: HistoryCase) => {
  void runCase(plan).then((figures) => process.send?.(figures, () => process.disconnect()))
})

async function runCase(plan: HistoryCase): Promise<RecordingFigures | RequestFigures | CheckingFigures> {
  if (plan.part === 'recording') return recording(plan.operations, plan.withContents)
  if (plan.part === 'requests') return requests(plan.perRun, plan.pairs)
  return checking(plan.keys, plan.lostRows, plan.databaseUrl)
}

/** A key of 36 characters, like a UUID. */
function keyOf(runId: string, index: number): string {
  return `${runId}-${String(index).padStart(35 - runId.length, '0')}`
}

async function recording(operations: number, withContents: boolean): Promise<RecordingFigures> {
  const contents = withContents ? { payload: PAYLOAD, response: RESPONSE } : {}
  const record = (history: History, count: number): number => {
    let longestMs = 0
    for (let at = 0; at < count; at++) {
      const startMs = performance.now()
      recordOne(history, keyOf(history.runId, at), at, contents)
      longestMs = Math.max(longestMs, performance.now() - startMs)
    }
    return longestMs
  }
  record(new History(), 50_000)
  const overheadNs = cpuNs(() => loop(operations))
  await collectGarbage()
  const before = process.memoryUsage()
  const history = new History()
  let longestPauseMs = 0
  const tookNs = cpuNs(() => (longestPauseMs = record(history, operations)))
  await collectGarbage()
  const after = process.memoryUsage()
  // The history's own memory is shared and not part of the heap.
  const heldBytes = after.heapUsed - before.heapUsed + history.byteLength
  return {
    operations: history.size,
    withContents,
    nsPerOperation: (tookNs - overheadNs) / operations,
    heldBytes,
    bytesPerOperation: heldBytes / operations,
    longestPauseMs,
  }
}

/** CPU time, which other processes on the machine affect far less than wall-clock time. */
function cpuNs(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) * 1000
}

/** Collects garbage. Buffers are freed one turn after the objects that held them. */
async function collectGarbage(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** The loop without recording: creates keys and reads the clock. */
function loop(operations: number): number {
  let length = 0
  for (let at = 0; at < operations; at++) {
    const startMs = performance.now()
    length += keyOf('0123456789ab', at).length
    length += performance.now() - startMs
  }
  return length
}

function recordOne(
  history: History,
  key: string,
  at: number,
  { payload, response }: { payload?: string; response?: string },
): void {
  const id = history.begin({
    key,
    vu: at % 2_000,
    step: 0,
    intendedStartUs: at * 10,
    startUs: at * 10 + 1,
    ...(payload === undefined ? {} : { payload }),
  })
  const unknown = at % 100 === 99
  history.end(id, {
    endUs: at * 10 + 500,
    outcome: unknown ? 'unknown' : 'ok',
    status: unknown ? 503 : 201,
    ...(response === undefined || unknown ? {} : { response }),
  })
}

/** Alternating short runs with and without recording in one process, so that both use the same machine and compiled code. */
async function requests(perRun: number, pairs: number): Promise<RequestFigures> {
  const server = fork(fileURLToPath(new URL('history-server.ts', import.meta.url)), pinnedFork(SERVER_CORE))
  const [port] = (await once(server, 'message')) as [number]
  const http = createHttp({
    baseUrl: `http://127.0.0.1:${port}`,
    signal: new AbortController().signal,
    scale: parseScale('full'),
    seed: 1,
    onRun: () => {},
    onWarning: () => {},
  })
  let sent = 0
  const cpuUs = async (record: boolean): Promise<number> => {
    globalThis.gc?.()
    const before = process.cpuUsage()
    await http.run({
      load: sharedIterations({ iterations: perRun, vus: 100 }),
      ...(record && { record: { response: (response: HttpResponse) => response.body } }),
      request: () => ({
        path: '/',
        method: 'POST' as const,
        headers: { 'idempotency-key': keyOf('0123456789ab', sent++), 'content-type': 'application/json' },
        body: PAYLOAD,
        // The body of the response is kept in both cases, so that only the recording differs.
        check: (response: HttpResponse) => response.body.length > 0,
      }),
    })
    const { user, system } = process.cpuUsage(before)
    return (user + system) / perRun
  }
  await cpuUs(false)
  await cpuUs(true)
  const without: number[] = []
  const recording: number[] = []
  for (let pair = 0; pair < pairs; pair++) {
    const first = pair % 2 === 0
    for (const record of [first, !first]) (record ? recording : without).push(await cpuUs(record))
  }
  server.kill()
  return { perRun, withoutUs: without, recordingUs: recording }
}

async function checking(keys: number, lostRows: number, databaseUrl: string): Promise<CheckingFigures> {
  const history = new History()
  const operations = Math.round(keys * 1.05)
  for (let at = 0; at < operations; at++) {
    const index = at < keys ? at : at - keys
    recordOne(history, keyOf(history.runId, index), at, { payload: PAYLOAD, response: RESPONSE })
  }
  await fillTable(databaseUrl, history.runId, keys, lostRows)
  const check = { history, rows: 'SELECT key, run_id FROM applied WHERE run_id = $1', key: ['key'] } as const
  const stores = [{ name: 'postgres', kind: 'postgres', url: databaseUrl, isAbsent: false }] as const
  const waits = { queryTimeout: '5m', settleFor: 0, settleTimeout: '1s' } as const
  const ledger = createLedger({ stores, signal: new AbortController().signal }).with(waits)
  globalThis.gc?.()
  const rssBeforeBytes = process.memoryUsage.rss()
  const startMs = performance.now()
  const { findings, invalidities } = await ledger[ledgerChecks].history({ ...check, isUnscoped: false, depth: 'once' })
  const totalMs = performance.now() - startMs
  const peakRssBytes = process.resourceUsage().maxRSS * 1024
  if (invalidities.length > 0) throw new Error(invalidities[0]!.finding)
  const readMs = performance.now()
  const rows = (await ledger.query(check.rows, [history.runId])) as Record<string, unknown>[]
  const comparedMs = performance.now()
  await checkHistory(history, await readKeys({ rows, columns: [] }, ['key']), 'once')
  return {
    operations,
    rows: rows.length,
    findings: findings.map(({ kind, count }) => `${count} ${kind}`).join(', '),
    totalMs,
    readingMs: comparedMs - readMs,
    comparingMs: performance.now() - comparedMs,
    rssBeforeBytes,
    peakRssBytes,
  }
}

/** Inserts a row for each key, and rows of another run that must not be read. */
async function fillTable(url: string, runId: string, keys: number, lost: number): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('DROP TABLE IF EXISTS applied')
  await client.query('CREATE TABLE applied (key text NOT NULL, run_id text NOT NULL)')
  const insert = `INSERT INTO applied SELECT $1 || '-' || lpad(at::text, ${35 - runId.length}, '0'), $1 FROM generate_series($2::int, $3::int - 1) AS at`
  await client.query(insert, [runId, lost, keys])
  await client.query(insert, ['another', 0, 10_000])
  await client.query('CREATE INDEX ON applied (run_id)')
  await client.query('VACUUM ANALYZE applied')
  await client.end()
}
