import { resolve } from 'node:path'
import type { SerializedError } from 'vitest'
import type { Reporter, TestCase, TestModule, TestProject, TestRunEndReason, Vitest } from 'vitest/node'
import packageJson from '../../package.json' with { type: 'json' }
import { redactData } from '../options/redact.ts'
import { loadAverage, readEnvironment } from './environment.ts'
import { LIVE_ADDRESS, LiveReceiver, type LiveMessage } from './live/channel.ts'
import { KnownObjectives } from './live/objectives.ts'
import { LiveView } from './live/view.ts'
import { resolveReporterOptions, type ReporterOptions, type ResolvedReporterOptions } from './options.ts'
import { readResults } from './read-results.ts'
import { countVerdicts, RESULTS_SCHEMA_VERSION, type Results, type ScenarioResult } from './results.ts'
import { RUN_INFO, type RunInfo } from './run-info.ts'
import { errorOf, recordOf, scenarioOf } from './scenario.ts'
import { paintFor } from './terminal/style.ts'
import { summaryOf } from './terminal/summary.ts'
import { writeFileAtomically } from './write-file.ts'

/**
 * Vitest reporter of scenarios. Stands beside a reporter of Vitest's own:
 * `reporters: ['default', ['vitest-slo/reporter', { outputDir: 'perf-report' }]]`.
 *
 * Writes `results.json` after every scenario, so that a killed command leaves what it measured, and a summary to the
 * terminal at the end. It reads what scenarios recorded and changes no verdict; where a report cannot be written, it
 * says so in one line.
 */
export default class SloReporter implements Reporter {
  readonly #options: ResolvedReporterOptions
  #vitest!: Vitest
  #startedAt = new Date()
  #startMs = performance.now()
  #loadAverageAtStart = loadAverage()
  #finished = new Map<string, ScenarioResult>()
  #writing: Promise<void> = Promise.resolve()
  #writeFailure: string | undefined
  #receiver: LiveReceiver | undefined
  #view!: LiveView
  #objectives = new KnownObjectives(undefined)

  /** @throws {OptionsError} naming every option that cannot be used */
  constructor(options?: ReporterOptions) {
    this.#options = resolveReporterOptions(options)
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
    this.#view = new LiveView(vitest)
    vitest.onClose(async () => {
      await this.#receiver?.close()
      this.#receiver = undefined
    })
  }

  async onTestRunStart(): Promise<void> {
    this.#startedAt = new Date()
    this.#startMs = performance.now()
    this.#loadAverageAtStart = loadAverage()
    this.#finished.clear()
    this.#writeFailure = undefined
    this.#objectives = new KnownObjectives(await readResults(this.#resultsFile).catch(() => undefined))
    this.#view.start()
    await this.#listen()
  }

  onTestCaseResult(testCase: TestCase): void {
    this.#view.remove(testCase.id)
    if (!isScenario(testCase)) return
    this.#finished.set(testCase.id, scenarioOf(testCase))
    this.#write(this.#results([...this.#finished.values()], [], false))
  }

  async onTestRunEnd(
    modules: readonly TestModule[],
    unhandled: readonly SerializedError[],
    reason: TestRunEndReason,
  ): Promise<void> {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const scenarios = tests.filter(isScenario).map(scenarioOf)
    const errors = [...unhandled, ...modules.flatMap((module) => module.errors())]
    const results = this.#results(scenarios, errors, reason !== 'interrupted')
    this.#write(results)
    await this.#writing
    this.#print(results)
    if (this.#options.invalid === 'fail' && results.totals.invalid > 0 && !process.exitCode) process.exitCode = 1
  }

  #results(scenarios: readonly ScenarioResult[], errors: readonly SerializedError[], complete: boolean): Results {
    const info = runInfoOf(this.#vitest.projects)
    const results: Results = {
      schemaVersion: RESULTS_SCHEMA_VERSION,
      vitestSlo: packageJson.version,
      startedAt: this.#startedAt.toISOString(),
      durationMs: Math.round(performance.now() - this.#startMs),
      complete,
      ...(info.scale === undefined ? {} : { scale: info.scale }),
      environment: readEnvironment(this.#loadAverageAtStart),
      services: info.services ?? [],
      totals: countVerdicts(scenarios),
      errors: errors.map((error) => errorOf(error, this.#vitest.config.root)),
      scenarios,
    }
    return redactData(results, info.secrets)
  }

  /** Once for a session; live figures are a comfort, so a run goes on without them. */
  async #listen(): Promise<void> {
    if (this.#receiver !== undefined) return
    try {
      this.#receiver = await LiveReceiver.listen((message) => this.#onLiveMessage(message))
      this.#vitest.provide(LIVE_ADDRESS, this.#receiver.address)
    } catch (error) {
      this.#vitest.logger.warn(`vitest-slo: no live figures: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  #onLiveMessage({ testId, snapshot }: LiveMessage): void {
    const testCase = this.#vitest.state.getReportedEntityById(testId)
    if (testCase?.type !== 'test' || this.#finished.has(testId)) return
    const { fullName, module } = testCase
    const objectives = this.#objectives.of(module.relativeModuleId, fullName, snapshot.run)
    this.#view.show(testId, fullName, snapshot, objectives)
  }

  get #resultsFile(): string {
    return resolve(this.#vitest.config.root, this.#options.outputDir, 'results.json')
  }

  /** One write after the other, so that an older state never replaces a newer one. */
  #write(results: Results): void {
    const content = `${JSON.stringify(results)}\n`
    this.#writing = this.#writing
      .then(() => writeFileAtomically(this.#resultsFile, content))
      .catch((error: Error) => {
        this.#writeFailure ??= error.message
      })
  }

  #print(results: Results): void {
    const { logger } = this.#vitest
    if (results.scenarios.length > 0) {
      logger.log(`\n${summaryOf(results, logger.getColumns(), paintFor(logger.outputStream))}`)
    }
    if (this.#writeFailure === undefined) logger.log(`\nReport  ${this.#resultsFile}\n`)
    else
      logger.error(
        `\nvitest-slo: the report could not be written: ${this.#writeFailure}. The verdict stands; set outputDir to a folder that can be written.\n`,
      )
  }
}

/** Tests that recorded something, and every test of a project that said its tests are scenarios. */
function isScenario(testCase: TestCase): boolean {
  return recordOf(testCase) !== undefined || testCase.project.getProvidedContext()[RUN_INFO] !== undefined
}

function runInfoOf(projects: readonly TestProject[]): RunInfo {
  for (const project of projects) {
    const info = project.getProvidedContext()[RUN_INFO]
    if (info !== undefined) return info
  }
  return {}
}
