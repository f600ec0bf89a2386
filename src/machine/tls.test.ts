import { expect, test } from 'vitest'
import { plainTls, tlsProblem } from './tls.ts'

test.each([
  ['ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL', '', /HTTP\/2 only/, /http\/1\.1/],
  ['ERR_SSL_WRONG_VERSION_NUMBER', '', /nothing speaks TLS/, /http:\/\//],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', '', /nothing speaks TLS/, /http:\/\//],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', '', /TLS version/, /TLS 1\.2/],
  ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', '', /client certificate/, /cert: readFileSync/],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', '', /client certificate/, /key: readFileSync/],
  ['SELF_SIGNED_CERT_IN_CHAIN', '', /not trusted: SELF_SIGNED/, /ca: readFileSync.*rejectUnauthorized: false/],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', '', /not trusted/, /ca: /],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', '', /not trusted/, /ca: /],
  ['CERT_HAS_EXPIRED', '', /not trusted/, /ca: /],
  ['ERR_TLS_CERT_ALTNAME_INVALID', '', /not trusted/, /servername/],
  ['', 'certificate unknown', /not trusted: certificate unknown/, /ca: /],
])('explains %s', (code, message, finding, fix) => {
  expect(tlsProblem(code, message)).toMatchObject({
    finding: expect.stringMatching(finding),
    fix: expect.stringMatching(fix),
  })
})

test.each(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', ''])('returns undefined for %j', (code) => {
  expect(tlsProblem(code, 'connect failed')).toBe(undefined)
})

test('converts options to JSON without loss', () => {
  const tls = { ca: [Buffer.from('a'), 'b'], cert: Buffer.from('c'), key: 'k', rejectUnauthorized: true }
  const plain = { ca: ['a', 'b'], cert: 'c', key: 'k', rejectUnauthorized: true }
  expect(JSON.parse(JSON.stringify(plainTls(tls)))).toEqual(plain)
  expect(plainTls({})).toEqual({})
})
