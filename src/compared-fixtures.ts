import type { TestContext } from 'vitest'
import type { ComparedHttpContext } from './comparison/compared-http.ts'
import type { FreshnessProbe } from './freshness/freshness.ts'
import type { Bindings, PerfFixtures } from './perf-fixtures.ts'

type Context = PerfFixtures & Bindings & TestContext
type Use<Value> = (value: Value) => Promise<void>

/**
 * Fixtures where two builds are compared (`vitest-slo compare`): the first `http.run()` of a scenario is put on both, and
 * nothing else is asked of either, which would be one build's disadvantage.
 */
export const comparedFixtures = {
  http: async (
    { underWay, slo, runId, signal, onRun, onSnapshot, onComparison, skip }: Context,
    use: Use<Context['http']>,
  ) => {
    const { comparedHttp } = await import('./comparison/compared-http.ts')
    const { scale, seed, comparison, target } = slo
    const builds = { ...comparison!, head: target! }
    const told = { onRun, onSnapshot, onComparison, skip }
    const http = comparedHttp({ ...builds, ...told, signal, scale, seed, runId } satisfies ComparedHttpContext)
    await use({ ...http, run: (options) => underWay.start('http.run()', () => http.run(options)) })
    await underWay.ended()
  },
  ws: async ({ skip }: Context, use: Use<Context['ws']>) => use(unused(skip, 'ws')),
  micro: async ({ skip }: Context, use: Use<Context['micro']>) => use(unused(skip, 'micro')),
  compare: async ({ skip }: Context, use: Use<Context['compare']>) =>
    use(() => skip('not compared: it names its own builds')),
  metrics: async ({ skip }: Context, use: Use<Context['metrics']>) => use(unused(skip, 'metrics')),
  capacity: async ({ skip }: Context, use: Use<Context['capacity']>) => use(unused(skip, 'capacity')),
  freshness: async ({ skip }: Context, use: Use<Context['freshness']>) =>
    use({ probe: async () => unused<FreshnessProbe>(skip, 'freshness') }),
}

/** Stands in for what a comparison does not use: whoever asks it for anything is skipped. */
function unused<Engine extends object>(skip: TestContext['skip'], what: string): Engine {
  const ask = () =>
    skip(`not compared: it asks ${what} before its first http.run(), and only that is put on both builds`)
  return new Proxy({} as Engine, { get: (_, key) => (key === 'then' ? undefined : ask) })
}
