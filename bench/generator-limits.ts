/**
 * Which figures distinguish a generator that measures correctly from a saturated one? The same engine idle, busy, paused
 * once, starved by neighbours on its core, and with more load than a process can send; the limits in
 * `src/execution/generator-limits.ts` are between these cases. Prints a table and writes
 * `perf-report/bench/generator-limits.json`.
 *
 *     npm run bench:limits
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constantArrivalRate } from '../src/load/builders.ts'
import { formatRatio, significant } from '../src/stats/units.ts'
import type { OursFigures } from './generate-ours.ts'
import { GENERATOR_CORE, generate, keep, pinned, printTable, truthServer } from './pinned.ts'

const SECONDS = 8

interface Condition {
  readonly name: string
  readonly rate: number
  readonly vus: number
  readonly pauseMs?: number
  /** Processes that use all the CPU they get, on the generator's core. */
  readonly neighbours?: number
  readonly shouldBeValid: boolean | undefined
}

const CONDITIONS: readonly Condition[] = [
  { name: 'idle', rate: 200, vus: 50, shouldBeValid: true },
  { name: 'a third busy', rate: 4_000, vus: 400, shouldBeValid: true },
  { name: 'one pause of 200 ms', rate: 200, vus: 50, pauseMs: 200, shouldBeValid: true },
  // Some schedulers favour sleeping processes and hide one neighbour, others do not: both verdicts are accepted.
  { name: 'one neighbour', rate: 200, vus: 50, neighbours: 1, shouldBeValid: undefined },
  { name: 'eight neighbours', rate: 200, vus: 50, neighbours: 8, shouldBeValid: false },
  { name: 'eight neighbours, busy', rate: 4_000, vus: 400, neighbours: 8, shouldBeValid: false },
  { name: '200,000 requests/s', rate: 200_000, vus: 400, shouldBeValid: false },
]

const rows: string[][] = [
  ['', 'delay p99', 'bar worst s', 'loop p99', 'busy', 'CPU', 'sent', 'p99', 'verdict', 'should be'],
]
const results: object[] = []
for (const { name, rate, vus, pauseMs, neighbours = 0, shouldBeValid } of CONDITIONS) {
  await using server = await truthServer('fixed')
  const [file, args] = pinned(GENERATOR_CORE, [process.execPath, '-e', 'for(;;);'])
  const busy = Array.from({ length: neighbours }, () => spawn(file, args))
  try {
    const load = constantArrivalRate({ rate, vus, duration: `${SECONDS}s` })
    const figures = await generate<OursFigures>('generate-ours.ts', { url: server.url, load, pauseMs })
    results.push({ name, rate, pauseMs, neighbours, shouldBeValid, ...figures })
    rows.push([
      name,
      ms(figures.scheduleDelay?.p99Ms),
      ms(figures.sustainedScheduleDelay?.p99Ms),
      ms(figures.eventLoopDelay.p99Ms),
      formatRatio(figures.eventLoopUtilization),
      formatRatio(figures.cpuRatio),
      formatRatio(figures.sent / figures.offered),
      ms(figures.latencyMs[2]),
      figures.invalidities.length === 0 ? 'valid' : 'invalid',
      shouldBeValid === undefined ? 'either' : shouldBeValid ? 'valid' : 'invalid',
    ])
  } finally {
    for (const child of busy) {
      child.kill()
      await once(child, 'exit')
    }
  }
}
printTable(rows)
keep('generator-limits', { seconds: SECONDS, results })

/** @param value null represents infinity, which JSON does not have */
function ms(value: number | null | undefined): string {
  if (value === null) return '∞'
  return value === undefined ? '–' : `${significant(value, 3)} ms`
}
