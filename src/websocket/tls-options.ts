/** TLS of `wss://` connections: PEM text or bytes, as Node's `tls.connect` takes them. */
export interface TlsOptions {
  /** Default: true. `false` accepts any certificate. */
  readonly rejectUnauthorized?: boolean
  /** Authorities to trust in place of the well-known ones. */
  readonly ca?: string | Buffer
  /** The client's certificate and key, where the target asks for one. */
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  readonly passphrase?: string
  /** Name asked for (SNI) and checked in the certificate. Default: the URL's host. */
  readonly servername?: string
}
