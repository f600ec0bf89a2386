import type { Baselines } from './baseline/baseline.ts'
import type { Capacity } from './capacity/capacity.ts'
import type { Chaos } from './chaos/chaos.ts'
import type { Compare } from './comparison/compare.ts'
import type { ProvidedSlo } from './config/provided.ts'
import type { FreshnessOptions, FreshnessProbe } from './freshness/freshness.ts'
import type { Http } from './http/http.ts'
import type { Ledger } from './ledger/ledger.ts'
import type { Scale } from './load/scale.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { Micro } from './micro/micro.ts'
import type { ComparisonResult, RunResult } from './run/result.ts'
import type { RunSnapshot } from './run/snapshot.ts'
import type { ResetOptions } from './reset.ts'
import type { TargetHandle } from './target-handle.ts'
import type { UnderWay } from './under-way.ts'
import type { WebSocketLoad } from './websocket/websocket.ts'

/** What a scenario can ask for, beside Vitest's own context (`signal`, `task`, `annotate`, …). */
export interface PerfFixtures {
  /** Puts load on the target over HTTP. */
  readonly http: Http
  /** Opens WebSocket clients: fan-out and conversations. */
  readonly ws: WebSocketLoad
  /**
   * Checks what the target stored: rows of its Postgres, whatever the service is named, or of a function. Of several
   * Postgres services `ledger.of('orders')` names one.
   */
  readonly ledger: Ledger
  /** The target's own metrics, scraped from every instance while the scenario runs: `/metrics`, or as the config says. */
  readonly metrics: Metrics
  /** CPU of the target, Redis, Postgres and pgBouncer, sampled each second while the scenario runs. */
  readonly capacity: Capacity
  /**
   * Puts the same load on two builds of the target in alternating slices, for `toBeNoSlowerThan('base')`. It starts both
   * itself, beside the config's target.
   */
  readonly compare: Compare
  /** Kills the target, drops connections, pauses and restarts Redis while load is on. */
  readonly chaos: Chaos
  /** What runs of this scenario were stored earlier, to hold them against: `toBeNoSlowerThan(await baseline.of(run))`. */
  readonly baseline: Baselines
  /** Finds out how stale a cached route's answers are, beside the load. */
  readonly freshness: { probe(options: FreshnessOptions): Promise<FreshnessProbe> }
  /** Times a function in this process. */
  readonly micro: Micro
  /** The system under test. */
  readonly target: TargetHandle
  /** Connection details by service name, as the config names them. */
  readonly services: ProvidedSlo['services']
  /** How much of the written load is put on. */
  readonly scale: Scale
  /**
   * Puts services back into the state after their start, all of them or the one named; the target goes on and keeps what
   * it holds itself.
   *
   * @throws {Error} if they were not started for this run, cannot be reset, or there is none of that name
   */
  readonly reset: (options?: ResetOptions) => Promise<void>
  /** Names the rows of this scenario in this invocation; send it along where the target can store it. */
  readonly runId: string
}

/** What binds the fixtures; not for scenarios. */
export interface Bindings {
  /** What the scenario started. Services and target are up. */
  readonly underWay: UnderWay
  readonly slo: ProvidedSlo
  readonly onRun: (result: RunResult) => void
  /** When the last run of the scenario ended, on this process's clock. */
  readonly loadEnded: { atMs: number | undefined }
  readonly onSnapshot: (snapshot: RunSnapshot) => void
  /** Who else wants to see how runs stand. */
  readonly watchers: Set<(snapshot: RunSnapshot) => void>
  /** What was done to the target and its services so far, for the ledger's evidence. */
  readonly disrupted: string[]
  readonly onComparison: (result: ComparisonResult) => void
  /** Starts scraping the target's metrics, once. */
  readonly scraping: () => Promise<Metrics>
}
