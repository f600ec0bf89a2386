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

/** Two builds under the same load, in slices that alternated between them. */
export interface Comparison extends ComparisonSource {
  readonly name: string
  /** What each build got, in one line. */
  readonly load: string
  /** Pairs of slices that were measured. */
  readonly pairs: number
  /** Latency from intended start over all slices of a build; `undefined` if it had no request. */
  readonly base: ComparedBuild
  readonly head: ComparedBuild
  /**
   * Percentiles, throughput, CPU per request and errors of both, with head's change and its 95% interval from paired
   * slices.
   */
  readonly figures: readonly ComparedFigure[]
  /** Reasons not to judge it. */
  readonly invalidities: readonly Invalidity[]
  /** As plain JSON. */
  result(): ComparisonResult
}

export interface ComparedBuild {
  readonly label: string
  /** Of every request due; those that got no good response are infinite. */
  readonly latency: TimeStats | undefined
}

/** What the slices gave. */
export interface ComparisonMeasurement {
  readonly name: string
  readonly plan: SlicePlan
  readonly labels: { readonly base: string; readonly head: string }
  readonly pairs: readonly SlicePair[]
  readonly invalidities: readonly Invalidity[]
}

/** The view of what the slices gave. */
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

  /** For logs. */
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
