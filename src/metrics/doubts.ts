import type { RunWindow } from '../evidence/run-window.ts'
import { InvalidRunError, type Invalidity } from '../evidence/verdict.ts'
import { namesBound } from './buckets.ts'
import { counterContradiction, histogramContradiction } from './contradictions.ts'
import { showUnreadable } from './exposition.ts'
import { gaugeGap, uncoveredScope } from './gauge-gaps.ts'
import type { InstanceWindow } from './instance.ts'
import { fallingBack, severalProcesses } from './processes.ts'
import { uncountedRequests, type SentRequests } from './request-counters.ts'
import { showSelector, type Selector } from './selector.ts'
import type { Labels } from './series-name.ts'
import type { Series } from './series.ts'

/** Type as which a metric is read. */
export type Reading = 'counter' | 'gauge' | 'histogram'

const SEPARATE =
  'aggregate all processes in one route (prom-client: AggregatorRegistry, Python: PROMETHEUS_MULTIPROC_DIR), give each ' +
  'a separate route (metrics: { url: […] }), or run one process'

interface DoubtContext {
  readonly window: RunWindow
  /** Time between scrapes. */
  readonly intervalMs: number
  readonly requests: SentRequests | undefined
}

/** Checks whether the metrics of a window are reliable. */
export class Doubts {
  readonly #instances: readonly InstanceWindow[]
  readonly #window: RunWindow
  readonly #intervalMs: number
  readonly #requests: SentRequests | undefined

  constructor(instances: readonly InstanceWindow[], { window, intervalMs, requests }: DoubtContext) {
    this.#instances = instances
    this.#window = window
    this.#intervalMs = intervalMs
    this.#requests = requests
  }

  /** @throws {InvalidRunError} if the selected metric is unreliable */
  refuse(selector: Selector, reading: Reading): void {
    const found = this.about(selector, reading) ?? (reading === 'gauge' ? this.ofGaps(selector) : undefined)
    if (found !== undefined) throw new InvalidRunError(`${found.finding}\nFix: ${found.fix}`, found.reason)
  }

  /** @returns `undefined` if the selected metric is reliable */
  about(selector: Selector, reading: Reading): Invalidity | undefined {
    return (
      this.#ofInstances() ??
      this.#ofValues(selector, reading) ??
      this.#ofProcesses() ??
      (reading === 'gauge' ? undefined : this.#ofCoverage()) ??
      this.#ofLines(selector, reading) ??
      this.#ofKind(selector, reading)
    )
  }

  /** Invalidity of a gauge without a value in some scrapes; `undefined` if it has one in nearly all. */
  ofGaps(selector: Selector): Invalidity | undefined {
    const without = this.#instances.findIndex((instance) => instance.readings(selector).length === 0)
    if (without !== -1 && this.#instances.some((instance) => instance.readings(selector).length > 0))
      return unreliable(
        `instance ${without + 1} of ${this.#instances.length} shows no ${showSelector(selector)}, and others do, so their sum is too low`,
        'make every instance expose it',
      )
    for (const instance of this.#instances) {
      const gap = gaugeGap(instance, selector, this.#window)
      if (gap !== undefined) return unreliable(gap.finding, gap.fix)
    }
    return undefined
  }

  /** Invalidity of growth in a small part of the scope. */
  #ofCoverage(): Invalidity | undefined {
    for (const instance of this.#instances) {
      const gap = uncoveredScope(instance, this.#window, this.#intervalMs)
      if (gap !== undefined) return unreliable(gap.finding, gap.fix)
    }
    return undefined
  }

  /** Invalidity of an instance without scrapes, which may differ from the others; none if no instance has scrapes. */
  #ofInstances(): Invalidity | undefined {
    const at = this.#instances.findIndex(({ covered }) => covered.length === 0)
    if (at === -1 || this.#instances.every(({ covered }) => covered.length === 0)) return undefined
    const failure = this.#instances[at]!.history.failures.at(-1)
    return unreliable(
      `too few scrapes of instance ${at + 1} of ${this.#instances.length} lie around the ${this.#window.scope}` +
        (failure === undefined ? '' : `: ${failure.message}`),
      'find out why that instance did not respond',
    )
  }

  /**
   * Invalidity of values that the target exposes as NaN, as the quantiles of a summary are until something is observed, and
   * of infinite counts.
   */
  #ofValues(selector: Selector, reading: Reading): Invalidity | undefined {
    const { name } = selector
    const names = reading === 'histogram' ? [`${name}_bucket`, `${name}_count`, name] : [name]
    const isUnknown = this.#instances.some((instance) => {
      return (
        instance.history.types.get(name) !== 'summary' &&
        names.some((each) => instance.isUndefined({ ...selector, name: each }))
      )
    })
    if (isUnknown)
      return unreliable(
        `${showSelector(selector)} is NaN in some scrapes, so its value is unknown`,
        'correct the value that the target exposes',
      )
    const infinite =
      reading === 'gauge'
        ? undefined
        : names.find((each) => this.#instances.some((instance) => instance.isInfinite({ ...selector, name: each })))
    if (infinite === undefined) return undefined
    return unreliable(
      `${showSelector({ ...selector, name: infinite })} is infinite in some scrapes, so its growth is unknown`,
      'correct the value that the target exposes',
    )
  }

  /** Invalidity of several processes behind one route: each scrape reads only one of them. */
  #ofProcesses(): Invalidity | undefined {
    for (const { history } of this.#instances) {
      const finding = severalProcesses(history, history.times.length - 1)
      if (finding !== undefined)
        return unreliable(`several processes respond behind one metrics route: ${finding}`, SEPARATE)
    }
    const finding = this.#requests && uncountedRequests(this.#requests, this.#instances, this.#window)
    if (finding === undefined) return undefined
    return unreliable(
      `${finding}: the metrics do not cover the whole target, as if several processes responded behind one route`,
      `${SEPARATE}; if other parts of the target handle the rest, name the counter of all requests, or disable the comparison: ` +
        `metrics: { requestCounter: false }`,
    )
  }

  #ofLines(selector: Selector, reading: Reading): Invalidity | undefined {
    const { name } = selector
    const names = reading === 'histogram' ? [`${name}_bucket`, `${name}_count`] : [name]
    for (const instance of this.#instances) {
      const lines = names.map((each) => instance.unreadable({ ...selector, name: each }))
      const line = lines.find((each) => each !== undefined)
      if (line === undefined) continue
      return unreliable(
        `${showSelector(selector)} is unknown: ${showUnreadable(line)}`,
        `correct the line that the target writes`,
      )
    }
    return undefined
  }

  /** Invalidity of a gauge that adds up quantiles: of one summary, of its series, or of several instances. */
  #addedQuantiles(selector: Selector, reading: Reading): Invalidity | undefined {
    if (reading !== 'gauge') return undefined
    const { name } = selector
    const shown = showSelector(selector)
    const [first] = this.#instances.flatMap((instance) => quantilesOf(instance, selector))
    if (first === undefined) return undefined
    if (this.#instances.some((instance) => addsQuantiles(instance, selector)))
      return unreliable(
        `${shown} adds up several quantiles of a summary`,
        `name the labels of one of them: ${showLabels(name, first.labels)}`,
      )
    if (this.#instances.filter((instance) => quantilesOf(instance, selector).length > 0).length < 2) return undefined
    return unreliable(
      `${shown} adds up quantiles of several instances`,
      'expose a histogram, and ask for its quantile(): buckets can be added up',
    )
  }

  #ofKind(selector: Selector, reading: Reading): Invalidity | undefined {
    const { name } = selector
    const shown = showSelector(selector)
    const added = this.#addedQuantiles(selector, reading)
    if (added !== undefined) return added
    for (const instance of this.#instances) {
      const { history } = instance
      const type = history.types.get(name)
      const picked = history.select(selector)
      if (type === 'summary' && picked.length > 0 && reading === 'counter')
        return unreliable(`${name} is a summary: its quantiles are not counts`, `ask for ${name}_count`)
      if (type === 'stateset' && new Set(picked.map(({ labels }) => labels[name])).size > 1)
        return unreliable(
          `${shown} adds up the states of a state set, one of which is always 1`,
          `name one of them: ${name}{${name}="${picked[0]!.labels[name] ?? ''}"}`,
        )
      const isBucket = name.endsWith('_bucket') && picked.some(({ labels }) => 'le' in labels)
      if (reading !== 'histogram' && isBucket && !namesBound(selector))
        return unreliable(
          `${shown} adds up buckets, each of which contains those before it`,
          `ask for the quantile() of ${name.replace(/_bucket$/, '')}, its _count, or one bucket: ${name}{le="0.1"}`,
        )
      const isEndless = instance.readings(selector).some(({ value }) => !Number.isFinite(value))
      if (reading === 'gauge' && isEndless)
        return unreliable(`${shown} has a value that is not finite`, 'correct the value that the target exposes')
      if (reading === 'histogram') {
        const parts = [`${name}_bucket`, `${name}_count`].flatMap((part) => history.select({ ...selector, name: part }))
        const fall = fallingBack(history, history.times.length - 1, parts)
        if (fall !== undefined) return unreliable(`${fall}, which a histogram of one process never does`, SEPARATE)
        const contradiction = histogramContradiction(instance, selector)
        if (contradiction !== undefined) return unreliable(contradiction.finding, contradiction.fix)
      }
      if (reading !== 'counter') continue
      const grown = instance.growth(selector)
      if (grown === undefined) continue
      if (grown.resets > 0 && type === 'gauge')
        return unreliable(
          `${shown} is a gauge and fell: it is not a counter`,
          `read it with gauge(), or expose a counter`,
        )
      const fall = fallingBack(history, history.times.length - 1, picked)
      if (fall !== undefined)
        return unreliable(
          `${fall}, which a counter of one process never does`,
          `${SEPARATE}; read a gauge with gauge()`,
        )
      const contradiction = counterContradiction(instance, picked)
      if (contradiction !== undefined) return unreliable(contradiction.finding, contradiction.fix)
    }
    return undefined
  }
}

/** Whether a selector picks several quantiles of an instance, or one of several series that have a value in the same scrape. */
function addsQuantiles(instance: InstanceWindow, selector: Selector): boolean {
  const picked = quantilesOf(instance, selector)
  if (new Set(picked.map(({ labels }) => labels['quantile'])).size > 1) return true
  return instance.scrapesInScope.some(
    (scrape) => picked.filter((series) => !Number.isNaN(series.at(scrape))).length > 1,
  )
}

function quantilesOf({ history }: InstanceWindow, selector: Selector): readonly Series[] {
  return history.select(selector).filter(({ labels }) => 'quantile' in labels)
}

function showLabels(name: string, labels: Labels): string {
  const written = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`)
  return `${name}{${written.join(', ')}}`
}

function unreliable(finding: string, fix: string): Invalidity {
  return { reason: 'metric-unreliable', finding, fix }
}
