import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { TlsOptions } from '../machine/tls.ts'
import { checkKnownKeys } from './known-keys.ts'
import type { Problems } from './problems.ts'
import { isRecord, reading } from './schema.ts'

/** A record, so that the compiler rejects a missing option. */
const KNOWN: Readonly<Record<keyof TlsOptions, true>> = {
  rejectUnauthorized: true,
  ca: true,
  cert: true,
  key: true,
  passphrase: true,
  servername: true,
}

/** TLS options, returned unchanged; keys and certificates are not shown in errors. */
export const TLS = reading((problems, path, value): TlsOptions => {
  const example = `tls: { ca: readFileSync('ca.pem') }`
  if (isRecord(value)) checkParts(problems, path, value)
  else problems.add(path, value, 'must be an object', example)
  return value as TlsOptions
})

function checkParts(problems: Problems, path: string, value: Readonly<Record<string, unknown>>): void {
  const hidden = Object.fromEntries(Object.keys(value).map((key) => [key, '…']))
  checkKnownKeys(problems, path, hidden, Object.keys(KNOWN))
  const { rejectUnauthorized, cert, key } = value
  if (rejectUnauthorized !== undefined && typeof rejectUnauthorized !== 'boolean')
    problems.add(
      `${path}.rejectUnauthorized`,
      rejectUnauthorized,
      'must be true or false',
      'tls: { rejectUnauthorized: false }',
    )
  if ((cert === undefined) !== (key === undefined))
    problems.add(path, Object.keys(value), 'must have both `cert` and `key`, or neither', `tls: { cert, key }`)
  else if (checkPem(problems, path, value)) checkContext(problems, path, value)
}

/** Checks that certificates and keys are PEM. @returns whether they are */
function checkPem(problems: Problems, path: string, value: object): boolean {
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
    const rule = 'must be PEM, as a string or bytes, and not the path of a file'
    problems.add(`${path}.${name as string}`, '…', rule, `tls: { ${name as string}: readFileSync('${file}') }`)
    isPem = false
  }
  return isPem
}

/** Checks that OpenSSL accepts certificates and keys: otherwise every connection would fail with OpenSSL's message. */
function checkContext(problems: Problems, path: string, value: object): void {
  const { ca, cert, key, passphrase } = value as SecureContextOptions
  try {
    createSecureContext({ ca, cert, key, passphrase })
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    const found = `${code} ${message}`
    if (/KEY_VALUES_MISMATCH|KEY_TYPE_MISMATCH/.test(found))
      problems.add(
        `${path}.key`,
        '…',
        'must be the key of the certificate in tls.cert',
        'tls: { cert, key } of one pair',
      )
    else if (/BAD_DECRYPT|bad decrypt|PASSPHRASE|BAD_PASSWORD|bad password|INTERRUPTED_OR_CANCELLED/i.test(found))
      problems.add(
        `${path}.passphrase`,
        passphrase === undefined ? undefined : '…',
        'must be the passphrase of tls.key',
        `tls: { cert, key, passphrase: secret(process.env.KEY_PASSPHRASE) }`,
      )
    else
      problems.add(
        path,
        Object.keys(value),
        `must be certificates and keys that OpenSSL reads: ${message}`,
        `tls: { ca: readFileSync('ca.pem') }`,
      )
  }
}
