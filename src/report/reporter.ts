import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import type { SerializedError, TestAnnotation, UserConsoleLog } from 'vitest'
import type {
  Reporter,
  TestCase,
  TestModule,
  TestRunEndReason,
  TestSpecification,
  TestSuite,
  Vitest,
} from 'vitest/node'
import { now } from '../machine/clock.ts'
import { redactData, redactText } from '../options/redact.ts'
import { annotate } from './annotations.ts'
import { mergeConditions, type Conditions } from './conditions.ts'
import { EarlierRuns } from './earlier.ts'
import { loadAverage, readEnvironment } from './environment.ts'
import { LIVE_ADDRESS, LiveReceiver, type LiveMessage } from './live/channel.ts'
import { LiveView } from './live/view.ts'
import { refuseDamagedRecord } from './merged-test.ts'
import { describeNothingRan } from './nothing-ran.ts'
import { Observers } from './observers.ts'
import { resolveReporterOptions, type ReporterOptions, type ResolvedReporterOptions } from './options.ts'
import { readResults } from './read-results.ts'
import { redactAnnotation, redactError, redactName, redactTest } from './redact-reported.ts'
import { completeReportIn, isPartialRun, ReportFolder, reportFolderOf } from './report-folder.ts'
import { countVerdicts, RESULTS_SCHEMA_VERSION, type Results, type ScenarioResult } from './results.ts'
import { runInfoOf } from './run-info.ts'
import { errorOf, identityOf, isScenario, isUnstarted, scenarioOf, notStarted, withHookErrors } from './scenario.ts'
import { paintFor } from './terminal/style.ts'
import { summaryOf } from './terminal/summary.ts'

export type { AssertionResult, RunResult } from '../results/result.ts'
export type { ErrorResult, Results, ScenarioResult, ServiceInfo, Totals } from './results.ts'

/** `package.json` is two folders up, in the sources and in the published package. */
const { version } = createRequire(import.meta.url)('../../package.json') as { readonly version: string }

/**
 * Vitest reporter of scenarios. Use it together with one of Vitest's reporters:
 * `reporters: [['vitest-slo/reporter', { outputDir: 'perf-report' }], 'default']`. List it first, so that it masks secrets
 * before any other reporter prints or writes them.
 *
 * Writes `results.json` after every scenario, so that a killed command keeps what it measured, and prints a summary at the
 * end. It changes no verdict. If a report cannot be written, it prints one line.
 */
export default class SloReporter implements Reporter {
  readonly #options: ResolvedReporterOptions
  #vitest!: Vitest
  #startedAt = new Date()
  #startMs = now()
  #loadAverageAtStart = loadAverage()
  #finished = new Map<string, ScenarioResult>()
  /** Modules collected in this run. For all others, Vitest still holds the tests of the previous run. */
  readonly #collected = new Set<string>()
  #folder!: ReportFolder
  /** Whether only some of the project's scenarios run. */
  #isPartial = false
  /** Full names of all tests of this run, as `-t` matches them. */
  readonly #names: string[] = []
  /** Whether a scenario has started. */
  #hasStarted = false
  #observers!: Observers
  #earlier = new EarlierRuns()
  /** Text of the report of all scenarios at the start of the run. */
  #completeReport: string | undefined
  #receiver: LiveReceiver | undefined
  #view!: LiveView
  #hasReadEarlier = false
  /** Values that scenarios called `secret()` with. */
  readonly #registered = new Set<string>()
  #secretList: readonly string[] = []
  #cancelling = new AbortController()
  readonly #onCancel = (): void => this.#cancelling.abort()

  /** @throws {OptionsError} with every invalid option */
  constructor(options?: ReporterOptions) {
    this.#options = resolveReporterOptions(options)
  }

  /** Prepares the reports of a session. */
  onInit(vitest: Vitest): void {
    this.#vitest = vitest
    this.#folder = new ReportFolder(this.#outputDir)
    this.#view = new LiveView(vitest)
    this.#observers = new Observers(this.#options.observers, (line) => vitest.logger.error(line))
    vitest.onClose(async () => {
      await this.#receiver?.close()
      this.#receiver = undefined
    })
  }

  async onTestRunStart(specifications: readonly TestSpecification[]): Promise<void> {
    this.#startedAt = new Date()
    this.#startMs = now()
    this.#loadAverageAtStart = loadAverage()
    this.#finished.clear()
    this.#collected.clear()
    this.#names.length = 0
    this.#hasStarted = false
    await this.#chooseFolder(await isPartialRun(this.#vitest, specifications))
    this.#completeReport = this.#isPartial ? undefined : await completeReportIn(this.#outputDir)
    this.#cancelling = new AbortController()
    await this.#readEarlier()
    this.#view.start()
    await this.#listen()
    await this.#observers.tell((observer) => observer.onStart?.())
  }

  /** Vitest removes its cancel listeners at the start of each run, after `onTestRunStart`. */
  onTestModuleQueued(): void {
    this.#vitest.onCancel(this.#onCancel)
  }

  /** Masks secrets in the output of a scenario. */
  onUserConsoleLog(log: UserConsoleLog): void {
    log.content = redactText(log.content, this.#secrets, this.#options.redact)
  }

  onTestCaseAnnotate(_testCase: TestCase, annotation: TestAnnotation): void {
    redactAnnotation(annotation, this.#secrets, this.#options.redact)
  }

  async onTestModuleCollected(module: TestModule): Promise<void> {
    this.#collected.add(module.id)
    // `fullName` would be kept, and secrets in it with it.
    for (const { name, parent } of module.children.allTests())
      this.#names.push(parent.type === 'module' ? name : `${parent.fullName} > ${name}`)
    const hasOnly = [...module.children.allTests()].some(({ options }) => options.mode === 'only')
    if (hasOnly && !this.#isPartial) await this.#chooseFolder(true)
    if (this.#options.redact) for (const testCase of module.children.allTests()) redactName(testCase, this.#secrets)
  }

  onTestCaseReady(testCase: TestCase): void {
    if (testCase.result().state === 'pending' && !isUnstarted(testCase)) this.#hasStarted = true
  }

  onTestCaseResult(testCase: TestCase): void {
    if (testCase.result().state !== 'skipped' && !isUnstarted(testCase)) this.#hasStarted = true
    this.#view.remove(testCase.id)
    if (this.#isMerging) refuseDamagedRecord(testCase.meta())
    this.#takeSecrets(testCase)
    if (!this.#isMerging && isScenario(testCase)) testCase.meta().sloConditions = this.#conditions()
    if (this.#options.redact) redactName(testCase, this.#secrets)
    redactTest(testCase, this.#secrets, this.#options.redact)
    if (!isScenario(testCase)) return
    const scenario = scenarioOf(testCase, this.#cancelling.signal.aborted)
    this.#finished.set(testCase.id, scenario)
    const { name, verdict, runs, assertions } = scenario
    const { scale } = runInfoOf(this.#vitest.projects)
    void this.#observers.tell((observer) =>
      observer.onScenario?.(name, verdict, { runs: [...runs], assertions: [...assertions] }, scale),
    )
    if (this.#hasStarted)
      this.#folder.saveProgress(this.#results([...this.#finished.values()], [], false, this.#conditions()))
  }

  onTestSuiteResult(suite: TestSuite): void {
    for (const error of suite.errors()) redactError(error, this.#secrets, this.#options.redact)
  }

  onTestModuleEnd(module: TestModule): void {
    for (const error of module.errors()) redactError(error, this.#secrets, this.#options.redact)
  }

  async onTestRunEnd(
    modules: readonly TestModule[],
    unhandled: readonly SerializedError[],
    reason: TestRunEndReason,
  ): Promise<void> {
    for (const error of unhandled) redactError(error, this.#secrets, this.#options.redact)
    // By then every reporter has been called: terminal reporters have printed, file reporters have yet to write.
    await Promise.resolve()
    const tests = modules.flatMap((module) => [...module.children.allTests()]).filter(isScenario)
    const isStopped = reason === 'interrupted'
    const scenarios = tests.map((testCase) => this.#scenarioAtEnd(testCase, isStopped))
    tests.forEach((testCase, at) => {
      if (this.#isOfThisRun(testCase)) annotate(testCase, scenarios[at]!, this.#folder.fileOf('index.html'))
    })
    const errors = [...unhandled, ...modules.flatMap((module) => module.errors())]
    const merged = this.#isMerging
      ? mergeConditions(tests.flatMap((testCase) => testCase.meta().sloConditions ?? []))
      : undefined
    if (isStopped) await this.#restoreComplete()
    const results = this.#results(scenarios, errors, !isStopped, merged ?? this.#conditions())
    // A signal to all processes may end a worker that is starting, which Vitest reports as an error.
    const hasErrors = errors.length > 0 && !isStopped
    const isKept =
      !this.#hasStarted && !this.#isMerging && !hasErrors && existsSync(this.#folder.fileOf('results.json'))
    const isEmpty = !isKept && !this.#isMerging && scenarios.length === 0 && !hasErrors
    const failures =
      isKept || isEmpty ? [] : await this.#folder.finish(results, this.#earlier, process.env['GITHUB_STEP_SUMMARY'])
    if (isEmpty)
      this.#vitest.logger.log(`Report  not written: no scenario ${isStopped ? 'had started' : 'was found'}\n`)
    else this.#print(results, failures, isKept)
    const { signal } = this.#cancelling
    await this.#observers.tell((observer) => observer.onEnd?.({ watches: this.#vitest.config.watch, signal }))
    this.#earlier.learn(results)
    const { failed, invalid } = results.totals
    const fails = failed > 0 || (invalid > 0 && this.#options.onInvalid === 'fail')
    const isMissed = !isStopped && !hasErrors && !this.#isMerging && this.#reportNothingRan()
    if ((fails || isMissed) && !process.exitCode) process.exitCode = 1
  }

  /** Prints that no test started, although there are some; not in watch mode, where the selection changes. */
  #reportNothingRan(): boolean {
    const { passWithNoTests, shard, tagsFilter: tags, watch } = this.#vitest.config
    if (this.#hasStarted || this.#names.length === 0 || watch) return false
    const names = redactData(this.#names, this.#secrets, this.#options.redact)
    const pattern = this.#vitest.getGlobalTestNamePattern()
    const { message, fails } = describeNothingRan({ names, pattern, tags, shard, passWithNoTests })
    this.#vitest.logger.error(`vitest-slo: ${message}\n`)
    return fails
  }

  /** Restores the report of a complete run, which the progress of this stopped run has overwritten. */
  async #restoreComplete(): Promise<void> {
    if (this.#completeReport === undefined || this.#isPartial) return
    await this.#folder.restoreResults(this.#completeReport)
    await this.#chooseFolder(true)
  }

  #scenarioAtEnd(testCase: TestCase, isStopped: boolean): ScenarioResult {
    if (!this.#isOfThisRun(testCase)) return notStarted(testCase)
    const isCancelled = isStopped || this.#cancelling.signal.aborted
    const scenario = this.#finished.get(testCase.id) ?? scenarioOf(testCase, isCancelled)
    // A hook that is stopped fails, too.
    return isCancelled ? scenario : withHookErrors(scenario, testCase)
  }

  #isOfThisRun({ module }: TestCase): boolean {
    return this.#isMerging || this.#collected.has(module.id)
  }

  get #outputDir(): string {
    return resolve(this.#vitest.config.root, this.#options.outputDir)
  }

  async #chooseFolder(isPartial: boolean): Promise<void> {
    this.#isPartial = isPartial
    const path = await reportFolderOf(this.#outputDir, isPartial)
    if (this.#folder.path !== path) this.#folder = new ReportFolder(path)
  }

  /** Whether reports of earlier commands are merged; nothing is measured. */
  get #isMerging(): boolean {
    return this.#vitest.config.mergeReports !== undefined
  }

  /** Current conditions of this command. */
  #conditions(): Conditions {
    const { scale, services = [] } = runInfoOf(this.#vitest.projects)
    return {
      startedAt: this.#startedAt.toISOString(),
      ...(scale === undefined ? {} : { scale }),
      services,
      environment: readEnvironment(this.#loadAverageAtStart),
    }
  }

  #results(
    scenarios: readonly ScenarioResult[],
    errors: readonly SerializedError[],
    complete: boolean,
    { startedAt, ...conditions }: Conditions,
  ): Results {
    const measuredMs = scenarios.reduce((sum, { durationMs }) => sum + durationMs, 0)
    const results: Results = {
      schemaVersion: RESULTS_SCHEMA_VERSION,
      vitestSlo: version,
      startedAt,
      durationMs: this.#isMerging ? measuredMs : Math.round(now() - this.#startMs),
      complete,
      ...(this.#isPartial && { isPartial: true }),
      ...conditions,
      totals: countVerdicts(scenarios),
      errors: errors.map((error) => errorOf(error, this.#vitest.config.root)),
      scenarios,
    }
    return redactData(results, this.#secrets, this.#options.redact)
  }

  /** Values to mask: those of the run, and those that scenarios registered. The same array until a value is added. */
  get #secrets(): readonly string[] {
    const { secrets = [] } = runInfoOf(this.#vitest.projects)
    const count = secrets.length + this.#registered.size
    if (this.#secretList.length !== count || secrets[0] !== this.#secretList[0])
      this.#secretList = [...secrets, ...this.#registered]
    return this.#secretList
  }

  /** Removes the secrets from a test's record, which other reporters write. */
  #takeSecrets(testCase: TestCase): void {
    const meta = testCase.meta()
    for (const secret of meta.sloSecrets ?? []) this.#registered.add(secret)
    delete meta.sloSecrets
  }

  /** Opens the receiver once per session. Live figures are optional: if it cannot be opened, the run continues. */
  async #listen(): Promise<void> {
    if (this.#receiver !== undefined) return
    try {
      this.#receiver = await LiveReceiver.listen((message) => this.#onLiveMessage(message))
      this.#vitest.provide(LIVE_ADDRESS, this.#receiver.address)
    } catch (error) {
      this.#vitest.logger.warn(`vitest-slo: no live figures: ${messageOf(error)}`)
    }
  }

  #onLiveMessage({ testId, snapshot, secrets = [] }: LiveMessage): void {
    for (const secret of secrets) this.#registered.add(secret)
    const testCase = this.#vitest.state.getReportedEntityById(testId)
    if (testCase?.type !== 'test' || this.#finished.has(testId)) return
    if (this.#options.redact) redactName(testCase, this.#secrets)
    const identity = identityOf(testCase)
    const shown = redactData(snapshot, this.#secrets, this.#options.redact)
    this.#view.show(testId, identity.name, shown, this.#earlier.objectivesOf(identity, shown.run))
    void this.#observers.tell((observer) => observer.onSnapshot?.(identity.name, shown))
  }

  /** Reads earlier results once per session; later runs are compared with the previous ones. */
  async #readEarlier(): Promise<void> {
    if (this.#hasReadEarlier) return
    this.#hasReadEarlier = true
    const { previousResults } = this.#options
    const file =
      previousResults === undefined
        ? join(this.#outputDir, 'results.json')
        : resolve(this.#vitest.config.root, previousResults)
    try {
      this.#earlier.learn(await readResults(file))
    } catch (error) {
      if (previousResults !== undefined || existsSync(file))
        this.#vitest.logger.warn(`vitest-slo: nothing to compare with: ${messageOf(error)}`)
    }
  }

  #print(results: Results, failures: readonly string[], isKept: boolean): void {
    const { logger } = this.#vitest
    if (results.scenarios.length > 0) {
      const summary = summaryOf(results, this.#earlier, logger.getColumns(), paintFor(logger.outputStream))
      logger.log(`\n${summary}\n`)
    }
    const isInSubfolder = this.#folder.path !== this.#outputDir
    const note = isKept
      ? ' (from an earlier run: no scenario started)'
      : isInSubfolder
        ? results.complete
          ? ' (these scenarios only; the report of all scenarios is unchanged)'
          : ' (partial results; the report of all scenarios is unchanged)'
        : ''
    if (failures.length === 0) logger.log(`Report  ${this.#folder.fileOf('index.html')}${note}\n`)
    else
      logger.error(`vitest-slo: the report could not be written; the verdict is not affected: ${failures.join('; ')}\n`)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
