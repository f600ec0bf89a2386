import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DOCS, type Snippet } from './snippets.ts'

/** Inside the package, so that `vitest-slo` is resolved by its name. */
export const PROJECT = join(DOCS, 'checks/generated')

const NAMES = `
  basicAuth, bearerAuth, constantArrivalRate, constantVus, csv, delimited, dropPostgresConnections, graphqlOperation, graphqlTransportWs,
  inflowOf, json, jsonLines, killTarget, lengthPrefixed, Message, mix, mqtt, mqttPublish, mqttSubscribe, mqttUnsubscribe, parallel, pauseRedis,
  phoenixChannels, phoenixJoin, phoenixLeave, phoenixPush, planReplay, rampingArrivalRate, rampingVus, restartRedis,
  rows, secret, sharedIterations, signalR, signalRInvocation, signalRSend, signalRStream, socketIo, socketIoEvent,
  socketIoRequest, spike, sql, stomp, stompSend, stompSubscribe, stompUnsubscribe, unique`
const FIXTURES =
  'http, ws, metric, ledger, metrics, capacity, freshness, micro, chaos, reset, compare, baseline, setup, target, runId'

/** Loads are cut to about a second: examples are tested, not their duration. */
const PRELUDE = `import { expect } from 'vitest'
import { perfTest as original, ${NAMES} } from 'vitest-slo'
import type { Flow, Framing } from 'vitest-slo'

const perfTest = original.extend({
  _slo: async ({ _slo: slo }: { _slo: { scale: object } }, use: (slo: object) => Promise<void>) =>
    use({ ...slo, scale: { name: 'docs', users: 1, time: 1, steadyMs: 1_000 } }),
} as never) as typeof original

void [${NAMES}]
`

/** Definitions of the examples' `run` and `fanOut`, added to the scenarios that use them. */
const SUBJECTS = {
  run: `const run = await http.run({
    load: constantArrivalRate({ rate: 300, vus: 50, duration: '4s' }),
    steps: [
      {
        name: 'pay',
        request: ({ vu, iteration }) => ({
          method: 'POST',
          path: '/payments',
          tag: 'small',
          body: { amount: 1 },
          headers: { 'idempotency-key': \`subject-\${runId}-\${vu.id}-\${iteration}\` },
        }),
      },
      { name: 'list', request: { path: '/products' } },
    ],
  })`,
  fanOut: `const fanOut = await ws.fanOut({
    path: '/live',
    connections: 20,
    duration: '4s',
    subscribe: () => ({ type: 'subscribe' }),
    isSubscribed: (message) => message.json<{ type: string }>().type === 'subscribed',
    publish: {
      rate: 20,
      send: ({ id }) => fetch(\`\${target.url}/publish\`, { method: 'POST', body: JSON.stringify({ id }) }),
    },
    identify: (message) => {
      const { type, id } = message.json<{ type: string; id: string }>()
      return type === 'price' ? { id } : 'other'
    },
  })`,
} as const

const CONFIG = `import { definePerfConfig, postgres, redis, target } from 'vitest-slo/config'

const SCHEMA = \`
  CREATE TABLE accounts (name text PRIMARY KEY, balance bigint NOT NULL);
  CREATE TABLE payments (run_id text, key text PRIMARY KEY, amount bigint NOT NULL);\`

export default definePerfConfig({
  scale: 'full',
  onInvalid: 'warn',
  services: [
    postgres({
      provider: 'embedded',
      migrate: async (db) => void (await db.query(SCHEMA)),
      seed: async (db) => void (await db.query("INSERT INTO accounts VALUES ('till', 0)")),
    }),
    redis({ provider: 'embedded', maxmemory: '64mb', maxmemoryPolicy: 'volatile-lru' }),
  ],
  target: target({ command: ['node', '../../../fixtures/shop/server.ts'], internalPortVariable: false }),
})
`

const TSCONFIG = {
  extends: '../../../tsconfig.json',
  compilerOptions: { noUnusedLocals: false, noUnusedParameters: false, declaration: false },
  include: ['.'],
  exclude: [],
}

/**
 * Writes a project in which every example is a scenario in the file of its page, or a file if the example is a whole file.
 *
 * @returns the files of examples that are whole files
 */
export function writeProject(all: readonly Snippet[]): readonly { readonly snippet: Snippet; readonly file: string }[] {
  rmSync(PROJECT, { recursive: true, force: true })
  write('vitest.perf.config.ts', CONFIG)
  write('tsconfig.json', JSON.stringify(TSCONFIG))
  for (const [page, bodies] of Map.groupBy(
    all.filter(({ isFile }) => !isFile),
    (snippet) => snippet.page,
  ))
    write(`perf/${page}.perf.ts`, scenarios(bodies))
  return all
    .filter(({ isFile }) => isFile)
    .map((snippet, at) => {
      const isScenario = /\bperfTest(?:\(|\.extend)/.test(snippet.code)
      const file = isScenario ? `perf/file-${at}.perf.ts` : `configs/config-${at}.ts`
      write(file, snippet.code)
      return { snippet, file }
    })
}

function scenarios(bodies: readonly Snippet[]): string {
  return [PRELUDE, ...bodies.map(scenario)].join('\n')
}

function scenario({ place, code, isRun }: Snippet): string {
  const skipped = isRun ? '' : '.skip'
  if (/^perfTest\(/m.test(code)) {
    const test = /\.during\(run/.test(code) ? 'original' : 'perfTest'
    return `{\n${code.replace(/^perfTest\('[^']*'/m, () => `${test}${skipped}('${place}'`)}}\n`
  }
  const subjects = (['run', 'fanOut'] as const).filter((name) => uses(code, name) && !code.includes(`const ${name} =`))
  const lines = [...subjects.map((name) => SUBJECTS[name]), code].join('\n')
  const fixtures = FIXTURES.split(', ').filter((name) => uses(lines, name))
  // Loads of subjects are not cut: scrapes and samples are a second apart.
  const test = subjects.length === 0 ? 'perfTest' : 'original'
  return `${test}${skipped}('${place}', async ({ ${fixtures.join(', ')} }) => {\n${lines}\n})\n`
}

function uses(code: string, name: string): boolean {
  return new RegExp(`(?<![.\\w])${name}\\b`).test(code)
}

function write(name: string, content: string): void {
  const file = join(PROJECT, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
}
