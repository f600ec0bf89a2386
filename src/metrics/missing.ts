import { InvalidRunError } from '../evidence/verdict.ts'
import { formatCount, significant } from '../stats/units.ts'
import type { MetricType } from './exposition.ts'
import type { InstanceWindow } from './instance.ts'
import { nearNames } from './near-names.ts'
import { matches, showSelector, type Selector } from './selector.ts'
import type { Series } from './series.ts'

/** Error of a metric that does not exist or has no data in the window. Such a metric is never read as zero. */
export class MetricMissingError extends InvalidRunError {
  constructor(finding: string, fix: string) {
    super(`${finding}\nFix: ${fix}`, 'metric-missing')
  }
}

/** Fix for a histogram without observations in a window. */
export const UNOBSERVED = 'select the histogram of a route that this load requests'

/** Fix for a selector that matches nothing in a window. */
export function fixMissing(instances: readonly InstanceWindow[]): string {
  return instances.every(({ covered }) => covered.length === 0)
    ? "lengthen the load, or scrape more often: definePerfConfig({ metrics: { interval: '500ms' } })"
    : 'select a metric that the target exposes on its metrics route'
}

const VALUES_SHOWN = 6

/** Reason that a selector matches nothing in a window, with existing alternatives. */
export function explainMissing(selector: Selector, instances: readonly InstanceWindow[], scope: string): string {
  const { name } = selector
  if (instances.every(({ covered }) => covered.length === 0)) return withoutScrapes(instances, scope)
  const series = instances.flatMap(({ history }) => history.named(name))
  if (series.length === 0) return withoutSeries(name, instances)
  const wrong = selector.matchers.find(
    (matcher) => !series.some((one) => matches(matcher, one.labels[matcher.label] ?? '')),
  )
  if (wrong !== undefined)
    return `${showSelector({ name, matchers: [wrong] })} matches no series; ${valuesOf(wrong.label, series)}`
  if (instances.some(({ history }) => history.select(selector).length > 0))
    return `${showSelector(selector)} has no value in the ${scope}`
  return `no series matches all labels of ${showSelector(selector)}`
}

function withoutScrapes(instances: readonly InstanceWindow[], scope: string): string {
  const failure = instances.flatMap(({ history }) => history.failures).at(-1)
  return `there are no two scrapes around the ${scope}${failure === undefined ? '' : `: ${failure.message}`}`
}

function withoutSeries(name: string, instances: readonly InstanceWindow[]): string {
  const names = new Set(instances.flatMap(({ history }) => [...history.names()]))
  const family = name.replace(/_bucket$/, '')
  const type = typeOf(name, instances) ?? typeOf(family, instances)
  if (type === 'summary' && family !== name)
    return `${family} is a summary: its quantiles cover its own time window, not this one; expose a histogram`
  if (names.has(`${name}_total`)) return `${name} does not exist; use ${name}_total`
  if (names.has(`${name}_bucket`)) return `${name} is a histogram: use quantile(), or the counter ${name}_count`
  if (type !== undefined) return `${family} is declared by the target, but has no series yet`
  const near = nearNames(name, names)
  if (near.length === 0) return `the target exposes no metric ${name}, nor any other`
  return `the target exposes no metric ${name}; the most similar are ${near.join(', ')}`
}

function typeOf(name: string, instances: readonly InstanceWindow[]): MetricType | undefined {
  return instances.map(({ history }) => history.types.get(name)).find((known) => known !== undefined)
}

function valuesOf(label: string, series: readonly Series[]): string {
  const values = [...new Set(series.flatMap(({ labels }) => labels[label] ?? []))].toSorted()
  if (values.length > 0) {
    const shown = values.slice(0, VALUES_SHOWN).map((value) => JSON.stringify(value))
    return `${label} is ${shown.join(', ')}${values.length > VALUES_SHOWN ? `, and ${values.length - VALUES_SHOWN} more` : ''}`
  }
  const labels = [...new Set(series.flatMap((one) => Object.keys(one.labels)))].toSorted()
  return labels.length === 0 ? 'it has no labels' : `its labels are ${labels.join(', ')}`
}

/** Message for an unchanged counter, with similar counters that changed. */
export function explainUnmoved(selector: Selector, instances: readonly InstanceWindow[], scope: string): string {
  const moved = nearNames(selector.name, movedNames(instances))
  const stands = instances.flatMap(({ history, covered }) =>
    history.select(selector).map((series) => series.at(covered.at(-1)?.last ?? 0)),
  )
  const total = stands.filter((value) => !Number.isNaN(value)).reduce((sum, value) => sum + value, 0)
  const shown = Number.isInteger(total) ? formatCount(total) : significant(total, 4)
  return (
    `${showSelector(selector)} did not change in the ${scope} (value ${shown})` +
    (moved.length === 0
      ? '; no other counter changed either'
      : `; the most similar that changed are ${moved.join(', ')}`)
  )
}

/** Names of counters that grew in the window, those of histograms included. */
function movedNames(instances: readonly InstanceWindow[]): Set<string> {
  const names = new Set<string>()
  for (const instance of instances) {
    for (const name of instance.history.names()) {
      if (names.has(name) || !isCounter(name, instance)) continue
      const grown = instance.growth({ name, matchers: [] })
      if (grown !== undefined && grown.delta > 0) names.add(name)
    }
  }
  return names
}

function isCounter(name: string, { history: { types } }: InstanceWindow): boolean {
  return types.get(name) === 'counter' || /_(total|count)$/.test(name)
}
