import type { ServiceContext, StartedService } from '../service.ts'

/** One running instance of the target. Plain data. */
export interface TargetInstance {
  /** Without a trailing slash: `http://127.0.0.1:21345`. */
  readonly baseUrl: string
  /** URL of the internal listener; not set if there is none. */
  readonly internalUrl?: string
  /** Not set for an external target. */
  readonly pid?: number
}

/** Unexpected exit of an instance. */
export interface TargetExit {
  readonly instance: number
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The exit and the last lines of output, without secrets. */
  readonly message: string
  /** The exit and the line that explains it best, without secrets: `exit code 1, with "Error: no memory"`. */
  readonly reason: string
}

/** A target that is ready for load. */
export interface StartedTarget extends AsyncDisposable {
  /** Source: started by its command, or already running. */
  readonly provider: 'command' | 'external'
  /** One line without secrets. */
  readonly summary: string
  /** Running instances. A restart changes the pids and keeps the URLs. */
  readonly instances: readonly TargetInstance[]
  /** Whether every instance runs; always true for an external target. */
  readonly running: boolean
  /**
   * Stops every instance and starts it again on the same ports.
   * @throws {ServiceError} for an external target
   */
  restart(): Promise<void>
  /**
   * Kills one instance, as a crash does.
   * @returns a function that starts it again on the same ports and waits until it is ready
   * @throws {ServiceError} for an external target, or an instance that does not exist
   */
  kill(instance: number): Promise<() => Promise<void>>
  /** Calls `listener` for every instance that exits unexpectedly. @returns a function that removes it */
  onExit(listener: (exit: TargetExit) => void): () => void
}

/** Context in which the target starts. */
export interface TargetContext extends Omit<ServiceContext, 'isTargetExternal'> {
  /** The started services. */
  readonly services: readonly StartedService[]
  /** Whether the load is at full scale. */
  readonly fullScale: boolean
}

/** Path and time limit of the readiness check. */
export interface Readiness {
  readonly readyPath: string
  readonly readyTimeoutMs: number
}
