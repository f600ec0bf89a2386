import { readFileSync, readlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { hostname } from 'node:os'
import type { TestSpecification, Vitest } from 'vitest/node'
import { GeneratorError } from '../generators/errors.ts'
import { openRendezvous } from '../generators/index.ts'
import { COMMAND_LOG } from '../generators/local-hub.ts'
import type { GeneratorPlace } from '../generators/place.ts'
import type { Rendezvous } from '../generators/rendezvous.ts'
import { clearTimeout, setTimeout } from '../machine/clock.ts'
import { LocalGenerators } from './local-generators.ts'

const { version } = createRequire(import.meta.url)('../../package.json') as { readonly version: string }

/** Longest wait for the verdicts of other generators if this one did not pass. */
const FAILED_WAIT_MS = 15_000

/** What must be the same on all generators, or decides what is possible. */
interface Machine {
  readonly version: string
  readonly node: string
  /** Distinguishes machines and containers, which cannot reach each other's loopback addresses. */
  readonly loopback: string
}

/** The rendezvous of the current run's commands. */
interface CurrentRun {
  readonly place: GeneratorPlace
  readonly rendezvous: Rendezvous
  /** Details of generator 1, once it has published them. */
  readonly details: Promise<unknown>
  readonly publish: (details: unknown) => void
}

/**
 * This command as one of several generators. Generator 1 starts services and target, and passes their details to the others.
 */
export class CommandGenerators implements AsyncDisposable {
  /** Whether this is generator 1, which starts services and writes the reports. */
  readonly isFirst: boolean
  readonly #vitest: Vitest
  readonly #redact: (line: string) => string
  readonly #local: number | undefined
  readonly #timeoutMs: number
  #place: GeneratorPlace | undefined
  #generators: LocalGenerators | undefined
  #run: CurrentRun | undefined
  #isStopped = false

  /**
   * @param from the place of this command, or the number of generators that it starts on this machine
   * @param redact masks secrets in output of the other generators
   */
  constructor(vitest: Vitest, from: GeneratorPlace | number, timeoutMs: number, redact: (line: string) => string) {
    this.#vitest = vitest
    this.#redact = redact
    this.#timeoutMs = timeoutMs
    this.#local = typeof from === 'number' ? from : undefined
    this.#place = typeof from === 'number' ? undefined : from
    this.isFirst = typeof from === 'number' || from.index === 0
  }

  /** Place of this command in the current run, for its workers. Secret. */
  get place(): GeneratorPlace | undefined {
    return this.#place
  }

  /** Starts the other generators on this machine for the files of a run. */
  async begin(specifications: readonly TestSpecification[]): Promise<void> {
    if (this.#local === undefined) return
    await this.#leave()
    this.#isStopped = false
    this.#generators ??= await LocalGenerators.create(this.#local, this.#vitest, this.#redact)
    this.#place = await this.#generators.begin(specifications, this.#timeoutMs)
  }

  /** The run is cancelled: the other generators are not awaited. */
  stop(): void {
    this.#isStopped = true
  }

  /**
   * Compares the verdicts of all generators after a run, then ends those on this machine.
   *
   * @returns why the run must not pass: they differ, or a generator is lost; `undefined` if there is no reason
   */
  async end(passed: boolean): Promise<string | undefined> {
    let objection: string | undefined
    let failed: readonly number[] = []
    let isHung = false
    if (this.#run !== undefined && !this.#isStopped) {
      try {
        const met = this.#run.rendezvous.barrier('the end of the run', passed)
        // The command fails in any case: a generator that hangs, and was lost in a run, is not awaited for minutes.
        const verdicts = await (passed ? met : within(FAILED_WAIT_MS, met))
        met.catch(() => {})
        isHung = verdicts === undefined
        failed = (verdicts ?? []).flatMap((one, index) => (one ? [] : [index + 1]))
        if (failed.length > 0 && failed.length < (verdicts ?? []).length)
          objection = `the scenarios did not pass on generator ${failed.join(', ')}, but on the others\nFix: let scenarios assert on the runs and on what every generator receives, not on what only one of them has`
      } catch (error) {
        objection = (error as Error).message
      }
    }
    await this.#leave()
    await this.#generators?.end(objection === undefined ? [] : failed, isHung)
    return objection
  }

  /** Joins the other commands, before services start. @throws {GeneratorError} if that fails */
  async join(): Promise<void> {
    if (this.#run !== undefined) return
    const place = this.#place!
    const rendezvous = await openRendezvous(place, COMMAND_LOG)
    const published = Promise.withResolvers<unknown>()
    // Claimed at once: services may take longer to start than the others wait for a generator.
    const details = rendezvous.once('the start of services and target', () => published.promise, { by: 0 })
    details.catch(() => {})
    this.#run = { place, rendezvous, details, publish: published.resolve }
    if (place.address.kind === 'local' && place.index > 0)
      rendezvous.onAbort(({ kind }) => {
        // Generator 1 has ended, which would otherwise stop this process.
        if (kind === 'unreachable') process.exit(1)
      })
  }

  /** Passes the details of services and target to the other generators. Only the first call in a run counts. */
  publish(details: unknown): void {
    this.#run?.publish(details)
  }

  /**
   * Waits for all generators.
   *
   * @param startsTarget whether generator 1 starts the target on its machine
   * @returns the details that generator 1 published
   * @throws {GeneratorError} if a generator does not come, or cannot work with the others
   */
  async meet<Details>(startsTarget: boolean, signal: AbortSignal): Promise<Details> {
    const { rendezvous, details } = this.#run!
    const meet = async () => {
      const received = await details
      checkMachines(await rendezvous.barrier('the start of all generators', machine()), startsTarget)
      return received as Details
    }
    const { promise: stopped, reject } = Promise.withResolvers<never>()
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort)
    try {
      return await Promise.race([meet(), stopped])
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leave()
    await this.#generators?.[Symbol.asyncDispose]()
  }

  async #leave(): Promise<void> {
    const run = this.#run
    this.#run = undefined
    await run?.rendezvous[Symbol.asyncDispose]()
  }
}

function machine(): Machine {
  return { version, node: process.version, loopback: `${hostname()} ${networkNamespace()}` }
}

function networkNamespace(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/net')}`
  } catch {
    return ''
  }
}

/** @throws {GeneratorError} if the generators cannot work together */
export function checkMachines(machines: readonly Machine[], startsTarget: boolean): void {
  for (const name of ['version', 'node'] as const) {
    const others = machines.flatMap((one, index) => (one[name] === machines[0]![name] ? [] : [index]))
    if (others.length === 0) continue
    const what = name === 'version' ? 'vitest-slo' : 'Node.js'
    throw new GeneratorError(
      `generators have different versions of ${what}: 1 has ${machines[0]![name]}, ${others.map((index) => `${index + 1} has ${machines[index]![name]}`).join(', ')}`,
      'run the same image or the same installation on every generator',
    )
  }
  const otherMachines = machines.flatMap((one, index) => (one.loopback === machines[0]!.loopback ? [] : [index + 1]))
  if (!startsTarget || otherMachines.length === 0) return
  throw new GeneratorError(
    `generator 1 starts the target on its machine, where generators ${otherMachines.join(', ')} cannot reach it: they run on other machines`,
    'start the target yourself and set PERF_TARGET_URL to an address that all generators can reach, or use generators on one machine: definePerfConfig({ generators: 4 })',
  )
}

/** The result of a promise, or `undefined` after a time. The timer does not outlive the result: it would delay the exit. */
async function within<T>(ms: number, result: Promise<T>): Promise<T | undefined> {
  const { promise: timeout, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(resolve, ms, undefined)
  try {
    return await Promise.race([result, timeout])
  } finally {
    clearTimeout(timer)
  }
}
