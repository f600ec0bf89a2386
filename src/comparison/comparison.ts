import {
  comparisonOf,
  type ComparisonEvidence,
  type ComparisonSource,
  type SlicePair,
} from '../evidence/comparison-evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { describeLoad } from '../load/describe.ts'
import { comparedFigures, formatChange, mergedLatency, type ComparedFigure } from '../results/compared-figures.ts'
import type { ComparisonResult } from '../results/result.ts'
import { timeStats, type TimeStats } from '../stats/summary.ts'
import { formatDuration } from '../stats/units.ts'
import type { SlicePlan } from './slice-plan.ts'

/** Result of two builds under the same load, in slices that alternated between them. */
export interface Comparison extends ComparisonSource {
  /** Name in messages and reports. */
  readonly name: string
  /** Load of each build in one line. */
  readonly load: string
  /** Measured pairs of slices. */
  readonly pairs: number
  /** The build to compare with. */
  readonly base: ComparedBuild
  /** The build under test. */
  readonly head: ComparedBuild
  /**
   * Percentiles, throughput, CPU per request and errors of both builds, with the change of head and its 95% interval
   * from paired slices.
   */
  readonly figures: readonly ComparedFigure[]
  /** Reasons why the comparison is invalid. */
  readonly invalidities: readonly Invalidity[]
  /** The comparison as plain JSON. */
  result(): ComparisonResult
}

/** One build of a comparison. */
export interface ComparedBuild {
  /** Name of the build: its folder, revision or `base` and `head`. */
  readonly label: string
  /**
   * Latency from intended start of every request due, over all slices; requests without a good response are infinite.
   * `undefined` if no request was due.
   */
  readonly latency: TimeStats | undefined
}

/** Measurements of all slices. */
export interface ComparisonMeasurement {
  readonly name: string
  readonly plan: SlicePlan
  readonly labels: { readonly base: string; readonly head: string }
  readonly pairs: readonly SlicePair[]
  readonly invalidities: readonly Invalidity[]
}

/** Creates the result that matchers and scenarios read. */
export function comparisonFrom(measured: ComparisonMeasurement): Comparison {
  return new MeasuredComparison(measured)
}

class MeasuredComparison implements Comparison {
  readonly #measured: ComparisonMeasurement
  readonly figures: readonly ComparedFigure[]

  constructor(measured: ComparisonMeasurement) {
    this.#measured = measured
    this.figures = measured.pairs.length === 0 ? [] : comparedFigures(measured.pairs)
  }

  get name(): string {
    return this.#measured.name
  }

  get load(): string {
    return describeLoad(this.#measured.plan.whole)
  }

  get pairs(): number {
    return this.#measured.pairs.length
  }

  get base(): ComparedBuild {
    return this.#build('base')
  }

  get head(): ComparedBuild {
    return this.#build('head')
  }

  get invalidities(): readonly Invalidity[] {
    return this.#measured.invalidities
  }

  result(): ComparisonResult {
    const { name, load, pairs, figures, invalidities } = this
    const { labels, plan } = this.#measured
    return {
      name,
      load,
      base: labels.base,
      head: labels.head,
      pairs,
      sliceMs: plan.slice.durationMs,
      figures,
      invalidities,
    }
  }

  [comparisonOf](): ComparisonEvidence {
    const { pairs, plan, labels, invalidities } = this.#measured
    const { durationMs } = plan.slice
    const named = labels.base === 'base' && labels.head === 'head' ? '' : `, base ${labels.base}, head ${labels.head}`
    return {
      pairs,
      sliceMs: durationMs,
      invalidities,
      evidenceLines: [`${pairs.length} pairs of slices of ${formatDuration(durationMs)}, ${this.load}${named}`],
    }
  }

  /** Vitest clones only objects without a tag for the diff of a failed assertion, and a clone lacks private fields. */
  get [Symbol.toStringTag](): string {
    return 'Comparison'
  }

  /** Changes of all figures in one line, for logs. */
  toString(): string {
    const changes = this.figures.map(({ name, change, unit }) => {
      return `${name} ${change === undefined ? 'unknown' : formatChange(change.value, unit === 'ratio')}`
    })
    return `${this.name}: ${changes.join(', ')}`
  }

  #build(side: 'base' | 'head'): ComparedBuild {
    return {
      label: this.#measured.labels[side],
      latency: timeStats(mergedLatency(this.#measured.pairs, side)),
    }
  }
}
