import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import type { SerializedError, TestAnnotation, UserConsoleLog } from 'vitest'
import type { Reporter, TestCase, TestModule, TestRunEndReason, TestSpecification, Vitest } from 'vitest/node'
import { now } from '../machine/clock.ts'
import { redactData, redactText } from '../options/redact.ts'
import { annotate } from './annotations.ts'
import { mergeConditions, type Conditions } from './conditions.ts'
import { EarlierRuns } from './earlier.ts'
import { loadAverage, readEnvironment } from './environment.ts'
import { LIVE_ADDRESS, LiveReceiver, type LiveMessage } from './live/channel.ts'
import { LiveView } from './live/view.ts'
import { Observers } from './observers.ts'
import { resolveReporterOptions, type ReporterOptions, type ResolvedReporterOptions } from './options.ts'
import { readResults } from './read-results.ts'
import { redactAnnotation, redactError, redactName, redactTest } from './redact-reported.ts'
import { ReportFolder } from './report-folder.ts'
import { completeReportIn, isPartialRun, reportFolderOf } from './report-place.ts'
import { countVerdicts, RESULTS_SCHEMA_VERSION, type Results, type ScenarioResult } from './results.ts'
import { runInfoOf } from './run-info.ts'
import { errorOf, identityOf, isScenario, scenarioOf, unbegun } from './scenario.ts'
import { paintFor } from './terminal/style.ts'
import { summaryOf } from './terminal/summary.ts'

/** The manifest stands two folders up from here in the sources and in the published package. */
const { version } = createRequire(import.meta.url)('../../package.json') as { readonly version: string }

/**
 * Vitest reporter of scenarios. Stands beside a reporter of Vitest's own:
 * `reporters: [['vitest-slo/reporter', { outputDir: 'perf-report' }], 'default']`. Listed first, it masks secrets before
 * any other reporter prints or writes them.
 *
 * Writes `results.json` after every scenario, so that a killed command leaves what it measured, and a summary to the
 * terminal at the end. It reads what scenarios recorded and changes no verdict; where a report cannot be written, it
 * says so in one line.
 */
export default class SloReporter implements Reporter {
  readonly #options: ResolvedReporterOptions
  #vitest!: Vitest
  #startedAt = new Date()
  #startMs = now()
  #loadAverageAtStart = loadAverage()
  #finished = new Map<string, ScenarioResult>()
  /** Modules whose tests are of this run: of others Vitest still has those of the run before. */
  readonly #collected = new Set<string>()
  #folder!: ReportFolder
  /** Whether only some of the project's scenarios are run. */
  #isPartial = false
  /** Whether a scenario has begun. */
  #hasBegun = false
  #observers!: Observers
  #earlier = new EarlierRuns()
  /** The report of all scenarios that was there when the run began. */
  #complete: string | undefined
  #receiver: LiveReceiver | undefined
  #view!: LiveView
  #hasLookedBack = false
  /** Values that scenarios called `secret()` with. */
  readonly #registered = new Set<string>()
  #known: readonly string[] = []
  #cancelling = new AbortController()
  readonly #onCancel = (): void => this.#cancelling.abort()

  /** @throws {OptionsError} naming every option that cannot be used */
  constructor(options?: ReporterOptions) {
    this.#options = resolveReporterOptions(options)
  }

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
    this.#hasBegun = false
    await this.#choosePlace(await isPartialRun(this.#vitest, specifications))
    this.#complete = this.#isPartial ? undefined : await completeReportIn(this.#outputDir)
    this.#cancelling = new AbortController()
    await this.#lookBack()
    this.#view.start()
    await this.#listen()
    await this.#observers.tell((observer) => observer.onStart?.())
  }

  /** Vitest forgets who listens at the beginning of each run, after it has called `onTestRunStart`. */
  onTestModuleQueued(): void {
    this.#vitest.onCancel(this.#onCancel)
  }

  onUserConsoleLog(log: UserConsoleLog): void {
    log.content = redactText(log.content, this.#secrets, this.#options.redact)
  }

  onTestCaseAnnotate(_testCase: TestCase, annotation: TestAnnotation): void {
    redactAnnotation(annotation, this.#secrets, this.#options.redact)
  }

  async onTestModuleCollected(module: TestModule): Promise<void> {
    this.#collected.add(module.id)
    const hasOnly = [...module.children.allTests()].some(({ options }) => options.mode === 'only')
    if (hasOnly && !this.#isPartial) await this.#choosePlace(true)
    if (this.#options.redact) for (const testCase of module.children.allTests()) redactName(testCase, this.#secrets)
  }

  onTestCaseReady(testCase: TestCase): void {
    if (testCase.result().state === 'pending') this.#hasBegun = true
  }

  onTestCaseResult(testCase: TestCase): void {
    if (testCase.result().state !== 'skipped') this.#hasBegun = true
    this.#view.remove(testCase.id)
    this.#learnSecrets(testCase)
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
    if (this.#hasBegun)
      this.#folder.saveProgress(this.#results([...this.#finished.values()], [], false, this.#conditions()))
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
    // Until here all reporters have begun: those of the terminal have printed, those of files have yet to write.
    await Promise.resolve()
    const tests = modules.flatMap((module) => [...module.children.allTests()]).filter(isScenario)
    const scenarios = tests.map((testCase) => this.#scenarioAtEnd(testCase))
    tests.forEach((testCase, at) => {
      if (this.#isOfThisRun(testCase)) annotate(testCase, scenarios[at]!, this.#folder.fileOf('index.html'))
    })
    const errors = [...unhandled, ...modules.flatMap((module) => module.errors())]
    const merged = this.#isMerging
      ? mergeConditions(tests.flatMap((testCase) => testCase.meta().sloConditions ?? []))
      : undefined
    if (reason === 'interrupted') await this.#makeWay()
    const results = this.#results(scenarios, errors, reason !== 'interrupted', merged ?? this.#conditions())
    const isKept =
      !this.#hasBegun && !this.#isMerging && errors.length === 0 && existsSync(this.#folder.fileOf('results.json'))
    const failures = isKept ? [] : await this.#folder.finish(results, this.#earlier, process.env['GITHUB_STEP_SUMMARY'])
    this.#print(results, failures, isKept)
    const { signal } = this.#cancelling
    await this.#observers.tell((observer) => observer.onEnd?.({ watches: this.#vitest.config.watch, signal }))
    this.#earlier.learn(results)
    const { failed, invalid } = results.totals
    const fails = failed > 0 || (invalid > 0 && this.#options.onInvalid === 'fail')
    if (fails && !process.exitCode) process.exitCode = 1
  }

  /** A run that was stopped does not take the place of a whole one, which progress has written over by then. */
  async #makeWay(): Promise<void> {
    if (this.#complete === undefined || this.#isPartial) return
    await this.#folder.restoreResults(this.#complete)
    await this.#choosePlace(true)
  }

  #scenarioAtEnd(testCase: TestCase): ScenarioResult {
    if (!this.#isOfThisRun(testCase)) return unbegun(testCase)
    return this.#finished.get(testCase.id) ?? scenarioOf(testCase, this.#cancelling.signal.aborted)
  }

  #isOfThisRun({ module }: TestCase): boolean {
    return this.#isMerging || this.#collected.has(module.id)
  }

  get #outputDir(): string {
    return resolve(this.#vitest.config.root, this.#options.outputDir)
  }

  async #choosePlace(isPartial: boolean): Promise<void> {
    this.#isPartial = isPartial
    const path = await reportFolderOf(this.#outputDir, isPartial)
    if (this.#folder.path !== path) this.#folder = new ReportFolder(path)
  }

  /** Reports of earlier commands are put together; nothing is measured. */
  get #isMerging(): boolean {
    return this.#vitest.config.mergeReports !== undefined
  }

  /** Of this command, as of now. */
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

  /** Values to mask: those of the run, and those that scenarios registered. The same list as long as nothing is added. */
  get #secrets(): readonly string[] {
    const { secrets = [] } = runInfoOf(this.#vitest.projects)
    const count = secrets.length + this.#registered.size
    if (this.#known.length !== count || secrets[0] !== this.#known[0]) this.#known = [...secrets, ...this.#registered]
    return this.#known
  }

  /** They come with the test's record and must not go on from here: other reporters write that. */
  #learnSecrets(testCase: TestCase): void {
    const meta = testCase.meta()
    for (const secret of meta.sloSecrets ?? []) this.#registered.add(secret)
    delete meta.sloSecrets
  }

  /** Once for a session; live figures are a comfort, so a run goes on without them. */
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

  /** Once for a session: later runs of it are compared with the ones before. */
  async #lookBack(): Promise<void> {
    if (this.#hasLookedBack) return
    this.#hasLookedBack = true
    const { compareWith } = this.#options
    const file =
      compareWith === undefined ? join(this.#outputDir, 'results.json') : resolve(this.#vitest.config.root, compareWith)
    try {
      this.#earlier.learn(await readResults(file))
    } catch (error) {
      if (compareWith !== undefined || existsSync(file))
        this.#vitest.logger.warn(`vitest-slo: nothing to compare with: ${messageOf(error)}`)
    }
  }

  #print(results: Results, failures: readonly string[], isKept: boolean): void {
    const { logger } = this.#vitest
    if (results.scenarios.length > 0) {
      const summary = summaryOf(results, this.#earlier, logger.getColumns(), paintFor(logger.outputStream))
      logger.log(`\n${summary}\n`)
    }
    const isApart = this.#folder.path !== this.#outputDir
    const note = isKept
      ? ' (of an earlier run: no scenario began)'
      : isApart
        ? results.complete
          ? ' (of these scenarios; the report of all of them is unchanged)'
          : ' (of what was measured; the report of all scenarios is unchanged)'
        : ''
    if (failures.length === 0) logger.log(`Report  ${this.#folder.fileOf('index.html')}${note}\n`)
    else logger.error(`vitest-slo: the report could not be written, the verdict stands: ${failures.join('; ')}\n`)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
