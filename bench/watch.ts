/**
 * How long does a developer wait in watch mode, in addition to the load itself? Saves a scenario repeatedly and measures
 * the time from the save to the results on the screen, minus the duration of the load. Postgres, Redis and target are real
 * and already running; finally, a file of the target is saved, which restarts it. Uses the built package like users do:
 * Vite would transform each source outside of `node_modules`. Prints a table and writes `perf-report/bench/watch.json`.
 *
 *     npm run bench:watch [-- <saves of each kind, default 5>]
 *
 * A saved scenario should cost at most 500 ms in addition to its load.
 */
import { cp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Results } from '../src/report/results.ts'
import { significant } from '../src/stats/units.ts'
import { InlineProject } from '../src/testing/inline-project.ts'
import { keep, printTable } from './pinned.ts'

const saves = Number(process.argv[2] ?? 5)

const TARGET = `
  import { createServer } from 'node:http'
  const routes = { '/metrics': 'requests_total 1' }
  createServer((request, response) => response.end(routes[request.url] ?? 'ok')).listen(Number(process.env.PORT), '127.0.0.1')
`
const CONFIG = `
  import { definePerfConfig, postgres, redis, target } from 'vitest-slo/config'
  export default definePerfConfig({
    services: [postgres({ provider: 'embedded' }), redis({ provider: 'embedded', maxmemory: '64mb' })],
    target: target({ command: ['node', 'target/main.mjs'], ready: '/' }),
  })
`
const load = `load: constantArrivalRate({ rate: 200, vus: 20, duration: '2s' }), request: { path: '/' }`
const SCENARIOS = {
  'only load': `
    import { expect } from 'vitest'
    import { constantArrivalRate, perfTest } from 'vitest-slo'
    perfTest('scenario', async ({ http }) => {
      expect(await http.run({ ${load} })).toHaveP95Below(500)
    })
  `,
  'with metrics and capacity': `
    import { expect } from 'vitest'
    import { constantArrivalRate, perfTest } from 'vitest-slo'
    perfTest('scenario', async ({ http, metrics, capacity }) => {
      const run = await http.run({ ${load} })
      expect(run).toHaveP95Below(500)
      await metrics.during(run)
      expect(await capacity.during(run)).toHaveCpuBelow(0.99)
    })
  `,
} as const

interface Saved {
  readonly noticedMs: number
  readonly overheadMs: number
}

await using project = await InlineProject.create({
  'package.json': '{ "type": "module" }',
  'vitest.config.ts': CONFIG,
  'target/main.mjs': TARGET,
  'perf/scenario.perf.ts': SCENARIOS['only load'],
})
await rm(project.path('node_modules/vitest-slo'))
await cp(join(import.meta.dirname, '../dist'), project.path('node_modules/vitest-slo'), { recursive: true })
let [output, read] = ['', 0]
let stop = () => {}
let wake = () => {}
const watching = project.run(['--watch'], { PERF_SCALE: 'full' }, (soFar, end) => {
  output = soFar
  stop = end
  wake()
})

/** Waits until Vitest prints a text. @returns the time at which it did */
async function printed(text: RegExp): Promise<number> {
  for (;;) {
    const found = text.exec(output.slice(read))
    if (found !== null) {
      read += found.index + found[0].length
      return performance.now()
    }
    await new Promise<void>((resolve, reject) => {
      wake = resolve
      void watching.then(({ output: all }) => reject(new Error(`Vitest exited:\n${all}`)))
    })
  }
}

async function save(name: string, content: string): Promise<Saved> {
  const savedMs = performance.now()
  await project.write(name, content)
  const noticedMs = (await printed(/RERUN/)) - savedMs
  const totalMs = (await printed(/(Waiting|Watching) for file changes/)) - savedMs
  const results = JSON.parse(await readFile(project.path('perf-report/results.json'), 'utf8')) as Results
  const loadMs = results.scenarios.flatMap(({ runs }) => runs).reduce((sum, { durationMs }) => sum + durationMs, 0)
  return { noticedMs, overheadMs: totalMs - loadMs }
}

function row(what: string, all: readonly Saved[]): string[] {
  const ms = (pick: (saved: Saved) => number, at: number) => {
    const sorted = all.map(pick).toSorted((a, b) => a - b)
    return `${significant(sorted[Math.floor((sorted.length - 1) * at)]!, 3)} ms`
  }
  return [what, ms((saved) => saved.noticedMs, 0.5), ...[0, 0.5, 1].map((at) => ms((saved) => saved.overheadMs, at))]
}

await printed(/(Waiting|Watching) for file changes/)
const found: Record<string, Saved[]> = {}
for (const [what, scenario] of Object.entries(SCENARIOS)) {
  for (let count = 0; count <= saves; count++) {
    const saved = await save('perf/scenario.perf.ts', `${scenario}// ${count}\n`)
    // The first save of a kind also warms the file system and Vite.
    if (count > 0) (found[`scenario saved, ${what}`] ??= []).push(saved)
  }
}
for (let count = 0; count < saves; count++)
  (found['target saved'] ??= []).push(await save('target/main.mjs', `${TARGET}// ${count}\n`))
stop()
await watching

printTable([
  ['', 'noticed', 'in addition to the load: min', 'median', 'max'],
  ...Object.entries(found).map(([what, all]) => row(what, all)),
])
keep('watch', { saves, found })
