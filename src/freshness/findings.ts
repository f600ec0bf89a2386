import { freshnessOf, type FreshnessEvidence } from '../evidence/freshness-evidence.ts'
import type { RunWindow } from '../evidence/run-window.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import type { RunSeries } from '../results/result.ts'
import { Histogram } from '../stats/histogram.ts'
import { timeStats, type TimeStats } from '../stats/summary.ts'
import { formatCount, formatMs } from '../stats/units.ts'
import { WrittenVersions } from './staleness.ts'

/** What a probe found out. */
export interface Freshness {
  /** Name of the run it is about; `undefined` for all of a probe. */
  readonly name: string | undefined
  readonly reads: number
  readonly writes: number
  /** Absent if nothing was read. */
  readonly staleness: TimeStats | undefined
  [freshnessOf](): FreshnessEvidence
}

interface Read {
  readonly askedMs: number
  readonly respondedMs: number
  readonly stalenessMs: number
  readonly version: number
  readonly newest: number
}

interface FailedRead {
  readonly askedMs: number
  readonly message: string
}

/** Judged from fewer reads that followed a write, staleness would be luck. */
const MIN_READS = 100
const MIN_WRITES = 3
/** What a read that fails would have shown is not known, and the oldest response decides. */
const MAX_FAILED = 0.01

/** Every read of a probe, and what had been written by then. */
export class Findings {
  readonly #versions = new WrittenVersions()
  readonly #reads: Read[] = []
  readonly #failed: FailedRead[] = []
  readonly #unavailable: string | undefined

  /** @param unavailable why nothing can be found out from here; left out: it can */
  constructor(unavailable?: string) {
    this.#unavailable = unavailable
  }

  writing(startedMs: number): void {
    this.#versions.begin(startedMs)
  }

  written(version: number, acknowledgedMs: number): void {
    this.#versions.acknowledge(version, acknowledgedMs)
  }

  read(version: number, askedMs: number, respondedMs: number): void {
    const stalenessMs = this.#versions.stalenessMs(version, askedMs)
    this.#reads.push({
      askedMs,
      respondedMs,
      stalenessMs,
      version,
      newest: this.#versions.newestAt(askedMs) ?? version,
    })
  }

  readFailed(message: string, askedMs: number): void {
    this.#failed.push({ message, askedMs })
  }

  /** What was asked for in the scope of a run; without one, everything. */
  within(window: RunWindow | undefined): Freshness {
    const spans = window?.spans ?? [{ startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY }]
    const isIn = (atMs: number) => spans.some(({ startMs, endMs }) => atMs >= startMs && atMs <= endMs)
    return new ScopedFreshness({
      name: window?.run,
      unavailable: this.#unavailable,
      scope: window === undefined ? undefined : window.scope,
      startMs: window?.runStartMs ?? this.#versions.firstMs,
      firstWriteMs: this.#versions.firstMs,
      reads: this.#reads.filter(({ askedMs }) => isIn(askedMs)),
      unknown: this.#unknownOf(this.#reads.filter(({ askedMs }) => isIn(askedMs))),
      failed: this.#failed.filter(({ askedMs }) => isIn(askedMs)),
      writes: this.#versions.countIn(isIn),
    })
  }

  /** Reads that showed a version which was never written, or not yet. One write can be under way, with one version. */
  #unknownOf(reads: readonly Read[]): readonly Read[] {
    let pending: number | undefined
    return reads.filter(({ version, respondedMs }) => {
      const origin = this.#versions.originOf(version, respondedMs)
      if (origin !== 'pending') return origin === 'unknown'
      pending ??= version
      return version !== pending
    })
  }

  /** The stalest response of each second of a run, for its chart. */
  series({ runStartMs, runEndMs }: RunWindow): readonly RunSeries[] {
    const worst = new Map<number, number>()
    for (const { askedMs, stalenessMs } of this.#reads) {
      if (askedMs < runStartMs || askedMs > runEndMs) continue
      const second = Math.floor((askedMs - runStartMs) / 1000)
      worst.set(second, Math.max(worst.get(second) ?? 0, stalenessMs))
    }
    if (worst.size === 0) return []
    const values = [...worst.values()].map((ms) => Number(ms.toPrecision(4)))
    return [{ group: 'target', label: 'staleness', unit: 'ms', atSec: [...worst.keys()], values }]
  }
}

interface Scoped {
  readonly name: string | undefined
  readonly unavailable: string | undefined
  readonly scope: string | undefined
  /** What times in messages count from. */
  readonly startMs: number
  readonly firstWriteMs: number
  readonly reads: readonly Read[]
  /** Of the reads, those that showed a version which was never written. */
  readonly unknown: readonly Read[]
  readonly failed: readonly FailedRead[]
  readonly writes: number
}

class ScopedFreshness implements Freshness {
  readonly #scoped: Scoped
  readonly #histogram = new Histogram()

  constructor(scoped: Scoped) {
    this.#scoped = scoped
    for (const { stalenessMs } of scoped.reads) this.#histogram.record(stalenessMs * 1000)
  }

  get name(): string | undefined {
    return this.#scoped.name
  }

  get reads(): number {
    return this.#scoped.reads.length
  }

  get writes(): number {
    return this.#scoped.writes
  }

  get staleness(): TimeStats | undefined {
    return timeStats(this.#histogram)
  }

  [freshnessOf](): FreshnessEvidence {
    const { reads, startMs, firstWriteMs, writes, unavailable } = this.#scoped
    const stale = reads.filter(({ stalenessMs }) => stalenessMs > 0)
    const [first] = stale
    const worst = first && stale.reduce((most, read) => (read.stalenessMs > most.stalenessMs ? read : most), first)
    return {
      staleness: this.#histogram,
      ...{ reads: reads.length, writes, staleReads: stale.length },
      worst: worst && { ...worst, atMs: worst.askedMs - startMs },
      observableMs: Math.max(0, (reads.at(-1)?.askedMs ?? firstWriteMs) - firstWriteMs),
      unavailable,
      invalidities: this.#invalidities(),
      evidenceLines: this.#lines(stale.length),
    }
  }

  #invalidities(): readonly Invalidity[] {
    const { reads, unknown, failed, writes, startMs } = this.#scoped
    const [foreign] = unknown
    if (foreign !== undefined)
      return [
        {
          reason: 'undecided',
          finding:
            `${formatCount(unknown.length)} of ${formatCount(reads.length)} reads showed a version that was never written, ` +
            `the first one ${foreign.version} at ${formatMs(foreign.askedMs - startMs)}, when ${foreign.newest} was the newest`,
          remedy:
            'have read() give the version that write() gave and the route shows, and nothing else write while the probe lasts',
        },
      ]
    if (failed.length > MAX_FAILED * (reads.length + failed.length))
      return [
        {
          reason: reads.length === 0 ? 'no-samples' : 'too-few-samples',
          finding: `${failed.length} of ${reads.length + failed.length} reads failed: ${failed[0]!.message}`,
          remedy: 'see why the route did not respond, or correct the read() of the probe',
        },
      ]
    if (reads.length >= MIN_READS && writes >= MIN_WRITES) return []
    return [
      {
        reason: reads.length === 0 ? 'no-samples' : 'too-few-samples',
        finding: `${reads.length} reads and ${writes} writes; at least ${MIN_READS} and ${MIN_WRITES} are needed`,
        remedy: 'let the load last longer, or read and write more often',
      },
    ]
  }

  #lines(staleCount: number): readonly string[] {
    const { reads, writes, failed, scope } = this.#scoped
    const failures = failed.length === 0 ? '' : `, ${formatCount(failed.length)} reads failed (${failed[0]!.message})`
    const where = scope === undefined ? '' : `${scope}, `
    return [
      `${where}${formatCount(reads.length)} reads beside the load, ${formatCount(writes)} writes${failures}`,
      `${formatCount(staleCount)} responses older than what had been written${this.#distribution()}`,
    ]
  }

  #distribution(): string {
    const stats = this.staleness
    if (stats === undefined) return ''
    return `   p50 ${formatMs(stats.p50Ms)}   p95 ${formatMs(stats.p95Ms)}   max ${formatMs(stats.maxMs)}`
  }
}
