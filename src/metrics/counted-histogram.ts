import type { Registry } from 'prom-client'
import { RESPONSE_TIME_BOUNDS_SEC, type ResponseTimesJson } from '../results/response-times.ts'

type Labels = Readonly<Record<string, string>>

interface Value {
  readonly metricName: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/**
 * Prometheus histogram with external bucket counts: prom-client's own only accepts single observations. A registry only
 * requires a name and `get()`.
 */
export class CountedHistogram {
  readonly name: string
  readonly help: string
  readonly type = 'histogram'
  readonly aggregator = 'sum'
  readonly #times = new Map<string, { readonly labels: Labels; readonly times: ResponseTimesJson }>()

  constructor(registry: Registry, { name, help }: { readonly name: string; readonly help: string }) {
    this.name = name
    this.help = help
    registry.registerMetric(this as unknown as Parameters<Registry['registerMetric']>[0])
  }

  /** Replaces the counts of these labels. */
  set(labels: Labels, times: ResponseTimesJson): void {
    this.#times.set(JSON.stringify(labels), { labels, times })
  }

  reset(): void {
    this.#times.clear()
  }

  async get(): Promise<{ name: string; help: string; type: string; aggregator: string; values: Value[] }> {
    const { name, help, type, aggregator } = this
    const values = [...this.#times.values()].flatMap(({ labels, times }) => this.#valuesOf(labels, times))
    return { name, help, type, aggregator, values }
  }

  #valuesOf(labels: Labels, { counts, sumUs }: ResponseTimesJson): Value[] {
    let count = 0
    const buckets = counts.map((inBucket, at) => {
      count += inBucket
      return {
        metricName: `${this.name}_bucket`,
        labels: { ...labels, le: RESPONSE_TIME_BOUNDS_SEC[at] ?? '+Inf' },
        value: count,
      }
    })
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: sumUs / 1e6 },
      { metricName: `${this.name}_count`, labels, value: count },
    ]
  }
}
