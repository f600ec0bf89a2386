import { appendFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node'
import { prepare } from '../comparison/preparation.ts'
import { checkOut, RevisionError, type CheckedOut } from '../comparison/revision.ts'
import { comparisonLines, comparisonMarkdown, exitCodeOf, totalsOf, verdictOf } from '../comparison/table.ts'
import { COMPARE_VARIABLE, type ComparedBase } from '../config/compared-base.ts'
import { INTERRUPTS, signalExitCode } from '../config/interrupts.ts'
import { redactText } from '../options/redact.ts'
import type { ComparisonResult, ScenarioRecord } from '../results/result.ts'
import { Reaper } from '../services/reaper/reaper.ts'
import { COMPARE_HELP, parseCompareArguments, type CompareArguments } from './compare-arguments.ts'
import { configFile } from './config-file.ts'
import type { Streams } from './streams.ts'

/**
 * `vitest-slo compare`.
 *
 * @param args arguments after `compare`
 * @returns the exit code
 */
export async function compare(args: readonly string[], streams: Streams = process): Promise<number> {
  const { stdout, stderr } = streams
  let parsed: CompareArguments | 'help'
  try {
    parsed = parseCompareArguments(args)
  } catch (error) {
    stderr.write(`vitest-slo compare: ${error instanceof Error ? error.message : String(error)}\n\n${COMPARE_HELP}`)
    return 2
  }
  if (parsed === 'help') {
    stdout.write(COMPARE_HELP)
    return 0
  }
  const interrupts = new Interrupts()
  try {
    return await compareRevisions(parsed, streams, interrupts)
  } catch (error) {
    if (interrupts.exitCode !== undefined) return interrupts.exitCode
    if (!(error instanceof RevisionError)) throw error
    stderr.write(`vitest-slo compare: ${error.message}\n`)
    return 2
  } finally {
    interrupts.stop()
  }
}

async function compareRevisions(
  parsed: CompareArguments,
  { stdout, stderr }: Streams,
  interrupts: Interrupts,
): Promise<number> {
  const log = (line: string) => void stdout.write(`vitest-slo  ${line}\n`)
  await using reaper = await Reaper.start({ log })
  await using base = await checkOut(parsed.revision, process.cwd(), reaper)
  await prepare(base, parsed, { reaper, signal: interrupts.signal, log })
  interrupts.signal.throwIfAborted()
  const scenarios = await runScenarios(parsed, base)
  if (interrupts.exitCode !== undefined) return interrupts.exitCode
  const found = scenarios.flatMap(({ title, comparisons }) => comparisons.map((result) => ({ title, result })))
  const { tolerance } = parsed
  stdout.write('\n')
  for (const { title, result } of found) stdout.write(`${comparisonLines(title, result, tolerance).join('\n')}\n\n`)
  for (const { title, problem } of scenarios) if (problem !== undefined) stderr.write(`${title}: ${problem}\n`)
  if (parsed.markdown !== undefined) {
    const tables = found.map(({ title, result }) => comparisonMarkdown(title, result, tolerance))
    await appendFile(resolve(parsed.markdown), tables.join('\n'))
  }
  const verdicts = found.map(({ result }) => verdictOf(result, tolerance))
  stdout.write(`${totalsOf(verdicts)}\n`)
  if (couldNotRun(scenarios)) return 2
  return hasFailed(scenarios) ? 1 : exitCodeOf(verdicts)
}

interface ScenarioOutcome {
  readonly title: string
  readonly comparisons: readonly ComparisonResult[]
  /** Why it was not compared, or failed. */
  readonly problem: string | undefined
  /** Set for a file that could not be loaded, whose scenarios are unknown. */
  readonly isFile?: true
}

async function runScenarios(parsed: CompareArguments, base: CheckedOut): Promise<readonly ScenarioOutcome[]> {
  const { startVitest } = await import('vitest/node')
  const { label, root, worktree } = base
  const { slices, config = configFile(process.cwd()), name, files } = parsed
  const compared: ComparedBase = { label, root, worktree, ...(slices !== undefined && { slices }) }
  process.env[COMPARE_VARIABLE] = JSON.stringify(compared)
  process.env['PERF_SCALE'] = parsed.scale
  const vitest = await startVitest([...files], {
    config,
    watch: false,
    run: true,
    reporters: [progress],
    ...(name !== undefined && { testNamePattern: name }),
  })
  return outcomesOf(vitest)
}

/** Prints one line per scenario when it starts. */
const progress: Reporter = {
  onTestCaseReady: ({ fullName, options }) => {
    if (options.mode === 'run') console.log(`vitest-slo  ${fullName} …`)
  },
}

function outcomesOf(vitest: Vitest): readonly ScenarioOutcome[] {
  const modules = vitest.state.getTestModules()
  const broken = modules.flatMap((module) => problemOf(module.errors(), module) ?? [])
  return [...broken, ...modules.flatMap((module) => [...module.children.allTests()].map(outcomeOf))]
}

function problemOf(errors: readonly { readonly message: string }[], { relativeModuleId }: TestModule) {
  const [first] = errors
  return first && ({ title: relativeModuleId, comparisons: [], problem: first.message, isFile: true } as const)
}

function outcomeOf(test: TestCase): ScenarioOutcome {
  const { slo } = test.meta() as { slo?: ScenarioRecord }
  const comparisons = slo?.comparisons ?? []
  const result = test.result()
  const failure = result.state === 'failed' ? result.errors[0]?.message : undefined
  const skipped = result.state === 'skipped' && comparisons.length === 0 ? result.note : undefined
  const problem = failure ?? skipped
  return { title: test.fullName, comparisons, problem: problem && redactText(problem) }
}

/** Whether no scenario ran, e.g. because a build did not start, or a file could not be loaded. Vitest has printed why. */
function couldNotRun(scenarios: readonly ScenarioOutcome[]): boolean {
  return scenarios.length === 0 || scenarios.some(({ isFile }) => isFile === true)
}

/** Whether a scenario failed before it could be compared. */
function hasFailed(scenarios: readonly ScenarioOutcome[]): boolean {
  return scenarios.some(
    ({ comparisons, problem = 'not compared' }) => comparisons.length === 0 && !problem.startsWith('not compared'),
  )
}

/** Handles Ctrl-C before and after Vitest runs; during the run, the session does. */
class Interrupts {
  readonly #controller = new AbortController()
  readonly #onInterrupt = (signal: NodeJS.Signals) => {
    this.#exitCode = signalExitCode(signal)
    this.#controller.abort(new Error(`stopped by ${signal}`))
  }
  #exitCode: number | undefined

  constructor() {
    for (const signal of INTERRUPTS) process.on(signal, this.#onInterrupt)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Set after an interrupt, here or in the session. */
  get exitCode(): number | undefined {
    if (this.#exitCode !== undefined) return this.#exitCode
    return INTERRUPTS.map(signalExitCode).find((code) => code === process.exitCode)
  }

  stop(): void {
    for (const signal of INTERRUPTS) process.removeListener(signal, this.#onInterrupt)
  }
}
