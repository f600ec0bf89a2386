import type { HeartbeatCounts } from '../../evidence/fan-out-counts.ts'
import type { GeneratorHealth } from '../../evidence/generator-health.ts'
import type { GeneratorInfo } from '../../evidence/generator-info.ts'
import type { AbortCause } from '../../execution/abort-watch.ts'
import type { Gauges } from '../../execution/run-monitor.ts'
import type { VuUse } from '../../execution/vu-demand.ts'
import { History, type PackedHistory } from '../../history/history.ts'
import type { Phase } from '../../load/load.ts'
import { redactData } from '../../options/redact.ts'
import type { SlowRequest } from '../../results/result.ts'
import { calculatedWarnings } from '../calculated-warnings.ts'
import type { FirstMessageRecord } from '../first-message-counts.ts'
import type { ConnectionFigures, HttpMeasurement } from '../request-measurement.ts'
import { packMetric, type PackedMetric } from './packed-metrics.ts'
import { packIterations, packSeries, type PackedIterations, type PackedSeries } from './packed-series.ts'
import { decodePart, encodePart } from './part-format.ts'

/**
 * Everything that one generator recorded in a run, without what is calculated from it. What all generators know (load
 * and limits) is not part of it.
 */
export interface HttpPart {
  readonly kind: 'http' | 'conversation'
  readonly name: string
  readonly generator: GeneratorInfo
  readonly phases: readonly Phase[]
  readonly durationMs: number
  readonly series: readonly PackedSeries[]
  /** Names of the steps. Those of a flow are known only when it has sent them. */
  readonly steps: readonly string[]
  readonly iterations: readonly PackedIterations[]
  readonly metrics: readonly PackedMetric[]
  readonly gauges: readonly Gauges[]
  readonly health: GeneratorHealth
  readonly vuUse: VuUse
  readonly slowest: readonly SlowRequest[]
  readonly connections: ConnectionFigures
  readonly firstMessages: FirstMessageRecord | undefined
  readonly heartbeats: HeartbeatCounts | undefined
  readonly abortReason: string | undefined
  readonly abortCause: AbortCause | undefined
  readonly diagnosis: string | undefined
  /** Warnings that are not calculated from other fields. */
  readonly notes: readonly string[]
  readonly history: PackedHistory | undefined
}

/**
 * The recorded evidence of one generator of `http.run()` or `ws.run()`, for {@link mergeHttpRuns}. Secrets in texts are masked
 * as in reports, except in the keys of a history, which the ledger compares with the rows of the database.
 *
 * @param secrets known secrets to mask, in addition to those that are recognized by their form
 */
export function encodeHttpRun(
  measured: HttpMeasurement,
  generator: GeneratorInfo,
  secrets: readonly string[] = [],
): Uint8Array {
  const { kind, name, phases, durationMs, gauges, vuUse, connections, firstMessages } = measured
  const { heartbeats, abortCause } = measured
  const calculated = calculatedWarnings(measured, generator)
  const texts = {
    slowest: measured.slowest,
    abortReason: measured.abortReason,
    diagnosis: measured.diagnosis,
    notes: measured.warnings.filter((warning) => !calculated.includes(warning)),
  }
  const part: HttpPart = {
    ...{ kind, name, generator, phases, durationMs, gauges, vuUse, connections, firstMessages, heartbeats, abortCause },
    series: measured.series.map((each) => packSeries(each, phases, secrets)),
    steps: measured.steps,
    iterations: measured.iterations.map((each) => packIterations(each, phases)),
    metrics: measured.metrics.map((each) => packMetric(each, phases, secrets)),
    health: measured.generator,
    history: measured.history && History.packed(measured.history),
    ...redactData(texts, secrets),
  }
  return encodePart(part)
}

/** @throws {Error} if the part is damaged, of another version, or of another run */
export function decodeHttpPart(bytes: Uint8Array, own: Pick<HttpMeasurement, 'kind' | 'name'>): HttpPart {
  const part = decodePart(bytes) as HttpPart
  if (part.kind === own.kind && part.name === own.name) return part
  throw new Error(
    `the evidence of a generator is of the run ${JSON.stringify(part.name)} (${part.kind}), and that of this one of ` +
      `${JSON.stringify(own.name)} (${own.kind})\n` +
      'Fix: run the same scenario file on all generators, and make it take the same steps on each of them',
  )
}
