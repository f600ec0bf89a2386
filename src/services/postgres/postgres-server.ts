/** User, password and database of a server. */
export interface Credentials {
  readonly user: string
  readonly password: string
  readonly database: string
}

/** Options for the start of a server. */
export interface ServerOptions {
  /** The service's name, for messages. */
  readonly name: string
  readonly credentials: Credentials
  readonly settings: Readonly<Record<string, string | number>>
  readonly image: string
}
