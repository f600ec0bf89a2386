/**
 * What is done to the target or one of its services while load is on. Plain data; travels to the process that owns them.
 * `service` is a name of the config; left out: the only Postgres (`dropConnections`) or Redis.
 */
export type Disruption =
  /** Killed as by a crash, and started again after `downMs`. */
  | { readonly kind: 'killTarget'; readonly instance: number; readonly downMs: number }
  /** Every connection to the database is ended by the server, but those of the measurement. */
  | { readonly kind: 'dropConnections'; readonly service?: string }
  /** Stopped where it stands for `forMs`: connections stay open and nothing gets a response. */
  | { readonly kind: 'pause'; readonly service?: string; readonly forMs: number }
  /** Ended and started again without its data. */
  | { readonly kind: 'restart'; readonly service?: string }

/** A disruption that was done, on the clock of the process that asked for it (`performance.now()`). */
export interface DoneDisruption {
  /** What was done, in words: `target killed, ready again after 1.7 s`. */
  readonly label: string
  readonly startMs: number
  readonly endMs: number
}

/** Where the process that owns the services takes orders. The token is secret: never reported. */
export interface ControlAddress {
  readonly url: string
  readonly token: string
}
