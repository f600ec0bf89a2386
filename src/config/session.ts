import { randomBytes } from 'node:crypto'
import type { TestProject, TestRunEndReason, TestSpecification, Vitest } from 'vitest/node'
import { secretsOfAddress } from '../generators/place.ts'
import { describeScale, type Scale } from '../load/scale.ts'
import { hostsForFullLoad, setHostPolicy, type HostPolicy } from '../machine/allowed-hosts.ts'
import { clearTimeout, setTimeout, wallMs } from '../machine/clock.ts'
import type { NotedExit } from '../machine/noted-exit.ts'
import { plainTls } from '../machine/tls.ts'
import { EXPORTER } from '../metrics/exporter-options.ts'
import { Problems } from '../options/problems.ts'
import { redactText, secretsOf } from '../options/redact.ts'
import { isRecord } from '../options/schema.ts'
import { RUN_INFO, type RunInfo } from '../report/run-info.ts'
import { startControlServer, type ControlServer } from '../services/control-server.ts'
import { checkEnvironment } from '../services/environment-mistakes.ts'
import {
  startEnvironment,
  type Environment,
  type EnvironmentContext,
  type EnvironmentDetails,
  type EnvironmentOptions,
  type TargetDetails,
} from '../services/environment.ts'
import type { TargetOptions } from '../services/target/target-options.ts'
import type { Target } from '../services/target/target.ts'
import type { WatchedFiles } from '../services/target/watched-files.ts'
import { formatDuration } from '../stats/units.ts'
import { CommandGenerators } from './command-generators.ts'
import { comparedBase, startBase, type ComparedBase } from './compared-base.ts'
import { canStart, collect, CONFIG, readSecrets, seedOf, type PerfConfig } from './config-options.ts'
import type { SeveralGenerators } from './generators-option.ts'
import { onFirstInterrupt, signalExitCode } from './interrupts.ts'
import { Observation } from './observation.ts'
import type { ProvidedSlo, ProvidedTarget } from './provided.ts'
import { refuseUnfit, refuseUnfitForSeveral } from './refused-options.ts'
import { chooseScale, type ScaleChoice } from './scale-choice.ts'
import { isUserError, isWorkerError, withoutStack } from './user-errors.ts'
import { watchTarget } from './watch-target.ts'
import { Workers } from './workers.ts'

/** Time limit for the cleanup of a cancelled scenario, including its hooks. */
const LONGEST_END_MS = 5_000

/** One invocation of Vitest: starts services and target, provides the workers with data, and handles interrupts. */
export class Session {
  readonly #config: PerfConfig
  readonly #vitest: Vitest
  /** The config's project, and the one that Vitest derives from it if benchmarks are enabled. */
  readonly #projects = new Set<TestProject>()
  /** Cancels the current start of services and target. */
  #starting = new AbortController()
  #isStarting = false
  /** The signal that ends the command. */
  #interruptedBy: NodeJS.Signals | undefined
  readonly #choice: ScaleChoice
  readonly #seed: number
  readonly #observation: Observation
  /** Values of the environment variables that the config calls secret. */
  readonly #secrets: readonly string[]
  readonly #hosts: HostPolicy
  readonly #compared: ComparedBase | undefined = comparedBase(process.env)
  #environment: Environment | undefined
  #base: Environment | undefined
  #control: ControlServer | undefined
  #started: Promise<void> | undefined
  /** Files of the target, in watch mode and if the run starts the target. */
  #watched: WatchedFiles | undefined
  /** The reason why services or target did not start. */
  #startFailure: string | undefined
  /** Not set if this command is the only generator. */
  readonly #generators: CommandGenerators | undefined
  /** Details of the current run that generator 1 passed to all generators. */
  #shared: SessionDetails | undefined
  #hasStarted = false
  readonly #workers = new Workers()
  #restoreSignals = () => {}

  /**
   * @param generators not set if this command is the only generator
   * @throws {OptionsError} if the scale, options or variables are invalid
   */
  constructor(config: PerfConfig, vitest: Vitest, project: TestProject, generators?: SeveralGenerators) {
    this.#config = config
    this.#vitest = vitest
    const redact = (line: string) => redactText(line, [...this.#secrets, ...(this.#details().runInfo.secrets ?? [])])
    this.#generators = generators && new CommandGenerators(vitest, generators.from, generators.timeoutMs, redact)
    const problems = new Problems()
    const read = CONFIG.read(problems, '', config)
    refuseUnfit(problems, project.config, config.test)
    if (generators !== undefined)
      refuseUnfitForSeveral(problems, vitest.config, this.#compared !== undefined, generators)
    this.#seed = seedOf(problems, read, process.env)
    const choice = collect(problems, () =>
      chooseScale({
        environment: process.env['PERF_SCALE'],
        mode: project.vite.config.mode,
        config: config.scale,
        watch: vitest.config.watch,
      }),
    )
    this.#secrets = readSecrets(problems, read, process.env)
    this.#hosts = hostPolicy(config, choice?.scale)
    setHostPolicy(this.#hosts)
    if (isRecord(config.exporter)) EXPORTER.read(problems, 'exporter', config.exporter)
    const { services = [], target } = read
    checkEnvironment(problems, { services, target: canStart(target) ? target : undefined }, process.env)
    const observation = collect(problems, () => new Observation(config, process.env))
    problems.throwIfAny('definePerfConfig()')
    this.#choice = choice!
    this.#observation = observation!
  }

  /**
   * Starts services and target, once, and provides the workers of a project with their details. In watch mode they keep
   * running between reruns.
   */
  async start(project: TestProject): Promise<void> {
    this.#projects.add(project)
    this.#started ??= this.#start(project)
    await this.#started
    this.#hasStarted = true
    this.#provide()
  }

  /**
   * Called before each run: starts the other generators on this machine. In the first run, services start afterwards; they
   * keep running between reruns.
   */
  async beginRun(specifications: readonly TestSpecification[]): Promise<void> {
    const generators = this.#generators
    if (generators === undefined) return
    await generators.begin(specifications)
    if (!this.#hasStarted) return
    this.#starting = new AbortController()
    try {
      await generators.join()
      await this.#meet(generators, this.#starting.signal)
    } catch (error) {
      this.#reportStartFailure(error as Error)
    }
    this.#provide()
  }

  /** Called after each run: a run that does not pass on every generator fails on all. */
  async endRun(reason: TestRunEndReason): Promise<void> {
    const objection = await this.#generators?.end(reason === 'passed')
    if (objection === undefined) return
    this.#vitest.logger.error(`\n${redactText(objection, this.#secrets)}\n`)
    process.exitCode = 1
  }

  async #start(project: TestProject): Promise<void> {
    this.#restoreSignals = onFirstInterrupt((signal) => void this.#interrupt(signal))
    this.#ignoreEndedWorkers()
    const { scale, source } = this.#choice
    this.#log(`scale ${describeScale(scale)} (${source})`)
    if (this.#vitest.config.watch)
      this.#watched = watchTarget(this.#config, this.#vitest, project, (line) => this.#log(line))
    await this.#startEnvironment()
    if (!this.#vitest.config.watch) return
    project.onTestsRerun(() => this.#beforeRerun())
  }

  /**
   * Starts services and target. A failed start fails each scenario with the reason: an error thrown from here would leave
   * reports, such as a JUnit file, without any scenario. It is thrown if a comparison lacks a build.
   */
  async #startEnvironment(): Promise<void> {
    const starting = new AbortController()
    this.#starting = starting
    this.#isStarting = true
    // A key that cancels a run in watch mode, such as Ctrl-C, also cancels the start.
    this.#vitest.onCancel(() => {
      if (this.#isStarting) starting.abort(new Error(STOPPED))
    })
    try {
      await this.#generators?.join()
      if (this.#generators?.isFirst !== false) {
        this.#environment = await startEnvironment(this.#environmentOptions, this.#startContext(starting.signal))
        if (this.#compared !== undefined)
          this.#base = await this.#startBase(this.#compared, this.#environment, starting.signal)
        this.#control = await controlOf(this.#environment)
      }
      // The interrupt came after the start had finished.
      if (this.#interruptedBy !== undefined) throw new Error(STOPPED)
      if (this.#generators !== undefined) await this.#meet(this.#generators, starting.signal)
    } catch (error) {
      if (this.#interruptedBy !== undefined) {
        await this.#cleanUp()
        // Nothing was measured, so an earlier report is kept. Vitest's own exit would wait for this start.
        process.exit()
      }
      if (starting.signal.aborted) return this.#failStart(STOPPED)
      if (this.#compared !== undefined || !isUserError(error)) throw withoutStack(error)
      this.#reportStartFailure(error)
      // Ordinary tests may pass, but the command must not.
      if (!this.#vitest.config.watch) process.exitCode = 1
      return
    } finally {
      this.#isStarting = false
    }
    this.#startFailure = undefined
    for (const environment of [this.#environment, this.#base])
      environment?.onTargetExit(({ message }) => this.#vitest.logger.error(`\n${message}\n`))
  }

  /** Waits for all generators and passes them the details of services and target. */
  async #meet(generators: CommandGenerators, signal: AbortSignal): Promise<void> {
    this.#shared = undefined
    if (generators.isFirst) generators.publish(this.#details())
    const startsTarget = this.#config.target?.isExternal(process.env) === false
    this.#shared = await generators.meet<SessionDetails>(startsTarget, signal)
  }

  /** Starts the other build of a comparison; if that fails, the first one is cleaned up. */
  async #startBase(compared: ComparedBase, head: Environment, signal: AbortSignal): Promise<Environment> {
    const context = this.#startContext(signal)
    return startBase(compared, this.#environmentOptions, context, head).catch(async (error: Error) => {
      await head[Symbol.asyncDispose]()
      throw error
    })
  }

  get #environmentOptions(): EnvironmentOptions {
    const { services, target } = this.#config
    const { scale } = this.#choice
    return {
      ...(services && { services }),
      ...(target && { target }),
      scale: scale.name === 'full' ? 'full' : scale.users,
      ...(this.#watched && { watched: this.#watched }),
    }
  }

  #startContext(signal: AbortSignal): EnvironmentContext {
    return { signal, log: (line) => this.#log(line) }
  }

  #failStart(reason: string): void {
    this.#startFailure = reason
  }

  /** Stops services and target after the last project. */
  async stop(project: TestProject): Promise<void> {
    this.#projects.delete(project)
    if (this.#projects.size > 0) return
    this.#restoreSignals()
    this.#workers[Symbol.dispose]()
    await this.#cleanUp()
  }

  async #cleanUp(): Promise<void> {
    await this.#generators?.[Symbol.asyncDispose]()
    await this.#control?.[Symbol.asyncDispose]()
    await Promise.all([this.#environment?.[Symbol.asyncDispose](), this.#base?.[Symbol.asyncDispose]()])
  }

  /** Starts or restarts before a rerun. A target that fails to start fails its scenarios; the next change retries. */
  async #beforeRerun(): Promise<void> {
    this.#shared = undefined
    if (this.#environment === undefined)
      await this.#startEnvironment().catch((error: Error) => this.#reportStartFailure(error))
    else await this.#restartTarget(this.#environment)
    this.#provide()
  }

  async #restartTarget(environment: Environment): Promise<void> {
    try {
      const reason = await environment.restartTargetIfChanged()
      if (reason !== undefined) this.#log(`target restarted: ${reason}`)
      this.#startFailure = undefined
    } catch (error) {
      if (this.#interruptedBy === undefined) this.#reportStartFailure(error as Error)
    }
  }

  #reportStartFailure(error: Error): void {
    const { message, stack = message } = error
    this.#failStart(message)
    this.#vitest.logger.error(`\n${redactText(isUserError(error) ? message : stack, this.#secrets)}\n`)
  }

  #provide(): void {
    const { slo, runInfo } = this.#shared ?? this.#details()
    const generators = this.#generators?.place
    // Others wait for the details, also if the start has failed.
    if (this.#generators?.isFirst) this.#generators.publish({ slo, runInfo } satisfies SessionDetails)
    const secrets = [...(runInfo.secrets ?? []), ...(generators ? secretsOfAddress(generators.address) : [])]
    for (const project of this.#projects) {
      project.provide('slo', { ...slo, isWatching: this.#vitest.config.watch, ...(generators && { generators }) })
      project.provide(RUN_INFO, { ...runInfo, secrets })
    }
  }

  #details(): SessionDetails {
    const { scale } = this.#choice
    const details: EnvironmentDetails = this.#environment?.details ?? { services: {}, stores: [] }
    const services = Object.entries(details.services)
    const slo: ProvidedSlo = {
      scale,
      seed: this.#seed,
      hosts: this.#hosts,
      onInvalid: this.#config.onInvalid ?? 'fail',
      isWatching: this.#vitest.config.watch,
      runId: randomBytes(6).toString('hex'),
      services: Object.fromEntries(services.map(([name, { connection }]) => [name, connection])),
      stores: details.stores,
      observation: this.#observation.of(details.target),
      ...(this.#startFailure !== undefined && { startFailure: this.#startFailure }),
      ...(details.target && { target: providedTarget(details.target) }),
      ...(this.#control && { control: this.#control.address }),
      resetEachScenario: this.#config.reset === 'each-scenario',
      updateBaselines: this.#vitest.config.snapshotOptions.updateSnapshot,
      ...startableTarget(this.#config.target?.options),
      ...this.#comparison(),
    }
    const secretUrls = [
      ...services.flatMap(([, { connection }]) => Object.values(connection)),
      ...this.#observation.secretUrls,
      ...(details.target?.instances ?? []).flatMap(({ baseUrl, internalUrl = '' }) => [baseUrl, internalUrl]),
    ]
    const runInfo = {
      scale: scale.name,
      services: services.map(([name, { provider, summary }]) => ({ name, provider, summary })),
      secrets: [
        ...this.#secrets,
        ...this.#observation.secrets,
        ...secretUrls.flatMap(secretsOf),
        ...(this.#control ? [this.#control.address.token] : []),
        details.target?.tls?.passphrase ?? '',
      ],
    }
    return { slo, runInfo }
  }

  #comparison(): Pick<ProvidedSlo, 'comparison'> {
    const target = this.#base?.details.target
    if (this.#compared === undefined || target === undefined) return {}
    const { label, slices } = this.#compared
    return { comparison: { label, base: providedTarget(target), ...(slices !== undefined && { slices }) } }
  }

  /** Cancels the run: Vitest then stops the load and reports partial results. */
  async #interrupt(signal: NodeJS.Signals): Promise<void> {
    this.#interruptedBy = signal
    // Vitest sets the exit code 1 for a cancelled run, and for one whose worker was killed.
    process.once('exit', () => void (process.exitCode = signalExitCode(signal)))
    this.#starting.abort(new Error(STOPPED))
    this.#generators?.stop()
    if (this.#isStarting) {
      this.#vitest.logger.log(`\n${signal}: ${STOPPED}; cleaning up. A second signal stops immediately.`)
      return
    }
    this.#vitest.logger.log(`\n${signal}: stopping the load and cleaning up. A second signal stops immediately.`)
    const timer = setTimeout(() => this.#endWorkers(), LONGEST_END_MS)
    await this.#vitest.cancelCurrentRun('keyboard-input')
    clearTimeout(timer)
    if (this.#vitest.config.watch) await this.#vitest.exit(true)
  }

  /** After a signal, workers may be killed. Vitest reports that as an error of the scenarios. */
  #ignoreEndedWorkers(): void {
    const { state } = this.#vitest
    const previous = state.onUnhandledError
    state.onUnhandledError = (error) => {
      if (this.#interruptedBy !== undefined && isWorkerError(error)) return false
      return previous?.(error)
    }
  }

  /** Kills workers: a scenario that never yields cannot be cancelled. */
  #endWorkers(): void {
    if (this.#workers.end() === 0) return
    const waited = formatDuration(LONGEST_END_MS)
    this.#vitest.logger.error(`\nA scenario is still running ${waited} after it was cancelled; its process is killed.`)
  }

  #log(line: string): void {
    // The summary of a custom service may contain secrets.
    this.#vitest.logger.log(`vitest-slo  ${redactText(line, this.#secrets)}`)
  }
}

/** What the workers of every generator receive. Plain JSON. */
interface SessionDetails {
  readonly slo: ProvidedSlo
  readonly runInfo: RunInfo
}

const STOPPED = 'stopped while services and target were starting'

/** Hosts that runs may reach: those of the config, and for load those of the target. */
function hostPolicy({ allowRemote = [], target }: PerfConfig, scale: Scale | undefined): HostPolicy {
  const isFull = scale?.name === 'full' || (scale?.users ?? 0) >= 1
  return {
    allowRemote: [allowRemote].flat().map(String),
    // JavaScript configs are not type-checked.
    allowLoadOn: [(target as Partial<Target> | undefined)?.options?.allowRemote ?? []].flat().map(String),
    ...(isFull && { allowFullLoadOn: hostsForFullLoad(process.env) }),
  }
}

/** Control server of services and target; `undefined` for an external target, which is not disrupted or reset. */
async function controlOf(environment: Environment): Promise<ControlServer | undefined> {
  if (environment.details.target?.provider === 'external') return undefined
  const exits: NotedExit[] = []
  environment.onTargetExit(({ reason }) => exits.push({ timeMs: wallMs(), reason }))
  return startControlServer({
    targetExits: () => exits,
    disrupt: (disruption, signal) => environment.disrupt(disruption, signal),
    reset: (service) => environment.reset(service),
    targetPids: () => environment.details.target?.instances.flatMap(({ pid }) => pid ?? []) ?? [],
  })
}

function providedTarget({ instances, provider, tls }: TargetDetails): ProvidedTarget {
  return {
    urls: instances.map(({ baseUrl }) => baseUrl),
    internalUrls: instances.flatMap(({ internalUrl }) => internalUrl ?? []),
    ...(tls && { tls }),
    pids: instances.flatMap(({ pid }) => pid ?? []),
    isExternal: provider === 'external',
  }
}

/** Options to start the config's target in other folders, without functions, which cannot be passed to the workers. */
function startableTarget(options: TargetOptions | undefined): Pick<ProvidedSlo, 'startable'> {
  if (options?.command === undefined) return {}
  const { env, tls, ...others } = options
  const plain = { ...others, ...(tls && { tls: plainTls(tls) }) }
  const hasEnvFunction = typeof env === 'function'
  return { startable: { options: hasEnvFunction || env === undefined ? plain : { ...plain, env }, hasEnvFunction } }
}
