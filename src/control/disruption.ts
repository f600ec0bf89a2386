/**
 * A disruption of the target or one of its services while load is on. Plain JSON, sent to the process that owns them.
 * `service` is a name from the config; by default the only Postgres (`dropConnections`) or Redis.
 */
export type Disruption =
  /** Kills the target as in a crash, and starts it again after `downMs`. */
  | { readonly kind: 'killTarget'; readonly instance: number; readonly downMs: number }
  /** Closes all connections to the database on the server, except those of the measurement. */
  | { readonly kind: 'dropConnections'; readonly service?: string }
  /** Suspends the service for `forMs`: connections stay open and get no response. */
  | { readonly kind: 'pause'; readonly service?: string; readonly forMs: number }
  /** Stops the service and starts it again without its data. */
  | { readonly kind: 'restart'; readonly service?: string }

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
