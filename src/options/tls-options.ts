import { checkKnownKeys } from './checks.ts'
import type { Problems } from './problems.ts'

const TLS_KEYS = ['rejectUnauthorized', 'ca', 'cert', 'key', 'passphrase', 'servername'] as const

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
}
