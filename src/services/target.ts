import { durationMs } from '../options/checks.ts'
import type { Problem } from '../options/problems.ts'
import { ExternalTarget } from './target-external.ts'
import { validateTarget, type TargetOptions } from './target-options.ts'
import { StartedProcesses } from './target-process.ts'
import { ServiceError, type ServiceContext, type StartedService } from './service.ts'

/** One running instance of the target. Plain data. */
export interface TargetInstance {
  /** Without a slash at its end: `http://127.0.0.1:21345`. */
  readonly baseUrl: string
  /** The listener that is not public; not set when there is none. */
  readonly internalUrl?: string
  /** Not set when the target runs elsewhere. */
  readonly pid?: number
}

/** The end of an instance that nobody asked for. */
export interface TargetExit {
  readonly instance: number
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** What happened and the last lines it printed, without secrets. */
  readonly message: string
}

/** A target that takes load. */
export interface StartedTarget extends AsyncDisposable {
  readonly provider: 'command' | 'external'
  /** One line without secrets. */
  readonly summary: string
  /** After a restart the pids are others; the URLs stay. */
  readonly instances: readonly TargetInstance[]
  /** Whether every instance runs, as far as can be told. */
  readonly running: boolean
  /** The last lines an instance printed, oldest first, without secrets. */
  log(instance?: number): readonly string[]
  /**
   * Stops every instance and starts it again on the same ports.
   * @throws {ServiceError} for a target that runs elsewhere
   */
  restart(): Promise<void>
  /** Calls `listener` for every instance that ends unasked. @returns the function that stops it */
  onExit(listener: (exit: TargetExit) => void): () => void
}

/** What the target is started with, beside its options. */
export interface TargetContext extends Omit<ServiceContext, 'targetIsExternal'> {
  readonly services: readonly StartedService[]
  /** Whether the whole written load will be put on it. */
  readonly fullScale: boolean
}

/** The system under test: started by us, or running already. */
export interface Target {
  readonly options: TargetOptions
  readonly problems: readonly Problem[]
  /** Whether it runs already, by option or by `PERF_TARGET_URL`. */
  isExternal(env: NodeJS.ProcessEnv): boolean
  start(context: TargetContext): Promise<StartedTarget>
}

/**
 * The target as an option of the configuration.
 *
 * Ports are free ones unless given, and are told by environment (`PORT`, `INTERNAL_PORT`). It is ready when the `ready`
 * path answers 2xx. A URL that is not this machine needs its host in `allowRemote`, and at full scale also in the
 * variable `PERF_ALLOW_FULL_LOAD_ON`.
 */
export function target(options: TargetOptions): Target {
  const isExternal = (env: NodeJS.ProcessEnv) => Boolean(env['PERF_TARGET_URL']) || options.url !== undefined
  return {
    options,
    problems: validateTarget(options),
    isExternal,
    async start(context) {
      const readyPath = options.ready ?? '/healthz'
      const readyTimeoutMs = durationMs(options.readyTimeout ?? '30s') ?? Number.NaN
      if (isExternal(context.env)) return ExternalTarget.connect(options, { readyPath, readyTimeoutMs }, context)
      if (options.command !== undefined) {
        return StartedProcesses.start(options, options.command, { readyPath, readyTimeoutMs }, context)
      }
      throw new ServiceError('target', {
        problem: 'there is neither a command nor a URL',
        remedy: `Say how it is started, target({ command: ['node', 'src/main.ts'] }), or where it runs: PERF_TARGET_URL=http://127.0.0.1:3000.`,
      })
    },
  }
}
