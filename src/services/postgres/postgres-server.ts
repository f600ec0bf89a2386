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
