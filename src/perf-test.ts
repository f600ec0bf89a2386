import { inject, test } from 'vitest'
import { auditScenario } from './audit.ts'
import { comparedFixtures } from './compared-fixtures.ts'
import type { ProvidedSlo, ProvidedTarget } from './config/provided.ts'
import type { FreshnessProbe } from './freshness/freshness.ts'
import type { SqlQuery } from './load/data.ts'
import { now } from './machine/clock.ts'
import type { TlsOptions } from './machine/tls.ts'
import type { Micro } from './micro/micro.ts'
import { setHostPolicy } from './machine/allowed-hosts.ts'
import { setOnInvalid } from './matchers/on-invalid.ts'
import type { Metrics } from './metrics/metrics.ts'
import { LIVE_ADDRESS, LiveSender } from './report/live/channel.ts'
import { registeredSecrets } from './options/registered-values.ts'
import { targetPidsNow } from './run/control-client.ts'
import type { RunSeries } from './run/result.ts'
import { findStore } from './run/stores.ts'
import { attachMarks, attachSeries, scenarioRecordOf } from './run/task-meta.ts'
import { formatMs } from './stats/units.ts'
import type { Bindings, PerfFixtures } from './perf-fixtures.ts'
import { resetBefore, resetServices } from './reset.ts'
import { targetHandle } from './target-handle.ts'
import { refusePoll, refuseRepetition } from './repetition.ts'
import { UnderWay } from './under-way.ts'

/** Engines are loaded when a scenario first asks for one. */
const scenario = test.extend<PerfFixtures & Bindings>({
  // Also for a scenario that asks for none of the others.
  underWay: [
    async ({ task, skip, signal, onTestFinished }, use) => {
      refuseRepetition(task)
      const slo: ProvidedSlo | undefined = inject('slo')
      refuseUnlessUp(slo)
      const underWay = new UnderWay(task, refusePoll)
      // Hooks run in the opposite order: this one comes last.
      onTestFinished(() => {
        auditScenario(task, underWay, {
          isWatching: slo?.isWatching ?? false,
          failsInvalid: slo?.onInvalid !== 'warn',
          signal,
          skip,
        })
      })
      await use(underWay)
      await underWay.ended()
      const secrets = registeredSecrets()
      if (secrets.length > 0) task.meta.sloSecrets = secrets
    },
    { auto: true },
  ],
  slo: async ({ task, signal }, use) => {
    const slo = inject('slo')
    if (slo === undefined)
      throw new Error(`"${task.name}" needs a config made by definePerfConfig(): vitest --config vitest.perf.config.ts`)
    refuseUnlessUp(slo)
    setOnInvalid(slo.onInvalid)
    setHostPolicy(slo.hosts)
    if (slo.resetEachScenario) await resetBefore(task, slo.control, signal)
    await use(slo)
  },
  // oxlint-disable-next-line no-empty-pattern
  loadEnded: async ({}, use) => use({ atMs: undefined }),
  onRun: async ({ task, loadEnded }, use) => {
    await use((result) => {
      loadEnded.atMs = now()
      scenarioRecordOf(task).runs.push(result)
    })
  },
  // oxlint-disable-next-line no-empty-pattern
  watchers: async ({}, use) => use(new Set()),
  // oxlint-disable-next-line no-empty-pattern
  disrupted: async ({}, use) => use([]),
  onSnapshot: async ({ task, watchers }, use) => {
    const sender = new LiveSender(inject(LIVE_ADDRESS), task.id)
    await use((snapshot) => {
      sender.send(snapshot)
      for (const watch of watchers) watch(snapshot)
    })
    await sender.close()
  },
  onComparison: async ({ task }, use) => {
    await use((result) => void (scenarioRecordOf(task).comparisons ??= []).push(result))
  },
  scale: async ({ slo }, use) => use(slo.scale),
  reset: async ({ slo, signal }, use) => use((options) => resetServices(slo.control, signal, options)),
  services: async ({ slo }, use) => use(slo.services),
  target: async ({ slo }, use) => use(targetHandle(slo.target)),
  runId: async ({ slo, task }, use) => use(`${slo.runId}-${task.id}`),
  http: async ({ underWay, slo, runId, signal, onRun, onSnapshot }, use) => {
    const { createHttp } = await import('./http/http.ts')
    const { scale, seed } = slo
    const http = createHttp({
      ...instancesOf(slo.target),
      signal,
      scale,
      seed,
      runId,
      ...rowsOf(slo, signal),
      onRun,
      onSnapshot,
    })
    await use({ ...http, run: (options) => underWay.start('http.run()', () => http.run(options)) })
    await underWay.ended()
  },
  ws: async ({ underWay, slo, signal, onRun, onSnapshot }, use) => {
    const { createWebSocket } = await import('./websocket/websocket.ts')
    const { scale, seed } = slo
    const ws = createWebSocket({
      ...instancesOf(slo.target),
      signal,
      scale,
      seed,
      ...rowsOf(slo, signal),
      onRun,
      onSnapshot,
    })
    await use({
      fanOut: (options) => underWay.start('ws.fanOut()', () => ws.fanOut(options)),
      run: (options) => underWay.start('ws.run()', () => ws.run(options)),
    })
    await underWay.ended()
  },
  compare: async ({ underWay, slo, runId, signal, onRun, onSnapshot, onComparison }, use) => {
    const { createCompare } = await import('./comparison/compare.ts')
    const { scale, seed, startable } = slo
    const context = { signal, scale, seed, runId, startable, onRun, onSnapshot, onComparison }
    const compare = createCompare({ ...context, env: process.env, log: (line) => console.warn(line) })
    await use((builds, options) => underWay.start('compare()', () => compare(builds, options)))
    await underWay.ended()
  },
  baseline: async ({ slo, task }, use) => {
    const { createBaselines } = await import('./baseline/baseline.ts')
    const { fullTestName: scenario, file } = task
    await use(createBaselines({ scenario, file: file.filepath, scale: slo.scale.name, update: slo.updateBaselines }))
  },
  ledger: async ({ slo, runId, signal, disrupted, loadEnded }, use) => {
    const { createLedger } = await import('./ledger/ledger.ts')
    const { stores, target } = slo
    const isElsewhere = target?.isElsewhere ?? false
    const told = { notes: () => disrupted, loadEndedMs: () => loadEnded.atMs }
    await use(createLedger({ stores, isElsewhere, signal, runId, ...told }))
  },
  chaos: async ({ underWay, slo, task, signal, watchers, disrupted }, use) => {
    const { createChaos } = await import('./chaos/chaos.ts')
    const chaos = createChaos({
      control: slo.control,
      signal,
      onSnapshot(listener) {
        watchers.add(listener)
        return () => watchers.delete(listener)
      },
      onMarks(run, marks) {
        attachMarks(task, run, marks)
        disrupted.push(...marks.map(({ label, startMs }) => `${run} at ${formatMs(startMs)}: ${label}`))
      },
      onSkipped(asked, reason) {
        const assertion = { assertion: 'chaos.during()', expected: asked.join(', '), received: `not done: ${reason}` }
        scenarioRecordOf(task).assertions.push({ ...assertion, outcome: 'skipped' })
      },
    })
    await use({
      ...chaos,
      during: (run, schedule) => underWay.start('chaos.during()', () => chaos.during(run, schedule)),
    })
    await underWay.ended()
  },
  scraping: async ({ slo, task, signal }, use) => {
    let metrics: Promise<Metrics> | undefined
    const start = async () => {
      const { createMetrics } = await import('./metrics/metrics.ts')
      const { isGuessed, ...route } = slo.observation.metrics
      const required = !isGuessed || slo.target?.isElsewhere !== true
      const onSeries = (run: string, series: readonly RunSeries[]) => attachSeries(task, run, series)
      return createMetrics({ ...route, required, signal, onSeries })
    }
    await use(() => (metrics ??= start()))
    // Where it could not be started, whoever asked for it was told.
    await metrics?.then(
      (started) => started[Symbol.asyncDispose](),
      () => {},
    )
  },
  metrics: async ({ scraping }, use) => use(await scraping()),
  freshness: async ({ task, signal }, use) => {
    const { probeFreshness } = await import('./freshness/freshness.ts')
    const probes: FreshnessProbe[] = []
    await use({
      async probe(options) {
        const probe = await probeFreshness(options, signal, (run, series) => attachSeries(task, run, series))
        probes.push(probe)
        return probe
      },
    })
    await Promise.allSettled(probes.map((probe) => probe.stop()))
  },
  micro: async ({ underWay, signal, onRun }, use) => {
    const { createMicro } = await import('./micro/micro.ts')
    const micro = createMicro({ signal, onRun })
    await use({
      measure: (...args: Parameters<Micro['measure']>) =>
        underWay.start('micro.measure()', () => micro.measure(...args)),
    } as Micro)
    await underWay.ended()
  },
  capacity: async ({ slo, task, signal, scraping }, use) => {
    const { createCapacity } = await import('./capacity/capacity.ts')
    const { control, stores } = slo
    const { containers, cores, pgBouncerUrl } = slo.observation.capacity
    const { pids = [], isElsewhere = false } = slo.target ?? {}
    // A target whose processes cannot be seen may say itself what CPU it used.
    const metrics = isElsewhere && containers.length === 0 ? await scraping() : undefined
    await using capacity = await createCapacity({
      ...{ pids, containers, stores, isElsewhere },
      ...(control && { pidsNow: () => targetPidsNow(control, signal) }),
      ...(metrics && { cpuOfMetrics: () => metrics.readings('process_cpu_seconds_total') }),
      ...(cores !== undefined && { cores }),
      ...(pgBouncerUrl !== undefined && { pgBouncerUrl }),
      onWindow: ({ name, series }) => attachSeries(task, name, series),
    })
    await use(capacity)
  },
})

/**
 * A scenario: a Vitest test whose fixtures put load on a service. `.only`, `.skip`, `.each`, `.for`, `.extend` and tags
 * work as on Vitest's `test`. There is no time-out unless one is given: every load ends by itself, at its duration
 * plus what its last requests may take, and stops within a second of an abort.
 */
export const perfTest: typeof scenario =
  inject('slo')?.comparison === undefined ? scenario : scenario.extend(comparedFixtures)

/** The message says what to do; a stack through our own files would bury it. */
function refuseUnlessUp(slo: ProvidedSlo | undefined): void {
  const message = slo?.startFailure
  if (message !== undefined)
    throw Object.assign(new Error(message), { name: 'StartError', stack: `StartError: ${message}` })
}

/** Load goes to every instance in turns. Without a target each run names its own place. */
function instancesOf(target: ProvidedTarget | undefined): {
  readonly baseUrl?: string | undefined
  readonly otherInstances?: readonly string[]
  readonly tls?: TlsOptions | undefined
} {
  if (target === undefined) return {}
  const [baseUrl, ...otherInstances] = target.urls
  return { baseUrl, otherInstances, tls: target.tls }
}

/** For `data: sql(…)`: rows of the config's Postgres; of several the source names one. */
function rowsOf({ stores }: ProvidedSlo, signal: AbortSignal): { readonly sql: SqlQuery } {
  return {
    async sql(query, values, service) {
      const choose = (name: string) => `sql('SELECT …', [], { service: '${name}' })`
      const store = findStore(stores, { kind: 'postgres', name: service, choose, isElsewhere: false })
      if ('reason' in store) throw new Error(`data: sql() cannot be read: ${store.reason}\nFix: ${store.remedy}`)
      const { createLedger } = await import('./ledger/ledger.ts')
      const only = { name: 'data', kind: 'postgres', url: store.url, isAbsent: false } as const
      return createLedger({ stores: [only], signal }).query(query, values)
    },
  }
}

/** Ctrl-C in a terminal reaches the worker too; the main process decides, so that partial results can be reported. */
process.on('SIGINT', ignore)

function ignore(): void {}
