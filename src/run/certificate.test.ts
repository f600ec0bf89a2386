import { expect, test } from 'vitest'
import { isCertificateProblem } from './certificate.ts'

test.each([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_SSL_WRONG_VERSION_NUMBER',
])('%s is about the certificate or its handshake', (code) => {
  expect(isCertificateProblem(code)).toBe(true)
})

test.each(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'MY_ERR_TLS', 'MY_ERR_SSL', ''])('%j is not', (code) => {
  expect(isCertificateProblem(code)).toBe(false)
})
