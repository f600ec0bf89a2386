/**
 * A disruption of the target or one of its services while load is on. Plain JSON, sent to the process that owns them.
 * `service` is a name from the config; by default the only Postgres (`dropConnections`) or Redis.
 */
export type Disruption = KilledTarget | DroppedConnections | PausedService | RestartedService

/** Kills the target as in a crash, and starts it again. */
interface KilledTarget {
  /** Kind of the disruption. */
  readonly kind: 'killTarget'
  /** Index of the instance, from 0. */
  readonly instance: number
  /** Time until it is started again, in milliseconds. */
  readonly downMs: number
}

/** Closes all connections to the database on the server, except those of the measurement. */
interface DroppedConnections {
  /** Kind of the disruption. */
  readonly kind: 'dropConnections'
  /** Name of the service. @default the only Postgres */
  readonly service?: string
}

/** Suspends the service: connections stay open and get no response. */
interface PausedService {
  /** Kind of the disruption. */
  readonly kind: 'pause'
  /** Name of the service. @default the only Redis */
  readonly service?: string
  /** Length of the pause, in milliseconds. */
  readonly forMs: number
}

/** Stops the service and starts it again without its data. */
interface RestartedService {
  /** Kind of the disruption. */
  readonly kind: 'restart'
  /** Name of the service. @default the only Redis */
  readonly service?: string
}

/** A completed disruption, on the clock of the process that requested it (`performance.now()`). */
export interface DoneDisruption {
  /** Description of what was done: `target killed, ready again after 1.7 s`. */
  readonly label: string
  /** Start, in milliseconds. */
  readonly startMs: number
  /** End, in milliseconds. */
  readonly endMs: number
}

/** Address of the process that owns the services. The token is secret: never reported. */
export interface ControlAddress {
  readonly url: string
  readonly token: string
}
