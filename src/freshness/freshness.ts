import { setTimeout as pause } from 'node:timers/promises'
import { checkDuration, checkKnownKeys, type Duration } from '../options/checks.ts'
import { Problems } from '../options/problems.ts'
import { freshnessOf, type FreshnessEvidence } from '../run/freshness-evidence.ts'
import { Histogram } from '../stats/histogram.ts'
import { timeStats, type TimeStats } from '../stats/summary.ts'
import { formatCount, formatMs } from '../stats/units.ts'
import { WrittenVersions } from './staleness.ts'

export interface FreshnessOptions {
  /** Changes what the route shows, past its cache, and gives the version it now has. Versions must grow. */
  readonly write: () => Promise<number>
  /** Reads the cached route and gives the version it shows. */
  readonly read: () => Promise<number>
  /**
   * Why it cannot be written or read from here, as where a target that runs elsewhere keeps its internal listener to
   * itself: then neither is done, and what is asserted is skipped with this reason. Default: it can.
   */
  readonly unavailable?: string | undefined
  /** Default: `'2s'`: longer than the limit to be shown, so that an answer can exceed it before the next write. */
  readonly writeEvery?: Duration
  /** Default: `'50ms'`: the finest staleness that can be told apart. */
  readonly readEvery?: Duration
}

/** What a probe found out. */
export interface Freshness {
  readonly reads: number
  readonly writes: number
  /** Absent where nothing was read. */
  readonly staleness: TimeStats | undefined
  [freshnessOf](): FreshnessEvidence
}

/** Reads and writes beside the load until it is stopped. */
export interface FreshnessProbe {
  /**
   * Stops, and gives what was found out. A second call gives the same.
   *
   * @throws the first error of `write`, or a RangeError where versions did not grow
   */
  stop(): Promise<Freshness>
}

/** Judged from fewer reads that followed a write, staleness would be luck. */
const MIN_READS = 100
const MIN_WRITES = 3

/**
 * Starts writing and reading a cached route beside a load, to find out how stale its answers are. The first write is
 * awaited, so that a mistake shows before any load is sent.
 *
 * @throws {OptionsError} naming every option that cannot be used
 */
export async function probeFreshness(options: FreshnessOptions, signal: AbortSignal): Promise<FreshnessProbe> {
  const { writeEveryMs, readEveryMs } = readOptions(options)
  const found = new Findings(options)
  if (options.unavailable !== undefined) return { stop: async () => found }
  const stopping = new AbortController()
  const until = AbortSignal.any([signal, stopping.signal])
  await found.write()
  const writing = every(writeEveryMs, until, () => found.write())
  const reading = every(readEveryMs, until, () => found.read())
  // A write that fails is told by stop(); until then it must not end the process.
  writing.catch(() => {})
  let result: Promise<Freshness> | undefined
  return {
    stop() {
      stopping.abort()
      return (result ??= Promise.all([writing, reading]).then(() => found))
    },
  }
}

function readOptions(options: FreshnessOptions): { writeEveryMs: number; readEveryMs: number } {
  const problems = new Problems()
  checkKnownKeys(problems, '', options, ['write', 'read', 'writeEvery', 'readEvery', 'unavailable'])
  for (const name of ['write', 'read'] as const) {
    if (typeof options[name] === 'function') continue
    problems.add(name, options[name], 'must be a function that gives a version', `${name}: async () => 7`)
  }
  const writeEveryMs = checkDuration(problems, 'writeEvery', options.writeEvery ?? '2s')
  const readEveryMs = checkDuration(problems, 'readEvery', options.readEvery ?? '50ms')
  problems.throwIfAny('freshness.probe()')
  return { writeEveryMs, readEveryMs }
}

class Findings implements Freshness {
  readonly #options: FreshnessOptions
  readonly #versions = new WrittenVersions()
  readonly #staleness = new Histogram()
  readonly #startMs = performance.now()
  #staleReads = 0
  #worst: FreshnessEvidence['worst']
  readonly #failures: string[] = []

  constructor(options: FreshnessOptions) {
    this.#options = options
  }

  get reads(): number {
    return this.#staleness.count
  }

  get writes(): number {
    return this.#versions.count
  }

  get staleness(): TimeStats | undefined {
    return timeStats(this.#staleness)
  }

  async write(): Promise<void> {
    const version = await this.#options.write()
    this.#versions.acknowledge(version, performance.now())
  }

  /** A read that fails is an error of the route, which the load counts; here it only leaves a sample out. */
  async read(): Promise<void> {
    const askedMs = performance.now()
    const version = await this.#options.read().catch((error: Error) => void this.#failures.push(error.message))
    if (version === undefined) return
    const stalenessMs = this.#versions.stalenessMs(version, askedMs)
    this.#staleness.record(stalenessMs * 1000)
    if (stalenessMs === 0) return
    this.#staleReads++
    if (stalenessMs > (this.#worst?.stalenessMs ?? 0))
      this.#worst = { atMs: askedMs - this.#startMs, stalenessMs, version, newest: this.#versions.newest ?? version }
  }

  [freshnessOf](): FreshnessEvidence {
    const { reads, writes } = this
    const few = reads < MIN_READS || writes < MIN_WRITES
    const finding = `${reads} reads and ${writes} writes; at least ${MIN_READS} and ${MIN_WRITES} are needed`
    const remedy = 'let the load last longer, or read and write more often'
    const failed = this.#failures.length === 0 ? '' : `, ${this.#failures.length} reads failed (${this.#failures[0]})`
    return {
      staleness: this.#staleness,
      ...{ reads, writes, staleReads: this.#staleReads, worst: this.#worst },
      unavailable: this.#options.unavailable,
      invalidities: few ? [{ reason: reads === 0 ? 'no-samples' : 'too-few-samples', finding, remedy }] : [],
      evidenceLines: [
        `${formatCount(reads)} reads beside the load, ${formatCount(writes)} writes${failed}`,
        `${formatCount(this.#staleReads)} answers older than what had been written` + this.#distribution(),
      ],
    }
  }

  #distribution(): string {
    const stats = this.staleness
    if (stats === undefined) return ''
    return `   p50 ${formatMs(stats.p50Ms)}   p95 ${formatMs(stats.p95Ms)}   max ${formatMs(stats.maxMs)}`
  }
}

/** Runs something at a fixed rate, one at a time, until the signal; a call that takes longer takes the next one's turn. */
async function every(intervalMs: number, signal: AbortSignal, run: () => Promise<void>): Promise<void> {
  for (
    let dueMs = performance.now() + intervalMs;
    !signal.aborted;
    dueMs = Math.max(dueMs + intervalMs, performance.now())
  ) {
    await pause(Math.max(0, dueMs - performance.now()), undefined, { signal }).catch(() => {})
    if (!signal.aborted) await run()
  }
}
