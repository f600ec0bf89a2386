import type { Provider } from './provider.ts'

/** Who may connect, and to what. */
export interface Credentials {
  readonly user: string
  readonly password: string
  readonly database: string
}

/** What a server is started with. */
export interface ServerOptions {
  /** The service's name, for messages. */
  readonly name: string
  readonly credentials: Credentials
  readonly settings: Readonly<Record<string, string | number>>
  readonly image: string
}

/** A server that takes connections. */
export interface PostgresServer {
  readonly provider: Provider
  /** Where it is, for the summary: host and port. */
  readonly place: string
  readonly url: string
  readonly stop: () => Promise<void>
}
