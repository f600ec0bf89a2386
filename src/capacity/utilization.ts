import type { RunWindow } from '../evidence/run-window.ts'
import type { UtilizationEvidence } from '../evidence/utilization-evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { meanOf } from '../stats/total.ts'
import { formatCount, formatRatio } from '../stats/units.ts'
import type { Failure, Reading, Unseen } from './samples.ts'

/** Values that a utilization is computed from. */
export interface UtilizationParts {
  readonly what: string
  readonly of: string
  readonly window: RunWindow
  /** Utilization at each reading in scope. */
  readonly shares: readonly Reading<number>[]
  /** Set if it is not the plain mean of the shares. */
  readonly mean?: number
  readonly failures: readonly Failure[]
  readonly lines?: readonly string[]
  readonly hint?: string | undefined
}

/** Mean and maximum over the scope; invalid if no sample succeeded, or most failed. */
export function utilizationOf(parts: UtilizationParts): UtilizationEvidence {
  const { what, of, window, shares, lines = [], hint } = parts
  const failures = parts.failures.filter(({ atMs }) => atMs >= window.runStartMs && atMs <= window.runEndMs + 1_000)
  if (shares.length === 0) return withoutUtilization(what, of, [withoutSamples(failures)])
  const worst = shares.reduce((most, share) => (share.value > most.value ? share : most))
  const mean = parts.mean ?? meanOf(shares.map(({ value }) => value))
  const maxAtMs = Math.max(0, worst.atMs - (window.spans[0]?.startMs ?? window.runStartMs))
  const failed = failures.length === 0 ? '' : `, ${formatCount(failures.length)} failed (${failures[0]!.message})`
  return {
    ...{ what, of, mean, max: worst.value, maxAtMs, sampleCount: shares.length, hint, unavailable: undefined },
    invalidities: failures.length > shares.length ? [mostlyFailed(shares.length, failures)] : [],
    evidenceLines: [
      `${window.scope}, ${formatCount(shares.length)} samples${failed}`,
      `mean ${formatRatio(mean)}   max ${formatRatio(worst.value)} at ${(maxAtMs / 1000).toFixed(0)} s   ${of}`,
      ...lines,
    ],
  }
}

export function withoutUtilization(what: string, of: string, invalidities: readonly Invalidity[]): UtilizationEvidence {
  const figures = { mean: Number.NaN, max: Number.NaN, maxAtMs: 0, sampleCount: 0 }
  return { what, of, ...figures, hint: undefined, unavailable: undefined, invalidities, evidenceLines: [] }
}

/** Evidence of a source that cannot be sampled: skipped if it is external, otherwise invalid. */
export function unseenUtilization(what: string, of: string, { reason, fix, isExternal }: Unseen): UtilizationEvidence {
  if (isExternal) return { ...withoutUtilization(what, of, []), unavailable: `${reason}: ${fix}` }
  return withoutUtilization(what, of, [{ reason: 'metric-missing', finding: reason, fix }])
}

export function withoutSamples(failures: readonly Failure[]): Invalidity {
  const [first] = failures
  if (first === undefined)
    return {
      reason: 'metric-missing',
      finding: 'no sample was taken in the scope: it is shorter than a second',
      fix: 'lengthen the run',
    }
  return {
    reason: 'metric-missing',
    finding: `no sample succeeded: ${first.message}`,
    fix: 'find out why it did not respond under load',
  }
}

function mostlyFailed(succeeded: number, failures: readonly Failure[]): Invalidity {
  const all = succeeded + failures.length
  return {
    reason: 'metric-missing',
    finding: `only ${succeeded} of ${all} samples succeeded: ${failures[0]!.message}`,
    fix: 'find out why it did not respond under load',
  }
}
