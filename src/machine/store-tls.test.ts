import { expect, test } from 'vitest'
import { postgresTlsProblem, redisTlsProblem } from './store-tls.ts'

test.each([
  ['28000', 'no pg_hba.conf entry for host "10.0.0.1", user "a", database "b", no encryption', 'requires TLS'],
  ['28000', 'no pg_hba.conf entry for host "10.0.0.1", user "a", database "b", SSL off', 'requires TLS'],
  ['08P01', 'SSL required', 'requires TLS'],
  ['08004', 'connection is insecure (try using `sslmode=require`)', 'requires TLS'],
  ['28000', 'SSL connection is required. Please specify SSL options and retry.', 'requires TLS'],
  ['', 'The server does not support SSL connections', 'does not support TLS'],
  ['28000', 'connection requires a valid client certificate', 'requires a TLS certificate of the client'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'alert', 'requires a TLS certificate of the client'],
  ['ENOENT', "ENOENT: no such file or directory, open '/x/ca.pem'", 'cannot be read'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate', 'is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify', 'is not trusted'],
  ['CERT_HAS_EXPIRED', 'certificate has expired', 'is not valid now'],
  [
    'ERR_TLS_CERT_ALTNAME_INVALID',
    "Hostname/IP does not match certificate's altnames: Host: db. is not in the cert's altnames: DNS:localhost",
    "is for another name: Hostname/IP does not match certificate's altnames: Host: db.",
  ],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'wrong version number', 'nothing speaks TLS on that port'],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'unsupported protocol', 'the TLS handshake failed'],
])('explains the TLS problem of Postgres: %s %s', (code, message, finding) => {
  expect(postgresTlsProblem(code, message)?.finding).toContain(finding)
})

test.each([
  ['28P01', 'password authentication failed for user "a"'],
  ['28000', 'no pg_hba.conf entry for host "10.0.0.1", user "a", database "b", SSL encryption'],
  ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:5432'],
  ['ENOENT', 'connect ENOENT /tmp/.s.PGSQL.5432'],
  ['3D000', 'database "ssl" does not exist'],
])('returns undefined for another error of Postgres: %s %s', (code, message) => {
  expect(postgresTlsProblem(code, message)).toBeUndefined()
})

test('explains the TLS problems of Redis, whose URL cannot contain certificates', () => {
  const [plain, secure] = [new URL('redis://h'), new URL('rediss://h')]
  expect(redisTlsProblem('', 'Socket closed unexpectedly', plain)?.fix).toContain('write rediss://')
  expect(redisTlsProblem('ECONNRESET', 'read ECONNRESET', plain)?.fix).toContain('write rediss://')
  expect(redisTlsProblem('', 'Socket closed unexpectedly', secure)).toBeUndefined()
  expect(redisTlsProblem('ERR_SSL_WRONG_VERSION_NUMBER', 'x', secure)?.fix).toContain('write redis://')
  expect(redisTlsProblem('SELF_SIGNED_CERT_IN_CHAIN', 'x', secure)?.fix).toContain('NODE_EXTRA_CA_CERTS')
  expect(redisTlsProblem('', 'WRONGPASS invalid username-password pair', secure)).toBeUndefined()
})
