import { inject, test } from 'vitest'
import type { ProvidedSlo } from './config/provided.ts'
import type { Http } from './http/http.ts'
import type { Ledger } from './ledger/ledger.ts'
import type { Scale } from './load/scale.ts'
import type { RunResult } from './run/result.ts'
import { scenarioRecordOf } from './run/task-meta.ts'
import { targetHandle, type TargetHandle } from './target-handle.ts'
import type { WebSocketLoad } from './websocket/websocket.ts'

/** What a scenario can ask for, beside Vitest's own context (`signal`, `task`, `annotate`, …). */
export interface PerfFixtures {
  /** Puts load on the target over HTTP. */
  readonly http: Http
  /** Opens WebSocket clients: fan-out and conversations. */
  readonly ws: WebSocketLoad
  /** Reads the target's Postgres and holds histories against it. */
  readonly ledger: Ledger
  /** The system under test. */
  readonly target: TargetHandle
  /** Connection details by service name, as the config names them. */
  readonly services: ProvidedSlo['services']
  /** How much of the written load is put on. */
  readonly scale: Scale
  /** Names the rows of this scenario in this invocation; send it along where the target can store it. */
  readonly runId: string
}

/**
 * A scenario: a Vitest test whose fixtures put load on a service. `.only`, `.skip`, `.each`, `.for`, `.extend` and tags
 * work as on Vitest's `test`. There is no time-out unless one is given: every load ends by itself, at its duration
 * plus what its last requests may take, and stops within a second of an abort.
 *
 * Engines are loaded when a scenario first asks for one.
 */
export const perfTest = test.extend<PerfFixtures & { slo: ProvidedSlo; onRun: (result: RunResult) => void }>({
  slo: async ({ task }, use) => {
    const slo = inject('slo')
    if (slo === undefined)
      throw new Error(`"${task.name}" needs a config made by definePerfConfig(): vitest --config vitest.perf.config.ts`)
    await use(slo)
  },
  onRun: async ({ task }, use) => {
    await use((result) => scenarioRecordOf(task).runs.push(result))
  },
  scale: async ({ slo }, use) => use(slo.scale),
  services: async ({ slo }, use) => use(slo.services),
  target: async ({ slo }, use) => use(targetHandle(slo.target)),
  runId: async ({ slo, task }, use) => use(`${slo.runId}-${task.id}`),
  http: async ({ slo, target, runId, signal, onRun }, use) => {
    const { createHttp } = await import('./http/http.ts')
    const http = createHttp({ baseUrl: target.url, signal, scale: slo.scale, seed: slo.seed, runId, onRun })
    await use(http)
  },
  ws: async ({ slo, target, signal, onRun }, use) => {
    const { createWebSocket } = await import('./websocket/websocket.ts')
    await use(createWebSocket({ baseUrl: target.url, signal, scale: slo.scale, seed: slo.seed, onRun }))
  },
  ledger: async ({ slo, signal }, use) => {
    const { createLedger } = await import('./ledger/ledger.ts')
    await use(createLedger({ databaseUrl: slo.services['postgres']?.['url'], signal }))
  },
})

/** Ctrl-C in a terminal reaches the worker too; the main process decides, so that partial results can be reported. */
process.on('SIGINT', ignore)

function ignore(): void {}
