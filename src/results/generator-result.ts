import type { GeneratorHealth } from '../evidence/generator-health.ts'
import type { TimeStatsJson } from '../stats/summary.ts'

/** One of several generators of a run. Counts and times are of the judged phases. */
export interface GeneratorResult {
  /** From 1 to the number of generators, as in `PERF_GENERATOR=3/8`. */
  readonly number: number
  /** Name of its machine; absent if it was lost before it was known. */
  readonly node?: string
  /** When it was lost, in milliseconds since the start of the run; absent if unknown. */
  readonly lostAtMs?: number
  /** Set if it sent no evidence. All following fields are then absent. */
  readonly isLost?: true
  /** Actual start of the load minus the common start; absent if it was not measured. */
  readonly startSkewMs?: number
  /** Bound of the error of its clock compared with the common one; absent if the generators share a clock. */
  readonly clockErrorMs?: number
  /** Requests due and sent; absent in a fan-out. */
  readonly offered?: number
  readonly sent?: number
  /** Deliveries that its sockets expected and received; only in a fan-out. */
  readonly expected?: number
  readonly received?: number
  /** Latency of the requests due; lag of the received deliveries in a fan-out. Absent if there were none. */
  readonly times?: TimeStatsJson
  readonly health?: GeneratorHealth
}
