import type { PublicationRecord } from '../../evidence/fan-out-record.ts'
import type { GeneratorInfo } from '../../evidence/generator-info.ts'
import { redactData } from '../../options/redact.ts'
import { packMetric, type PackedMetric } from '../../runs/merge/packed-metrics.ts'
import { decodePart, encodePart } from '../../runs/merge/part-format.ts'
import { Histogram, type PackedHistogram } from '../../stats/histogram.ts'
import type { FanOutMeasurement } from './fan-out-measurement.ts'

/** The measurement of one generator, as read from its part. */
export interface FanOutPart {
  readonly generator: GeneratorInfo
  readonly measured: Omit<FanOutMeasurement, 'metrics'>
  readonly metrics: readonly PackedMetric[]
}

interface PackedFanOut {
  readonly kind: 'fanOut'
  readonly generator: GeneratorInfo
  readonly measured: Omit<FanOutMeasurement, 'connectTime' | 'windows' | 'publications' | 'metrics'>
  readonly metrics: readonly PackedMetric[]
  readonly connectTime: PackedHistogram
  readonly windows: readonly (Omit<FanOutMeasurement['windows'][number], 'lag'> & { readonly lag: PackedHistogram })[]
  readonly publications: readonly (Omit<PublicationRecord, 'lag'> & { readonly lag: PackedHistogram | undefined })[]
}

/**
 * The recorded evidence of one generator of `ws.fanOut()`, for {@link mergeFanOuts}. Secrets in texts are masked as in reports.
 *
 * @param secrets known secrets to mask, in addition to those that are recognized by their form
 */
export function encodeFanOut(
  measured: FanOutMeasurement,
  generator: GeneratorInfo,
  secrets: readonly string[] = [],
): Uint8Array {
  const { connectTime, windows, publications, clients, metrics, ...rest } = measured
  const packed: PackedFanOut = {
    kind: 'fanOut',
    generator,
    measured: { ...redactData(rest, secrets), clients },
    metrics: metrics.map((each) => packMetric(each, measured.phases, secrets)),
    connectTime: connectTime.pack(),
    windows: windows.map((window) => ({ ...window, lag: window.lag.pack() })),
    publications: publications.map(({ lag, ...publication }) => ({ ...publication, lag: lag?.pack() })),
  }
  return encodePart(packed)
}

/** @throws {Error} if the part is damaged, of another version, or of another run */
export function decodeFanOut(bytes: Uint8Array, own: Pick<FanOutMeasurement, 'name'>): FanOutPart {
  const { kind, generator, measured, metrics, connectTime, windows, publications } = decodePart(bytes) as PackedFanOut
  if (kind !== 'fanOut' || measured.name !== own.name)
    throw new Error(
      `the evidence of a generator is of the run ${JSON.stringify(measured.name)} (${kind}), and that of this one of ` +
        `${JSON.stringify(own.name)} (fanOut)\n` +
        'Fix: run the same scenario file on all generators, and make it take the same steps on each of them',
    )
  return {
    generator,
    metrics,
    measured: {
      ...measured,
      connectTime: Histogram.unpack(connectTime),
      windows: windows.map((window) => ({ ...window, lag: Histogram.unpack(window.lag) })),
      publications: publications.map(({ lag, ...publication }) => ({
        ...publication,
        ...(lag === undefined ? {} : { lag: Histogram.unpack(lag) }),
      })),
    },
  }
}
