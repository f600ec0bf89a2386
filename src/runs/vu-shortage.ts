import type { BusyVus, VuShortage } from '../evidence/verdict.ts'
import { allWindows, type Scope, type ScopeTotals } from '../execution/request-scope.ts'
import { peakRate, vusFor, withRoom, type VuDemand } from '../execution/vu-demand.ts'
import { formatCount, formatMs, formatRate } from '../stats/units.ts'
import { iterationTotals } from './iteration-totals.ts'
import type { HttpMeasurement } from './request-measurement.ts'

/**
 * Shortage of VUs in a scope. A step or a tag does not count the requests of dropped iterations that never reached it:
 * if the target did not get the load, what it did with the rest does not show how it handles the whole.
 */
export function shortageIn(measured: HttpMeasurement, { due }: ScopeTotals, scope: Scope): VuShortage | undefined {
  const own = vuShortage(measured, due)
  if (scope.step === undefined && scope.tag === undefined) return own
  const { phase, between, journey } = scope
  const { totals } = iterationTotals(measured, { phase, between, journey, group: undefined })
  const { offered, dropped } = totals.sum
  if (dropped - due.sum.dropped <= offered * (1 - measured.limits.sentRatio)) return own
  const finding =
    `${formatCount(dropped)} of ${formatCount(offered)} iterations were dropped because no VU was free, so the target did ` +
    `not get the load of ${scope.step === undefined ? `the tag ${scope.tag}` : `the step ${scope.step}`}`
  const fix = 'assert on the whole run as well, which counts dropped requests as errors; if VUs were too few, raise vus'
  return {
    isMaterial: true,
    invalidity: vuShortage(measured, totals)?.invalidity ?? { reason: 'offered-rate-missed', finding, fix },
  }
}

/**
 * Shortage of VUs in seconds of a scope: all VUs were busy at some time, and the rate of the second, at the time that an
 * iteration takes under light load, needs more VUs than the run had, including room for bursts.
 */
export function vuShortage(
  { vuDemand, load, phases, limits }: Pick<HttpMeasurement, 'vuDemand' | 'load' | 'phases' | 'limits'>,
  { windows, sum }: ScopeTotals,
): VuShortage | undefined {
  if (vuDemand === undefined) return undefined
  const { vus, lightMs } = vuDemand
  const warmupMs = phases[0]?.name === 'warmup' ? phases[0].endMs : 0
  const rates = windows.map(({ second, dropped }) => {
    const fromMs = second * 1000 - warmupMs
    return { ratePerSec: peakRate(load, fromMs, fromMs + 1000), dropped }
  })
  const short = rates.filter(({ ratePerSec }) => withRoom(vusFor(vuDemand, ratePerSec)) > vus)
  if (short.length === 0) return undefined
  const dropped = short.reduce((all, window) => all + window.dropped, 0)
  const ratePerSec = Math.max(...short.map((window) => window.ratePerSec))
  const needed = vusFor(vuDemand, ratePerSec)
  const effect =
    dropped === 0
      ? 'requests waited for a free VU'
      : `${formatCount(dropped)} of ${formatCount(sum.offered)} requests were dropped because no VU was free`
  return {
    isMaterial: dropped > sum.offered * (1 - limits.sentRatio),
    invalidity: {
      reason: 'offered-rate-missed',
      finding:
        `${effect}: at ${formatRate(ratePerSec)}, iterations that take ${formatMs(lightMs)} under light load ` +
        `keep ${formatCount(needed)} VUs busy, and the run had ${formatCount(vus)}`,
      fix: `raise vus to ${formatCount(withRoom(needed))}, which leaves room for bursts, or lower the rate`,
    },
  }
}

/** Data from which matchers find what kept the VUs of a run busy. */
export function busyVus(
  { series, phases, load }: Pick<HttpMeasurement, 'series' | 'phases' | 'load'>,
  { vus, busyMs, patienceMs }: VuDemand,
): BusyVus {
  let windows: ReturnType<BusyVus['windows']> | undefined
  const ratePerSec = peakRate(load)
  const neededVus = Math.max(vus + 1, Math.ceil((ratePerSec * busyMs) / 1000))
  return {
    ...{ vus, busyMs, ratePerSec, neededVus, advisedVus: withRoom(neededVus), patienceMs },
    windows: () => (windows ??= allWindows(series, phases)),
  }
}
