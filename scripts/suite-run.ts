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
  /** Value of `PERF_SCALE`. */
  readonly scale: string
  /** Pattern of the names of scenarios to run, as for `vitest -t`. Default: all. */
  readonly filter?: string | undefined
  /** Vitest config, relative to the project's root. Default: `vitest.perf.config.ts`. */
  readonly config?: string
  readonly env?: Readonly<Record<string, string>>
  /** Stops the run like Ctrl-C; partial results are still returned. */
  readonly signal: AbortSignal
  /** Called once with the command's process id. */
  onStart?(pid: number): void
  /** Called when a scenario ends. */
  onScenario?(scenario: ScenarioResult): void
}

export interface SuiteRun {
  /** Scenarios that ran, without those that the filter left out. */
  readonly scenarios: readonly ScenarioResult[]
  readonly durationMs: number
  /** End of the output, for runs without results. */
  readonly output: string
}

/** Runs the scenarios in a separate command, like `npm run perf:…`, and returns the content of its `results.json`. */
export async function runSuite(options: SuiteOptions): Promise<SuiteRun> {
  const { scale, filter, config = 'vitest.perf.config.ts', env, signal, onStart, onScenario } = options
  const folder = await mkdtemp(join(tmpdir(), 'suite-'))
  const seen = new Set<string>()
  const reportNew = async () => {
    const scenarios = await readScenarios(folder)
    for (const scenario of scenarios) {
      if (seen.has(scenario.name)) continue
      seen.add(scenario.name)
      onScenario?.(scenario)
    }
    return scenarios
  }
  const startMs = performance.now()
  const watcher = watch(folder, () => void reportNew())
  try {
    const output = await runVitest(
      ['run', '--config', config, ...(filter === undefined ? [] : ['-t', filter])],
      { ...env, PERF_SCALE: scale, PERF_OUTPUT_DIR: folder },
      signal,
      onStart,
    )
    return { scenarios: await reportNew(), durationMs: performance.now() - startMs, output }
  } finally {
    watcher.close()
    await rm(folder, { recursive: true })
  }
}

async function runVitest(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
  onStart?: (pid: number) => void,
): Promise<string> {
  const bin = join(ROOT, 'node_modules/.bin')
  const { GITHUB_STEP_SUMMARY: _oneSummaryEach, ...inherited } = process.env
  // In a separate process group, so that Ctrl-C only reaches this process, which then stops the command once.
  const child = spawn(join(bin, 'vitest'), args, {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...inherited, PATH: `${bin}:${process.env['PATH']}`, ...env },
  })
  const stop = () => child.kill('SIGINT')
  signal.addEventListener('abort', stop, { once: true })
  let output = ''
  const keep = (chunk: Buffer) => (output = (output + chunk.toString()).slice(-OUTPUT_KEPT_CHARS))
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  try {
    await once(child, 'spawn')
    onStart?.(child.pid!)
    if (signal.aborted) stop()
    await once(child, 'close')
    return output
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

async function readScenarios(folder: string): Promise<readonly ScenarioResult[]> {
  const text = await readFile(join(folder, 'results.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return []
  return (JSON.parse(text) as Results).scenarios.filter(({ verdict }) => verdict !== 'skipped')
}
