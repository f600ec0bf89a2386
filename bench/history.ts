/**
 * What does it cost to record every operation and to compare the history with the database? Recording: time and memory per
 * operation, and CPU per request with and without it. Checking: 100,000 and 1,000,000 operations against as many rows of a
 * real Postgres. Each case runs in a separate process. Prints tables and writes `perf-report/bench/history.json`.
 *
 *     npm run bench:history [-- <parts, default recording,requests,checking>]
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { startEnvironment } from '../src/services/environment.ts'
import { postgres } from '../src/services/postgres/postgres.ts'
import { formatBytes, formatCount, formatMs, significant } from '../src/stats/units.ts'
import type { CheckingFigures, HistoryCase, RecordingFigures, RequestFigures } from './history-case.ts'
import { GENERATOR_CORE, pinnedFork } from './pinned.ts'

const parts = (process.argv[2] ?? 'recording,requests,checking').split(',')
const PAIRS = 9

interface FiguresOf {
  readonly recording: RecordingFigures
  readonly requests: RequestFigures
  readonly checking: CheckingFigures
}

async function run<Part extends keyof FiguresOf>(
  plan: HistoryCase & { readonly part: Part },
): Promise<FiguresOf[Part]> {
  const child = fork(
    fileURLToPath(new URL('history-case.ts', import.meta.url)),
    pinnedFork(GENERATOR_CORE, ['--expose-gc']),
  )
  child.send(plan)
  const figures = once(child, 'message')
  const exited = once(child, 'exit')
  const failed = exited.then(([code]) => Promise.reject(new Error(`the case exited with ${String(code)}`)))
  const [found] = (await Promise.race([figures, failed])) as [FiguresOf[Part]]
  failed.catch(() => {})
  await exited
  return found
}

async function recording(): Promise<RecordingFigures[]> {
  console.log(
    '\nRecording one operation: CPU time and memory (key of 36 characters, payload of 70 bytes, response of 120 bytes)',
  )
  const found: RecordingFigures[] = []
  for (const [operations, withContents] of [
    [100_000, true],
    [1_000_000, false],
    [1_000_000, true],
  ] as const) {
    const figures = await run({ part: 'recording', operations, withContents })
    found.push(figures)
    const what = `${formatCount(operations)} operations, ${withContents ? 'with' : 'without'} payload and response`
    console.log(
      `  ${what.padEnd(52)}${figures.nsPerOperation.toFixed(0).padStart(6)} ns${figures.bytesPerOperation.toFixed(0).padStart(6)} B` +
        `${formatBytes(figures.heldBytes).padStart(10)} held, longest pause ${formatMs(figures.longestPauseMs)}`,
    )
  }
  return found
}

async function requests(): Promise<RequestFigures & { readonly overheadRatio: number }> {
  console.log('\nCPU time of the generator per request, closed model, 100 VUs, with and without recording')
  const figures = await run({ part: 'requests', perRun: 100_000, pairs: PAIRS })
  const [without, recording] = [median(figures.withoutUs), median(figures.recordingUs)]
  // Compared pair by pair: other processes affect both halves of a pair alike.
  const overheadRatio = median(figures.withoutUs.map((us, pair) => figures.recordingUs[pair]! / us - 1))
  console.log(
    `  ${significant(without, 3)} µs without, ${significant(recording, 3)} µs with, medians of ${PAIRS} pairs: ${(overheadRatio * 100).toFixed(1)}% more`,
  )
  return { ...figures, overheadRatio }
}

async function checking(): Promise<CheckingFigures[]> {
  console.log('\nExactly-once check against as many rows, 5% of keys sent twice, 1% unknown')
  await using environment = await startEnvironment({ services: [postgres({ provider: 'embedded' })] })
  const databaseUrl = environment.details.services['postgres']!.connection['url']!
  const found: CheckingFigures[] = []
  for (const [keys, lostRows] of [
    [100_000, 0],
    [1_000_000, 0],
    [1_000_000, 5],
  ] as const) {
    const figures = await run({ part: 'checking', keys, lostRows, databaseUrl })
    found.push(figures)
    console.log(
      `  ${formatCount(figures.operations)} operations, ${formatCount(figures.rows)} rows, ${figures.findings || 'no findings'}: ` +
        `${formatMs(figures.totalMs)} in total (reading ${formatMs(figures.readingMs)}, comparing ${formatMs(figures.comparingMs)}), ` +
        `peak memory ${formatBytes(figures.peakRssBytes)}, ${formatBytes(figures.rssBeforeBytes)} of it before`,
    )
  }
  return found
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]!
}

const machine = {
  cores: availableParallelism(),
  cpu: cpus()[0]?.model.trim(),
  node: process.version,
  loadBefore: loadavg()[0],
}
console.log(`${machine.cores} cores (${machine.cpu}), Node ${machine.node}, load ${machine.loadBefore?.toFixed(2)}`)
const results = {
  ...(parts.includes('recording') && { recording: await recording() }),
  ...(parts.includes('requests') && { requests: await requests() }),
  ...(parts.includes('checking') && { checking: await checking() }),
}
mkdirSync('perf-report/bench', { recursive: true })
writeFileSync('perf-report/bench/history.json', `${JSON.stringify({ machine, results }, undefined, 2)}\n`)
