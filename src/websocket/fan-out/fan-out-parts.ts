import type { HeartbeatCounts } from '../../evidence/fan-out-counts.ts'
import type { FeedFigures } from '../../evidence/fan-out-record.ts'
import type { GeneratorHealth } from '../../evidence/generator-health.ts'
import type { GeneratorLimits } from '../../execution/generator-limits.ts'
import type { ClientStates } from './client-states.ts'
import type { DeliveryLedger } from './delivery-ledger.ts'
import type { PlacedFanOut } from './fan-out-options.ts'
import type { ForeignLabels } from './group-labels.ts'
import type { Identifier } from './identifier.ts'
import type { Moves } from './moves.ts'
import type { OpenDeliveries } from './open-deliveries.ts'

/** What a fan-out leaves behind, from which its account is drawn up. */
export interface FanOutParts {
  readonly plan: PlacedFanOut
  readonly ledger: DeliveryLedger
  readonly sockets: ClientStates
  /** What to do about handshakes that all failed, if that was found out. */
  readonly diagnosis: string | undefined
  /** First instant of publishing, on the clock of `nowUs()`. */
  readonly startUs: number
  readonly publishedMs: number
  readonly openingMs: number
  /** How the generator fared while sockets were opened; `undefined` if that broke off. */
  readonly openingHealth: GeneratorHealth | undefined
  readonly abortReason: string | undefined
  readonly identifier: Pick<Identifier<unknown>, 'unidentified' | 'sample' | 'others' | 'heartbeat'>
  readonly moves: Pick<Moves, 'made' | 'unacknowledged'>
  /** Moves that were due after the end of the run. */
  readonly movesAfterEnd: number
  readonly open: OpenDeliveries
  /** Of a feed. */
  readonly feed: FeedFigures | undefined
  /** Deliveries that could not be kept until their ids were known. */
  readonly lostDeliveries: number
  /** Messages that carry ids which the target gave to several publications. */
  readonly ambiguous: { readonly count: number; readonly sample: string } | undefined
  /** Names of groups in messages that say nothing about the groups of the run. */
  readonly foreignLabels: ForeignLabels | undefined
  readonly sendFailure: string | undefined
  readonly heartbeats: HeartbeatCounts | undefined
  /** What is to be said about the connections. */
  readonly connectionNotes: readonly string[]
  readonly generator: GeneratorHealth
  /** Generator processes that ended before they were told to, in words. */
  readonly lostProcesses: readonly string[]
  readonly limits: GeneratorLimits
}
