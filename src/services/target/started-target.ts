import type { ServiceContext, StartedService } from '../service.ts'

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
  /**
   * Stops every instance and starts it again on the same ports.
   * @throws {ServiceError} for an external target
   */
  restart(): Promise<void>
  /**
   * Kills one instance, as a crash does.
   * @returns the function that starts it again on the same ports and waits until it is ready
   * @throws {ServiceError} for an external target, or an instance that does not exist
   */
  kill(instance: number): Promise<() => Promise<void>>
  /** Calls `listener` for every instance that ends unasked. @returns the function that stops it */
  onExit(listener: (exit: TargetExit) => void): () => void
}

/** What the target is started with, beside its options. */
export interface TargetContext extends Omit<ServiceContext, 'targetIsExternal'> {
  readonly services: readonly StartedService[]
  /** Whether the whole written load will be put on it. */
  readonly fullScale: boolean
}

/** How its readiness is asked for. */
export interface Readiness {
  readonly readyPath: string
  readonly readyTimeoutMs: number
}
