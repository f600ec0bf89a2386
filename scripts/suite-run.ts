import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { watch } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Results, ScenarioResult } from '../src/report/results.ts'

const ROOT = join(import.meta.dirname, '..')
const OUTPUT_KEPT_CHARS = 4_000

export interface SuiteOptions {
  /** As `PERF_SCALE` takes it. */
  readonly scale: string
  /** Runs the scenarios whose names match, as `vitest -t` does. Default: all. */
  readonly filter?: string | undefined
  /** Vitest config, from the project's root. Default: `vitest.perf.config.ts`. */
  readonly config?: string
  readonly env?: Readonly<Record<string, string>>
  /** Ends the run in an orderly way; what it measured so far is still given. */
  readonly signal: AbortSignal
  /** Called once, with the command's process id. */
  onStart?(pid: number): void
  /** Called as each scenario ends. */
  onScenario?(scenario: ScenarioResult): void
}

export interface SuiteRun {
  /** Those that ran: scenarios that were left out by the filter are not among them. */
  readonly scenarios: readonly ScenarioResult[]
  readonly durationMs: number
  /** The end of what was printed; for runs without results. */
  readonly output: string
}

/** Runs the scenarios as a command of its own, as `npm run perf:…` does, and gives what its `results.json` says. */
export async function runSuite(options: SuiteOptions): Promise<SuiteRun> {
  const { scale, filter, config = 'vitest.perf.config.ts', env, signal, onStart, onScenario } = options
  const folder = await mkdtemp(join(tmpdir(), 'suite-'))
  const seen = new Set<string>()
  const noteNew = async () => {
    const scenarios = await readScenarios(folder)
    for (const scenario of scenarios) {
      if (seen.has(scenario.name)) continue
      seen.add(scenario.name)
      onScenario?.(scenario)
    }
    return scenarios
  }
  const startMs = performance.now()
  const watcher = watch(folder, () => void noteNew())
  try {
    const output = await finished(
      ['run', '--config', config, ...(filter === undefined ? [] : ['-t', filter])],
      { ...env, PERF_SCALE: scale, PERF_OUTPUT_DIR: folder },
      signal,
      onStart,
    )
    return { scenarios: await noteNew(), durationMs: performance.now() - startMs, output }
  } finally {
    watcher.close()
    await rm(folder, { recursive: true })
  }
}

async function finished(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
  onStart?: (pid: number) => void,
): Promise<string> {
  const bin = join(ROOT, 'node_modules/.bin')
  const { GITHUB_STEP_SUMMARY: _oneSummaryEach, ...inherited } = process.env
  // In a process group of its own: Ctrl-C reaches this process, which then ends the command once and not twice.
  const child = spawn(join(bin, 'vitest'), args, {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...inherited, PATH: `${bin}:${process.env['PATH']}`, ...env },
  })
  const end = () => child.kill('SIGINT')
  signal.addEventListener('abort', end, { once: true })
  let output = ''
  const keep = (chunk: Buffer) => (output = (output + chunk.toString()).slice(-OUTPUT_KEPT_CHARS))
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  try {
    await once(child, 'spawn')
    onStart?.(child.pid!)
    if (signal.aborted) end()
    await once(child, 'close')
    return output
  } finally {
    signal.removeEventListener('abort', end)
  }
}

async function readScenarios(folder: string): Promise<readonly ScenarioResult[]> {
  const text = await readFile(join(folder, 'results.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return []
  return (JSON.parse(text) as Results).scenarios.filter(({ verdict }) => verdict !== 'skipped')
}
