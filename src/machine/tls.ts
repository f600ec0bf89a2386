/** TLS of connections to the target. PEM text or bytes, as Node's `tls.connect` takes them. */
export interface TlsOptions {
  /** `false` accepts any certificate. @default true */
  readonly rejectUnauthorized?: boolean
  /** Authorities to trust in place of the well-known ones. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[]
  /** The client's certificate and key, for a target that asks for one. */
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  readonly passphrase?: string
  /** Name asked for (SNI) and checked in the certificate. @default the URL's host */
  readonly servername?: string
}

/** The protocol that all load speaks, as a TLS handshake offers it. */
export const ALPN_PROTOCOLS = ['http/1.1']

/** What is wrong with a TLS handshake, and what to do about it. */
export interface TlsProblem {
  readonly finding: string
  readonly fix: string
}

const CERTIFICATE = /CERT|SELF_SIGNED|ISSUER|VERIFY|ALTNAME|^ERR_TLS|^ERR_SSL/

/** @returns `undefined` for an error that is not of TLS */
export function tlsProblem(code: string, message = ''): TlsProblem | undefined {
  if (/NO_APPLICATION_PROTOCOL/.test(code) || /no application protocol/i.test(message))
    return {
      finding: 'it speaks HTTP/2 only and refuses http/1.1 (ALPN)',
      fix: 'have it accept http/1.1 as well, or name a listener that does: the load speaks HTTP/1.1',
    }
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_LAYER_FAILURE/.test(code))
    return {
      finding: 'nothing speaks TLS on that port',
      fix: 'write http:// in the URL, or name the port that has TLS',
    }
  if (/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/.test(code))
    return {
      finding: 'its TLS version is not supported here',
      fix: 'have it accept TLS 1.2 or 1.3, or start Node with --tls-min-v1.0',
    }
  if (/ALERT_CERTIFICATE_REQUIRED|ALERT_HANDSHAKE_FAILURE|ALERT_BAD_CERTIFICATE|ALERT_UNKNOWN_CA/.test(code))
    return {
      finding: `it refused the handshake (${code}), as it does if it wants a client certificate`,
      fix: `show it one with tls: { cert: readFileSync('client.pem'), key: readFileSync('client-key.pem') }`,
    }
  if (!CERTIFICATE.test(code) && !/certificate/i.test(message)) return undefined
  return {
    finding: `its certificate is not trusted: ${code || message}`,
    fix: `trust its authority with tls: { ca: readFileSync('ca.pem') }, have another name checked with tls: { servername }, or, for a staging of your own, accept any certificate with tls: { rejectUnauthorized: false }`,
  }
}

/** The same options as plain text, which can be passed between processes as JSON. */
export function plainTls({ ca, cert, key, ...others }: TlsOptions): TlsOptions {
  const text = (pem: string | Buffer) => pem.toString('utf8')
  return {
    ...others,
    ...(ca !== undefined && { ca: Array.isArray(ca) ? ca.map(text) : text(ca as string | Buffer) }),
    ...(cert !== undefined && { cert: text(cert) }),
    ...(key !== undefined && { key: text(key) }),
  }
}

/** As Node takes them: its type has no read-only lists. */
export function nodeTls({
  ca,
  ...others
}: TlsOptions): Omit<TlsOptions, 'ca'> & { ca?: string | Buffer | (string | Buffer)[] } {
  return ca === undefined ? others : { ...others, ca: ca as string | Buffer | (string | Buffer)[] }
}
