import type { TlsProblem } from './tls.ts'

const NAMES = 'ERR_TLS_CERT_ALTNAME_INVALID'
const NO_TLS = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|RECORD_LAYER_FAILURE|HTTP_REQUEST/
const CERTIFICATE_REQUIRED = /ALERT_CERTIFICATE_REQUIRED|valid client certificate/i
const HANDSHAKE = /^ERR_SSL|^EPROTO/
const CERTIFICATE = /CERT|SELF_SIGNED|ISSUER|VERIFY/

/** Messages of servers and poolers that require TLS. */
const TLS_REQUIRED =
  /no pg_hba\.conf entry .*(?:no encryption|SSL off)|SSL(?:\/TLS)?(?: connection)?(?: is)? required|requires? (?:SSL|TLS|encryption)|insecure .*sslmode/i

/**
 * The TLS problem of a connection to Postgres, and the part of the URL that fixes it.
 *
 * @param code code of the driver's error: from Node.js, or an SQLSTATE
 * @returns `undefined` for an error that is not about TLS
 */
export function postgresTlsProblem(code: string, message: string): TlsProblem | undefined {
  if (TLS_REQUIRED.test(message))
    return {
      finding: 'the server requires TLS for this user and host, and the URL does not enable it',
      fix: 'add ?sslmode=verify-full to the URL, with &sslrootcert=/path/ca.pem for an authority of your own',
    }
  if (/does not support SSL/i.test(message))
    return {
      finding: 'the server does not support TLS, and the URL requires it',
      fix: 'remove sslmode from the URL, or write sslmode=disable; or enable ssl on that server',
    }
  if (CERTIFICATE_REQUIRED.test(code) || CERTIFICATE_REQUIRED.test(message))
    return {
      finding: 'the server requires a TLS certificate of the client',
      fix: 'add one to the URL: ?sslmode=verify-full&sslcert=/path/client.pem&sslkey=/path/client-key.pem',
    }
  if (code === 'ENOENT' && /, open /.test(message))
    return {
      finding: 'a TLS certificate in the URL cannot be read',
      fix: 'correct sslrootcert, sslcert or sslkey in the URL: each is the path of a PEM file',
    }
  return certificateProblem(code, message, {
    trust:
      'add &sslrootcert=/path/ca.pem to the URL, or, for a database of your own, accept any certificate: sslmode=no-verify',
    plain: 'remove sslmode from the URL',
  })
}

/** Like {@link postgresTlsProblem}, for Redis, whose URLs cannot contain certificates. */
export function redisTlsProblem(code: string, message: string, url: URL): TlsProblem | undefined {
  const isSecure = url.protocol === 'rediss:'
  if (!isSecure && /socket closed unexpectedly|ECONNRESET/i.test(`${code} ${message}`))
    return {
      finding: 'the server closed the connection without a response, as a port for TLS does',
      fix: 'write rediss:// in the URL if that port is for TLS; otherwise see why it closes connections',
    }
  // Redis waits for more data if it does not understand the handshake.
  if (isSecure && /^connection timeout$/i.test(message))
    return {
      finding: 'the TLS handshake got no response in time, as on a port without TLS',
      fix: 'write redis:// in the URL if that port is without TLS; otherwise see whether the server is overloaded',
    }
  if (CERTIFICATE_REQUIRED.test(code))
    return {
      finding: 'the server requires a TLS certificate of the client',
      fix: 'set tls-auth-clients no on that server: a Redis URL cannot contain a certificate',
    }
  return certificateProblem(code, message, {
    trust: 'start Node with NODE_EXTRA_CA_CERTS=/path/ca.pem',
    plain: 'write redis:// in the URL, or use the port for TLS',
  })
}

function certificateProblem(
  code: string,
  message: string,
  { trust, plain }: { readonly trust: string; readonly plain: string },
): TlsProblem | undefined {
  if (NO_TLS.test(code)) return { finding: 'nothing speaks TLS on that port', fix: plain }
  if (code === NAMES)
    return {
      finding: `the TLS certificate of the server is for another name: ${message}`,
      fix: 'use a host in the URL that the certificate contains, or issue a certificate for this host',
    }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return { finding: `the TLS certificate of the server is not valid now (${code})`, fix: 'renew it on that server' }
  if (HANDSHAKE.test(code))
    return {
      finding: `the TLS handshake failed (${code})`,
      fix: 'let the server accept TLS 1.2 or 1.3, and see its log for the reason',
    }
  if (CERTIFICATE.test(code))
    return { finding: `the TLS certificate of the server is not trusted (${code})`, fix: trust }
  return undefined
}
