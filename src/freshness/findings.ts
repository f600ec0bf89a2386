import { freshnessOf, type FreshnessEvidence } from '../evidence/freshness-evidence.ts'
import type { RunWindow } from '../evidence/run-window.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import type { RunSeries } from '../results/result.ts'
import { Histogram } from '../stats/histogram.ts'
import { timeStats, type TimeStats } from '../stats/summary.ts'
import { formatCount, formatMs } from '../stats/units.ts'
import { WrittenVersions } from './staleness.ts'

/** Staleness that a probe measured. */
export interface Freshness {
  /** Name of the run; `undefined` for everything that the probe read. */
  readonly name: string | undefined
  /** Number of reads. */
  readonly reads: number
  /** Number of acknowledged writes. */
  readonly writes: number
  /** Staleness of the responses; `undefined` if nothing was read. */
  readonly staleness: TimeStats | undefined
  /** @internal */
  [freshnessOf](): FreshnessEvidence
}

interface Read {
  readonly requestedMs: number
  readonly respondedMs: number
  readonly stalenessMs: number
  readonly version: number
  readonly newest: number
}

interface FailedRead {
  readonly requestedMs: number
  readonly message: string
}

/** With fewer reads or writes, the measured staleness would be chance. */
const MIN_READS = 100
const MIN_WRITES = 3
/** Ratio of failed reads: the staleness they would have shown is unknown, and the stalest response decides. */
const MAX_FAILED = 0.01

/** All reads and writes of a probe. */
export class Findings {
  readonly #versions = new WrittenVersions()
  readonly #reads: Read[] = []
  readonly #failed: FailedRead[] = []
  readonly #unavailable: string | undefined

  /** @param unavailable why staleness cannot be measured; left out if it can */
  constructor(unavailable?: string) {
    this.#unavailable = unavailable
  }

  writing(startedMs: number): void {
    this.#versions.begin(startedMs)
  }

  written(version: number, acknowledgedMs: number): void {
    this.#versions.acknowledge(version, acknowledgedMs)
  }

  read(version: number, requestedMs: number, respondedMs: number): void {
    const stalenessMs = this.#versions.stalenessMs(version, requestedMs)
    this.#reads.push({
      requestedMs,
      respondedMs,
      stalenessMs,
      version,
      newest: this.#versions.newestAt(requestedMs) ?? version,
    })
  }

  readFailed(message: string, requestedMs: number): void {
    this.#failed.push({ message, requestedMs })
  }

  /** Reads that were requested in the scope of a run; without a run, all of them. */
  within(window: RunWindow | undefined): Scoped {
    const spans = window?.spans ?? [{ startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY }]
    const isInScope = (atMs: number) => spans.some(({ startMs, endMs }) => atMs >= startMs && atMs <= endMs)
    return {
      name: window?.run,
      unavailable: this.#unavailable,
      scope: window === undefined ? undefined : window.scope,
      startMs: window?.runStartMs ?? this.#versions.firstMs,
      firstWriteMs: this.#versions.firstMs,
      reads: this.#reads.filter(({ requestedMs }) => isInScope(requestedMs)),
      unknown: this.#unknownOf(this.#reads.filter(({ requestedMs }) => isInScope(requestedMs))),
      failed: this.#failed.filter(({ requestedMs }) => isInScope(requestedMs)),
      writes: this.#versions.countIn(isInScope),
    }
  }

  /** Reads that showed a version not written by then. Only one version can belong to a write in progress. */
  #unknownOf(reads: readonly Read[]): readonly Read[] {
    let pending: number | undefined
    return reads.filter(({ version, respondedMs }) => {
      const origin = this.#versions.originOf(version, respondedMs)
      if (origin !== 'pending') return origin === 'unknown'
      pending ??= version
      return version !== pending
    })
  }

  /** Maximum staleness in each second of a run, for its chart. */
  series({ runStartMs, runEndMs }: RunWindow): readonly RunSeries[] {
    const worst = new Map<number, number>()
    for (const { requestedMs, stalenessMs } of this.#reads) {
      if (requestedMs < runStartMs || requestedMs > runEndMs) continue
      const second = Math.floor((requestedMs - runStartMs) / 1000)
      worst.set(second, Math.max(worst.get(second) ?? 0, stalenessMs))
    }
    if (worst.size === 0) return []
    const values = [...worst.values()].map((ms) => Number(ms.toPrecision(4)))
    return [{ group: 'target', label: 'staleness', unit: 'ms', atSec: [...worst.keys()], values }]
  }
}

/** What a probe found in the scope of a run: plain data. */
export interface Scoped {
  readonly name: string | undefined
  readonly unavailable: string | undefined
  readonly scope: string | undefined
  /** Start from which times in messages count. */
  readonly startMs: number
  readonly firstWriteMs: number
  readonly reads: readonly Read[]
  /** Those of the reads that showed a version that was never written. */
  readonly unknown: readonly Read[]
  readonly failed: readonly FailedRead[]
  readonly writes: number
}

/** Staleness in the scope of a run. */
export class ScopedFreshness implements Freshness {
  readonly #scoped: Scoped
  readonly #histogram = new Histogram()

  constructor(scoped: Scoped) {
    this.#scoped = scoped
    for (const { stalenessMs } of scoped.reads) this.#histogram.record(stalenessMs * 1000)
  }

  /** Vitest clones only objects without a tag for the diff of a failed assertion, and a clone lacks private fields. */
  get [Symbol.toStringTag](): string {
    return 'Freshness'
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
      worst: worst && { ...worst, atMs: worst.requestedMs - startMs },
      observableMs: Math.max(0, (reads.at(-1)?.requestedMs ?? firstWriteMs) - firstWriteMs),
      unavailable,
      invalidities: this.#invalidities(),
      evidenceLines: this.#lines(stale.length),
    }
  }

  #invalidities(): readonly Invalidity[] {
    const { reads, unknown, failed, writes, startMs } = this.#scoped
    const [firstUnknown] = unknown
    if (firstUnknown !== undefined)
      return [
        {
          reason: 'undecided',
          finding:
            `${formatCount(unknown.length)} of ${formatCount(reads.length)} reads showed a version that was never written, ` +
            `the first one ${firstUnknown.version} at ${formatMs(firstUnknown.requestedMs - startMs)}, when ${firstUnknown.newest} was the newest`,
          fix: 'return from read() the version that the route shows, as write() returned it, and let nothing else write during the probe',
        },
      ]
    if (failed.length > MAX_FAILED * (reads.length + failed.length))
      return [
        {
          reason: reads.length === 0 ? 'no-samples' : 'too-few-samples',
          finding: `${failed.length} of ${reads.length + failed.length} reads failed: ${failed[0]!.message}`,
          fix: 'find out why the route did not respond, or correct the read() of the probe',
        },
      ]
    if (reads.length >= MIN_READS && writes >= MIN_WRITES) return []
    return [
      {
        reason: reads.length === 0 ? 'no-samples' : 'too-few-samples',
        finding: `${reads.length} reads and ${writes} writes; at least ${MIN_READS} and ${MIN_WRITES} are needed`,
        fix: 'lengthen the load, or read and write more often',
      },
    ]
  }

  #lines(staleCount: number): readonly string[] {
    const { reads, writes, failed, scope } = this.#scoped
    const failures = failed.length === 0 ? '' : `, ${formatCount(failed.length)} reads failed (${failed[0]!.message})`
    const scopePrefix = scope === undefined ? '' : `${scope}, `
    return [
      `${scopePrefix}${formatCount(reads.length)} reads during the load, ${formatCount(writes)} writes${failures}`,
      `${formatCount(staleCount)} responses older than the last written version${this.#distribution()}`,
    ]
  }

  #distribution(): string {
    const stats = this.staleness
    if (stats === undefined) return ''
    return `   p50 ${formatMs(stats.p50Ms)}   p95 ${formatMs(stats.p95Ms)}   max ${formatMs(stats.maxMs)}`
  }
}
