import type { HeartbeatCounts } from '../../evidence/fan-out-counts.ts'
import type { FailedJoins, FeedFigures } from '../../evidence/fan-out-record.ts'
import type { GeneratorHealth } from '../../evidence/generator-health.ts'
import type { MetricSeries } from '../../execution/custom-metrics/metric-recorder.ts'
import type { GeneratorLimits } from '../../execution/generator-limits.ts'
import type { ClientStates } from './client-states.ts'
import type { DeliveryTracker } from './delivery-tracker.ts'
import type { PlacedFanOut } from './fan-out-options.ts'
import type { ForeignLabels } from './group-labels.ts'
import type { Identifier } from './identifier.ts'
import type { Moves } from './moves.ts'
import type { OpenDeliveries } from './open-deliveries.ts'

/** Measurements of a finished fan-out, from which its record is made. */
export interface FanOutParts {
  readonly plan: PlacedFanOut
  readonly metrics: readonly MetricSeries[]
  readonly ledger: DeliveryTracker
  readonly sockets: ClientStates
  /** The fix if every handshake failed and the cause was found. */
  readonly diagnosis: string | undefined
  /** Instant at which publishing began, on the clock of `nowUs()`. */
  readonly startUs: number
  readonly publishedMs: number
  /** Instant until which messages were received, on the same clock. */
  readonly endUs: number
  readonly openingMs: number
  /** Health of the generator while sockets were opened; `undefined` if opening was interrupted. */
  readonly openingHealth: GeneratorHealth | undefined
  readonly abortReason: string | undefined
  readonly identifier: Pick<Identifier<unknown>, 'unidentified' | 'sample' | 'others' | 'heartbeat'>
  readonly moves: Pick<Moves, 'made' | 'unacknowledged' | 'rejected'>
  /** Moves that were due after the end of the run. */
  readonly movesAfterEnd: number
  readonly open: OpenDeliveries
  readonly failedJoins: FailedJoins | undefined
  /** Figures of a feed; `undefined` if the run published. */
  readonly feed: FeedFigures | undefined
  /** Deliveries that could not be stored until their ids were known. */
  readonly lostDeliveries: number
  /** Messages with ids that the target gave to several publications. */
  readonly ambiguous: { readonly count: number; readonly sample: string } | undefined
  /** Names of groups in messages that cannot be matched to the groups of the run. */
  readonly foreignLabels: ForeignLabels | undefined
  readonly sendFailure: string | undefined
  readonly heartbeats: HeartbeatCounts | undefined
  /** Notes about the connections for reports. */
  readonly connectionNotes: readonly string[]
  readonly generator: GeneratorHealth
  /** Messages about generator processes that exited before they were closed. */
  readonly lostProcesses: readonly string[]
  readonly limits: GeneratorLimits
}
