import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { TlsOptions } from '../machine/tls.ts'
import { exampleOf } from './problems.ts'
import { asWritten, object, optional, reading, type Broken } from './schema.ts'
import { any, flag, oneOrMore } from './values.ts'

/** Shown instead of a key or a certificate. */
const HIDDEN = '…'

/** A certificate or key. @param file name of a file in the example */
const pem = (file: string) =>
  reading((problems, path, value) => {
    const text = typeof value === 'string' || Buffer.isBuffer(value) ? value.toString('latin1') : ''
    const rule = 'must be PEM, as a string or bytes, and not the path of a file'
    if (!text.includes('-----BEGIN ')) problems.add(path, HIDDEN, rule, exampleOf(path, `readFileSync('${file}')`))
    return value
  })

/** TLS options, returned unchanged; keys and certificates are not shown in errors. */
export const TLS = asWritten<TlsOptions>(
  object<TlsOptions>()(
    {
      rejectUnauthorized: optional(flag(false)),
      ca: optional(oneOrMore(pem('ca.pem'))),
      cert: optional(pem('client.pem')),
      key: optional(pem('client-key.pem')),
      passphrase: any(),
      servername: any(),
    },
    { example: `tls: { ca: readFileSync('ca.pem') }`, isSecret: true },
  )
    .rule(['cert', 'key'], (_, given) =>
      (given.cert === undefined) === (given.key === undefined)
        ? undefined
        : {
            received: Object.keys(given),
            rule: 'must have both cert and key, or neither',
            example: 'tls: { cert, key }',
          },
    )
    .rule(['ca', 'cert', 'key'], (_, given) => unusable(given as SecureContextOptions)),
)

/** Mistake in certificates or keys that OpenSSL does not accept: every connection would fail with OpenSSL's message. */
function unusable(given: SecureContextOptions): Broken<Record<keyof TlsOptions, unknown>> | undefined {
  const { ca, cert, key, passphrase } = given
  try {
    createSecureContext({ ca, cert, key, passphrase })
    return undefined
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    const found = `${code} ${message}`
    if (/KEY_VALUES_MISMATCH|KEY_TYPE_MISMATCH/.test(found))
      return {
        ...{ option: 'key', received: HIDDEN, rule: 'must be the key of the certificate in tls.cert' },
        example: "tls: { cert: readFileSync('client.pem'), key: readFileSync('client-key.pem') } of one pair",
      }
    if (/BAD_DECRYPT|bad decrypt|PASSPHRASE|BAD_PASSWORD|bad password|INTERRUPTED_OR_CANCELLED/i.test(found))
      return {
        option: 'passphrase',
        received: passphrase === undefined ? undefined : HIDDEN,
        rule: 'must be the passphrase of tls.key',
        example: `tls: { cert, key, passphrase: secret(process.env.KEY_PASSPHRASE) }`,
      }
    return {
      received: Object.keys(given),
      rule: `must be certificates and keys that OpenSSL reads: ${message}`,
      example: `tls: { ca: readFileSync('ca.pem') }`,
    }
  }
}
