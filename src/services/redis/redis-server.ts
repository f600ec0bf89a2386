import type { DatabaseServer } from '../database.ts'
import type { ServiceDisruptions } from '../service.ts'

/** What a server is started with. */
export interface RedisServerOptions {
  /** The service's name, for messages. */
  readonly name: string
  readonly password: string
  readonly image: string
}

/** A server that takes connections. */
export interface RedisServer extends DatabaseServer {
  /** Not set for one that runs elsewhere. */
  readonly disruptions?: ServiceDisruptions
}
