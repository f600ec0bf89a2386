import type { StartableTarget } from '../comparison/builds.ts'
import type { ControlAddress } from '../control/disruption.ts'
import type { Scale } from '../load/scale.ts'
import type { HostPolicy } from '../machine/allowed-hosts.ts'
import type { Store } from '../machine/store-kinds.ts'
import type { TlsOptions } from '../machine/tls.ts'
import type { ProvidedObservation } from './observation.ts'

/** What the main process tells the workers: where everything is, and how much load is wanted. Plain JSON. */
export interface ProvidedSlo {
  readonly scale: Scale
  /** Seeds every random choice of the run; printed, so that a run can be repeated. */
  readonly seed: number
  /** Names this invocation's rows and operations apart from any other's. */
  readonly runId: string
  /** Which hosts may be reached. */
  readonly hosts: HostPolicy
  /** Absent if the config names no target. */
  readonly target?: ProvidedTarget
  /** Why services and target are not up, where they could not be started; every scenario fails with it. */
  readonly startFailure?: string
  /** Connection details by service name. Secret: never reported. */
  readonly services: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** What the ledger, `sql()` and capacity can read. Secret: never reported. */
  readonly stores: readonly Store[]
  /** Where metrics and capacity are looked for. Secret: never reported. */
  readonly observation: ProvidedObservation
  /** Whether baselines are stored anew (`vitest -u`), if there are none yet, or not at all (CI): as snapshots are. */
  readonly updateBaselines: 'all' | 'new' | 'none'
  /** How the config's target is started; absent if it has no command. May hold secrets. */
  readonly startable?: StartableTarget
  /** Set where this invocation compares two builds: the other one. */
  readonly comparison?: ProvidedComparison
  /** Takes orders to disrupt target and services; absent if the target was not started by us. Secret: never reported. */
  readonly control?: ControlAddress
  /** Whether services go back to the state after their start before each scenario. */
  readonly resetEachScenario: boolean
  /** What evidence that cannot be judged does to its test. */
  readonly onInvalid: 'fail' | 'warn'
  /** Scenarios run again as they are saved. */
  readonly isWatching: boolean
}

export interface ProvidedComparison {
  /** How the other build is named. */
  readonly label: string
  readonly base: ProvidedTarget
  readonly slices?: number
}

export interface ProvidedTarget {
  /** One base URL for each instance, with credentials. Secret. */
  readonly urls: readonly string[]
  /** Base URLs of the instances' internal listeners, where they have one. */
  readonly internalUrls: readonly string[]
  /** Of every connection to it. Secret. */
  readonly tls?: TlsOptions
  /** Process ids of the instances that we started; empty for a target given by URL. */
  readonly pids: readonly number[]
  /** It was running before us and goes on afterwards: what is not known of it is not a mistake. */
  readonly isElsewhere: boolean
}

declare module 'vitest' {
  interface ProvidedContext {
    slo: ProvidedSlo
  }
}
