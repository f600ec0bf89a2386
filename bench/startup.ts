/**
 * What do installation and start-up cost? Installs the packed tarball and Vitest in an empty folder, then measures the size
 * and time of the installation, the time to import `vitest-slo` in a scenario, and the time from a command to the first
 * request at the target: `vitest run` with one scenario at smoke scale against a running target, `npx autocannon`, and k6 if
 * it is on the path. Prints medians and writes `perf-report/bench/startup.json`.
 *
 *     npm run bench:startup [-- <runs of each, default 5>]
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import manifest from '../package.json' with { type: 'json' }
import { formatBytes, formatMs } from '../src/stats/units.ts'
import { isOnPath, keep, median, printTable } from './pinned.ts'

const ROOT = resolve(import.meta.dirname, '..')
const runs = Number(process.argv[2] ?? 5)
const folder = mkdtempSync(join(tmpdir(), 'slo-startup-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

let onRequest: (atMs: number) => void = () => {}
const server = createServer((request, response) => {
  // Readiness checks request another path.
  if (request.url === '/first') onRequest(performance.now())
  response.end('ok')
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const FILES = {
  'package.json': '{ "private": true, "type": "module" }',
  'vitest.perf.config.ts': `
    import { definePerfConfig, target } from 'vitest-slo/config'
    export default definePerfConfig({ scale: 'smoke', target: target({ url: '${url}', ready: '/' }) })`,
  'perf/first.perf.ts': `
    import 'vitest'
    const startMs = performance.now()
    const { constantArrivalRate, perfTest } = await import('vitest-slo')
    console.log('import took ' + (performance.now() - startMs) + ' ms')
    perfTest('first', async ({ http }) => {
      await http.run({ load: constantArrivalRate({ rate: 20, vus: 10, duration: '1s' }), request: { path: '/first' } })
    })`,
  'first.k6.js': `
    import http from 'k6/http'
    export const options = { vus: 1, iterations: 1 }
    export default () => http.get('${url}/first')`,
}

/** A clean environment: without npm's variables, and without the programs of this repository. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(npm_|PERF_|CI$|VITEST)/.test(name))
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((entry) => !entry.startsWith(ROOT))
  return { ...Object.fromEntries(kept), PATH: [dirname(process.execPath), ...path].join(delimiter) }
}

function sizeOf(name: string): number {
  const files = globSync('**/*', { cwd: join(folder, name) }).map((file) => statSync(join(folder, name, file)))
  return files.reduce((bytes, file) => bytes + (file.isFile() ? file.size : 0), 0)
}

/** Installs packages, from npm's cache if they are in it. */
function install(...packages: readonly string[]): { readonly tookMs: number; readonly bytes: number } {
  const before = sizeOf('node_modules')
  const startMs = performance.now()
  const args = ['install', '--save-dev', '--no-audit', '--no-fund', ...packages]
  execFileSync('npm', args, { cwd: folder, env: environment(), stdio: 'ignore' })
  return { tookMs: performance.now() - startMs, bytes: sizeOf('node_modules') - before }
}

interface Start {
  readonly firstRequestMs: number
  readonly output: string
}

/** Runs a command and waits for its exit. */
async function start(command: string, args: readonly string[]): Promise<Start> {
  const startMs = performance.now()
  let firstMs = Number.NaN
  onRequest = (atMs) => {
    firstMs = Number.isNaN(firstMs) ? atMs : firstMs
  }
  const child = spawn(command, args, { cwd: folder, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')))
  const [exitCode] = (await once(child, 'close')) as [number]
  if (exitCode !== 0) throw new Error(`${command} ${args.join(' ')} exited with ${exitCode}:\n${output}`)
  return { firstRequestMs: firstMs - startMs, output }
}

mkdirSync(join(folder, 'node_modules'))
mkdirSync(join(folder, 'perf'))
for (const [name, content] of Object.entries(FILES)) writeFileSync(join(folder, name), content)
execFileSync('npm', ['pack', join(ROOT, 'dist')], { cwd: folder, env: environment(), stdio: 'ignore' })
const vitest = install(`vitest@${manifest.devDependencies.vitest}`)
const slo = install(`./${manifest.name}-${manifest.version}.tgz`)

const RUN = ['vitest', 'run', '--config', 'vitest.perf.config.ts'] as const
const COMMANDS: readonly (readonly [string, string, readonly string[]])[] = [
  ['vitest run', join(folder, 'node_modules/.bin/vitest'), RUN.slice(1)],
  ['npx vitest run', 'npx', RUN],
  ['npx autocannon', 'npx', ['autocannon', '-c', '10', '-d', '1', `${url}/first`]],
  ...(isOnPath('k6') ? [['k6 run', 'k6', ['run', '--quiet', 'first.k6.js']] as const] : []),
]

const starts = new Map<string, Start[]>(COMMANDS.map(([name]) => [name, []]))
for (let run = 0; run < runs; run++)
  for (const [name, command, args] of COMMANDS) starts.get(name)!.push(await start(command, args))
server.close()

const importMs = [...starts.values()]
  .flat()
  .flatMap(({ output }) => Number(/import took ([\d.]+) ms/.exec(output)?.[1] ?? []))
const firstRequestMs = Object.fromEntries(
  [...starts].map(([name, each]) => [name, median(each.map((one) => one.firstRequestMs))]),
)

printTable([
  ['npm install, in addition to the line above', 'size', 'time'],
  ['vitest', formatBytes(vitest.bytes), formatMs(vitest.tookMs)],
  ['vitest-slo', formatBytes(slo.bytes), formatMs(slo.tookMs)],
])
console.log()
printTable([
  ['to the first request', 'median'],
  ...Object.entries(firstRequestMs).map(([name, ms]) => [name, formatMs(ms)]),
])
console.log(`\nimport 'vitest-slo' in a scenario: ${formatMs(median(importMs))} (goal: below 150 ms)`)
console.log(`vitest run to the first request: ${formatMs(firstRequestMs['vitest run']!)} (goal: below 2.5 s)`)
keep('startup', { install: { vitest, slo }, importMs: median(importMs), firstRequestMs, runs })
