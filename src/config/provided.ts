import type { StartableTarget } from '../comparison/builds.ts'
import type { ControlAddress } from '../control/disruption.ts'
import type { GeneratorPlace } from '../generators/place.ts'
import type { Scale } from '../load/scale.ts'
import type { HostPolicy } from '../machine/allowed-hosts.ts'
import type { Store } from '../machine/store-kinds.ts'
import type { TlsOptions } from '../machine/tls.ts'
import type { ProvidedObservation } from './observation.ts'

/** Data of the main process for the workers: connection details, scale and options. Plain JSON. */
export interface ProvidedSlo {
  readonly scale: Scale
  /** Seed of every random choice of the run; printed, so that a run can be repeated. */
  readonly seed: number
  /** Distinguishes rows and operations of this invocation from those of others. */
  readonly runId: string
  /** Hosts that may be reached. */
  readonly hosts: HostPolicy
  /** Not set if the config has no target. */
  readonly target?: ProvidedTarget
  /** The reason why services or target did not start; every scenario fails with it. */
  readonly startFailure?: string
  /** Connection details by service name. Secret: never reported. */
  readonly services: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Stores that the ledger, `sql()` and capacity can read. Secret: never reported. */
  readonly stores: readonly Store[]
  /** Locations of metrics and capacity. Secret: never reported. */
  readonly observation: ProvidedObservation
  /** Whether to store all baselines (`vitest -u`), only new ones, or none (CI), as with snapshots. */
  readonly updateBaselines: 'all' | 'new' | 'none'
  /** Options to start the config's target; not set if it has no command. May contain secrets. */
  readonly startable?: StartableTarget
  /** The other build, if this invocation compares two builds. */
  readonly comparison?: ProvidedComparison
  /** Address of the control server; not set for an external target. Secret: never reported. */
  readonly control?: ControlAddress
  /** Whether services are reset before each scenario. */
  readonly resetEachScenario: boolean
  /** Whether an invalid run fails its test or only warns. */
  readonly onInvalid: 'fail' | 'warn'
  /** Place of this command among several generators; not set if it is the only one. Secret: never reported. */
  readonly generators?: GeneratorPlace
  /** Whether Vitest is in watch mode. */
  readonly isWatching: boolean
}

export interface ProvidedComparison {
  /** Name of the other build. */
  readonly label: string
  readonly base: ProvidedTarget
  readonly slices?: number
}

export interface ProvidedTarget {
  /** Base URL of each instance, with credentials. Secret. */
  readonly urls: readonly string[]
  /** Base URLs of the instances' internal listeners, if they have one. */
  readonly internalUrls: readonly string[]
  /** TLS options of every connection to the target. Secret. */
  readonly tls?: TlsOptions
  /** Process ids of started instances; empty for an external target. */
  readonly pids: readonly number[]
  /** Whether the target runs before and after the run: unknown details of it are then not an error. */
  readonly isExternal: boolean
}

declare module 'vitest' {
  interface ProvidedContext {
    slo: ProvidedSlo
  }
}
