import type { DatabaseServer } from '../database.ts'
import type { ServiceDisruptions } from '../service.ts'

/** Options for the start of a server. */
export interface RedisServerOptions {
  /** The service's name, for messages. */
  readonly name: string
  readonly password: string
  readonly image: string
}

/** A server that accepts connections. */
export interface RedisServer extends DatabaseServer {
  /** Not set for an external server. */
  readonly disruptions?: ServiceDisruptions
}
