import type { Provider } from './provider.ts'
import type { ServiceDisruptions } from './service.ts'

/** What a server is started with. */
export interface RedisServerOptions {
  /** The service's name, for messages. */
  readonly name: string
  readonly password: string
  readonly image: string
}

/** A server that takes connections. */
export interface RedisServer {
  readonly provider: Provider
  /** Where it is, for the summary: host and port. */
  readonly place: string
  readonly url: string
  readonly stop: () => Promise<void>
  /** Not set for one that runs elsewhere. */
  readonly disruptions?: ServiceDisruptions
}
