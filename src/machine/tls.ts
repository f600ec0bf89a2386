/** TLS options of connections to the target. PEM strings or buffers, as for Node's `tls.connect`. */
export interface TlsOptions {
  /** `false` accepts any certificate. @default true */
  readonly rejectUnauthorized?: boolean
  /** Trusted authorities. @default the well-known ones */
  readonly ca?: string | Buffer | readonly (string | Buffer)[]
  /** Client certificate, for a target that requires one. */
  readonly cert?: string | Buffer
  /** Private key of the client certificate. */
  readonly key?: string | Buffer
  /** Passphrase of the private key. */
  readonly passphrase?: string
  /** Server name that is sent (SNI) and checked in the certificate. @default the URL's host */
  readonly servername?: string
}

/** The protocol of all load, as offered in the TLS handshake. */
export const ALPN_PROTOCOLS = ['http/1.1']

/** A problem of a TLS handshake, and its fix. */
export interface TlsProblem {
  readonly finding: string
  readonly fix: string
}

const CERTIFICATE = /CERT|SELF_SIGNED|ISSUER|VERIFY|ALTNAME|^ERR_TLS|^ERR_SSL/

/** The TLS problem behind an error. @returns `undefined` for an error that is not about TLS */
export function tlsProblem(code: string, message = ''): TlsProblem | undefined {
  if (/NO_APPLICATION_PROTOCOL/.test(code) || /no application protocol/i.test(message))
    return {
      finding: 'it speaks HTTP/2 only and refuses http/1.1 (ALPN)',
      fix: 'let it accept http/1.1 as well, or use a listener that does: the load speaks HTTP/1.1',
    }
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_LAYER_FAILURE/.test(code))
    return {
      finding: 'nothing speaks TLS on that port',
      fix: 'write http:// in the URL, or use the port for TLS',
    }
  if (/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/.test(code))
    return {
      finding: 'its TLS version is not supported here',
      fix: 'let it accept TLS 1.2 or 1.3, or start Node with --tls-min-v1.0',
    }
  if (/ALERT_CERTIFICATE_REQUIRED|ALERT_HANDSHAKE_FAILURE|ALERT_BAD_CERTIFICATE|ALERT_UNKNOWN_CA/.test(code))
    return {
      finding: `it refused the handshake (${code}), as it does if it requires a client certificate`,
      fix: `pass one with tls: { cert: readFileSync('client.pem'), key: readFileSync('client-key.pem') }`,
    }
  if (!CERTIFICATE.test(code) && !/certificate/i.test(message)) return undefined
  return {
    finding: `its certificate is not trusted: ${code || message}`,
    fix: `trust its authority with tls: { ca: readFileSync('ca.pem') }, check another name with tls: { servername }, or, for a staging system of your own, accept any certificate with tls: { rejectUnauthorized: false }`,
  }
}

/** The same options with PEM as strings, which can be passed between processes as JSON. */
export function plainTls({ ca, cert, key, ...others }: TlsOptions): TlsOptions {
  const text = (pem: string | Buffer) => pem.toString('utf8')
  return {
    ...others,
    ...(ca !== undefined && { ca: Array.isArray(ca) ? ca.map(text) : text(ca as string | Buffer) }),
    ...(cert !== undefined && { cert: text(cert) }),
    ...(key !== undefined && { key: text(key) }),
  }
}

/** The same options with the type of Node, which has no read-only arrays. */
export function nodeTls({
  ca,
  ...others
}: TlsOptions): Omit<TlsOptions, 'ca'> & { ca?: string | Buffer | (string | Buffer)[] } {
  return ca === undefined ? others : { ...others, ca: ca as string | Buffer | (string | Buffer)[] }
}
