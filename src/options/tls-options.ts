import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { TlsOptions } from '../machine/tls.ts'
import { checkKnownKeys } from './checks.ts'
import { Problems } from './problems.ts'
import { reading } from './schema.ts'

const TLS_KEYS = ['rejectUnauthorized', 'ca', 'cert', 'key', 'passphrase', 'servername'] as const

/** TLS options; keys and certificates are not shown. */
export const TLS = reading<TlsOptions>((problems, path, value) => {
  const found = new Problems()
  checkTls(found, value)
  problems.adopt(path.replace(/\.?tls$/, ''), found.found)
  return value as TlsOptions
})

/** Checks TLS options; keys and certificates are not shown. */
export function checkTls(problems: Problems, value: unknown): void {
  if (value === undefined) return
  const example = `tls: { ca: readFileSync('ca.pem') }`
  if (typeof value !== 'object' || value === null) {
    problems.add('tls', value, 'must be an object', example)
    return
  }
  // Keys and certificates are not shown.
  checkKnownKeys(problems, 'tls', Object.fromEntries(Object.keys(value).map((key) => [key, '…'])), TLS_KEYS)
  const { rejectUnauthorized, cert, key } = value as Record<string, unknown>
  if (rejectUnauthorized !== undefined && typeof rejectUnauthorized !== 'boolean')
    problems.add(
      'tls.rejectUnauthorized',
      rejectUnauthorized,
      'must be true or false',
      'tls: { rejectUnauthorized: false }',
    )
  if ((cert === undefined) !== (key === undefined))
    problems.add('tls', Object.keys(value), 'must have both `cert` and `key`, or neither', `tls: { cert, key }`)
  else if (checkPem(problems, value)) checkContext(problems, value)
}

/** @returns whether everything that must be PEM is PEM */
function checkPem(problems: Problems, value: object): boolean {
  const { ca, cert, key } = value as Record<string, unknown>
  let isPem = true
  for (const [name, given] of [
    ...(Array.isArray(ca) ? ca : [ca]).map((one) => ['ca', one]),
    ['cert', cert],
    ['key', key],
  ]) {
    if (given === undefined) continue
    const text = typeof given === 'string' || Buffer.isBuffer(given) ? given.toString('latin1') : ''
    if (text.includes('-----BEGIN ')) continue
    const file = name === 'key' ? 'client-key.pem' : name === 'cert' ? 'client.pem' : 'ca.pem'
    const rule = 'must be PEM, as text or bytes, and not the path of a file'
    problems.add(`tls.${name as string}`, '…', rule, `tls: { ${name as string}: readFileSync('${file}') }`)
    isPem = false
  }
  return isPem
}

/** Whether OpenSSL takes them, which each connection would find out anew, in words of its own. */
function checkContext(problems: Problems, value: object): void {
  const { ca, cert, key, passphrase } = value as SecureContextOptions
  try {
    createSecureContext({ ca, cert, key, passphrase })
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    const found = `${code} ${message}`
    if (/KEY_VALUES_MISMATCH|KEY_TYPE_MISMATCH/.test(found))
      problems.add('tls.key', '…', 'must be the key of the certificate in tls.cert', 'tls: { cert, key } of one pair')
    else if (/BAD_DECRYPT|bad decrypt|PASSPHRASE|BAD_PASSWORD|bad password|INTERRUPTED_OR_CANCELLED/i.test(found))
      problems.add(
        'tls.passphrase',
        passphrase === undefined ? undefined : '…',
        'must be the passphrase of tls.key',
        `tls: { cert, key, passphrase: secret(process.env.KEY_PASSPHRASE) }`,
      )
    else
      problems.add(
        'tls',
        Object.keys(value),
        `must be certificates and keys that OpenSSL reads: ${message}`,
        `tls: { ca: readFileSync('ca.pem') }`,
      )
  }
}
