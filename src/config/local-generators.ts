import { hostname } from 'node:os'
import type { TestSpecification, Vitest } from 'vitest/node'
import { LocalHub } from '../generators/local-hub.ts'
import { hubUrl, type GeneratorPlace } from '../generators/place.ts'
import { clearTimeout, setTimeout } from '../machine/clock.ts'
import { describeExit, ManagedProcess, type ProcessExit } from '../services/managed-process.ts'
import { Reaper } from '../services/reaper/reaper.ts'
import type { GeneratorCommand } from './generator-process.ts'
import { siblingModule } from './sibling-module.ts'

/** Time for the other generators to end after generator 1: they run the same files. */
const END_MS = 5_000
const STOP_MS = 3_000
/** Lines of a failed generator that are printed. */
const PRINTED_LINES = 40

type Redact = (line: string) => string

/** A further generator of the current run. */
interface LocalGenerator {
  readonly number: number
  readonly process: ManagedProcess
}

/**
 * The further generators on this machine. Each is a Vitest of its own that runs the same files; it is started for one run, and
 * ends with it, so watch mode starts new ones with the current code.
 */
export class LocalGenerators implements AsyncDisposable {
  readonly #count: number
  readonly #hub: LocalHub
  readonly #reaper: Reaper
  readonly #vitest: Vitest
  readonly #redact: Redact
  #generators: readonly LocalGenerator[] = []
  #runs = 0
  #isEnding = false

  private constructor(count: number, hub: LocalHub, reaper: Reaper, vitest: Vitest, redact: Redact) {
    this.#redact = redact
    this.#count = count
    this.#hub = hub
    this.#reaper = reaper
    this.#vitest = vitest
  }

  /**
   * @param count including generator 1, which is this process
   * @param redact masks secrets in output of the others
   */
  static async create(count: number, vitest: Vitest, redact: Redact): Promise<LocalGenerators> {
    return new LocalGenerators(count, await LocalHub.listen(), await Reaper.start(), vitest, redact)
  }

  /** Starts the other generators for the files of a run. @returns the place of generator 1 */
  async begin(specifications: readonly TestSpecification[], timeoutMs: number): Promise<GeneratorPlace> {
    await this.#stop(0)
    this.#isEnding = false
    this.#hub.forget(`run-${this.#runs}`)
    const runId = `run-${++this.#runs}`
    const command = JSON.stringify(commandOf(this.#vitest, specifications))
    const started = Array.from({ length: this.#count - 1 }, async (_, at): Promise<LocalGenerator> => {
      const number = at + 2
      const process = await ManagedProcess.start({
        command: globalThis.process.execPath,
        args: [siblingModule('./generator-process'), command],
        env: this.#environment(number, runId),
        cwd: globalThis.process.cwd(),
        reaper: this.#reaper,
      })
      const generator = { number, process }
      void process.exited.then((exit) => this.#onExit(generator, runId, exit))
      return generator
    })
    this.#generators = await Promise.all(started)
    const address = { kind: 'local', ...this.#hub.address } as const
    const source = `generators: ${this.#count}`
    return { index: 0, count: this.#count, source, runId, node: hostname(), timeoutMs, address }
  }

  /**
   * Waits until the other generators have ended, or stops them.
   *
   * @param failed numbers of those whose output is printed
   * @param isHung whether one did not end, so that none is awaited
   */
  async end(failed: readonly number[], isHung: boolean): Promise<void> {
    const generators = this.#generators
    this.#isEnding = true
    await this.#stop(isHung ? 0 : END_MS)
    for (const generator of generators) if (failed.includes(generator.number)) this.#print(generator)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop(0)
    await this.#hub[Symbol.asyncDispose]()
    await this.#reaper[Symbol.asyncDispose]()
  }

  async #stop(graceMs: number) {
    const generators = this.#generators
    this.#generators = []
    return Promise.all(
      generators.map(async ({ process }) => {
        const { promise, resolve } = Promise.withResolvers<void>()
        const timer = setTimeout(resolve, graceMs)
        const exit = await Promise.race([process.exited, promise])
        clearTimeout(timer)
        if (exit) return exit
        this.#isEnding = true
        return process.stop(STOP_MS)
      }),
    )
  }

  #onExit(generator: LocalGenerator, runId: string, exit: ProcessExit): void {
    const index = generator.number - 1
    this.#hub.end(runId, index, hostname())
    if (this.#isEnding || this.#hub.hasLeft(runId, index)) return
    this.#vitest.logger.error(`\nvitest-slo  generator ${generator.number} ended early: ${describeExit(exit)}`)
    this.#print(generator)
  }

  #print({ number, process }: LocalGenerator): void {
    for (const line of process.log.last(PRINTED_LINES))
      this.#vitest.logger.error(`generator ${number}: ${this.#redact(line)}`)
  }

  #environment(number: number, runId: string): NodeJS.ProcessEnv {
    const { NODE_OPTIONS: options = '', ...env } = globalThis.process.env
    return {
      ...env,
      // Two processes cannot have the same port of a debugger.
      NODE_OPTIONS: options.replaceAll(/--inspect\S*/g, '').trim(),
      PERF_GENERATOR: `${number}/${this.#count}`,
      PERF_GENERATORS: '',
      PERF_RENDEZVOUS_URL: hubUrl(this.#hub.address),
      PERF_RUN_ID: runId,
      NO_COLOR: '1',
    }
  }
}

function commandOf(vitest: Vitest, specifications: readonly TestSpecification[]): GeneratorCommand {
  const pattern = vitest.getGlobalTestNamePattern()
  const { root, bail = 0, tagsFilter, project } = vitest.config
  return {
    root,
    config: vitest.vite.config.configFile ?? false,
    mode: vitest.vite.config.mode,
    filters: specifications.flatMap(({ moduleId, testLines = [] }) =>
      testLines.length === 0 ? [moduleId] : testLines.map((line) => `${moduleId}:${line}`),
    ),
    projects: [project ?? []].flat(),
    ...(pattern !== undefined && { testNamePattern: pattern.source }),
    ...(tagsFilter !== undefined && { tagsFilter }),
    bail,
  }
}
