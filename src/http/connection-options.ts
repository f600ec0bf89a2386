import { checkKnownKeys, checkNumber } from '../options/checks.ts'
import type { Problems } from '../options/problems.ts'

const TLS_KEYS = ['rejectUnauthorized', 'ca', 'cert', 'key', 'passphrase', 'servername'] as const

/** Checks where a run connects to: `baseUrl`, `connectTo`, `tls`. */
export function checkConnection(
  problems: Problems,
  options: { baseUrl?: unknown; connectTo?: unknown; tls?: unknown },
): void {
  checkBaseUrl(problems, options.baseUrl)
  checkConnectTo(problems, options.connectTo)
  checkTls(problems, options.tls)
}

function checkBaseUrl(problems: Problems, value: unknown): void {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '') return
  // The value is not shown whole: it may carry a password.
  const shown = url === undefined ? value : `${url.protocol}//${url.host}${url.pathname}${url.search}${url.hash}`
  problems.add(
    'baseUrl',
    shown,
    'must be an http or https URL without query and fragment',
    `baseUrl: 'http://127.0.0.1:3000'`,
  )
}

function checkConnectTo(problems: Problems, value: unknown): void {
  if (value === undefined) return
  if (typeof value !== 'object' || value === null || !('socketPath' in value || 'host' in value)) {
    problems.add(
      'connectTo',
      value,
      'must be { socketPath } or { host, port }',
      `connectTo: { socketPath: '/run/app.sock' }`,
    )
    return
  }
  if ('socketPath' in value) {
    checkKnownKeys(problems, 'connectTo', value, ['socketPath'])
    if (typeof value.socketPath !== 'string' || value.socketPath === '')
      problems.add(
        'connectTo.socketPath',
        value.socketPath,
        'must be the path of a socket',
        `socketPath: '/run/app.sock'`,
      )
    return
  }
  checkKnownKeys(problems, 'connectTo', value, ['host', 'port'])
  const { host, port } = value as { host?: unknown; port?: unknown }
  if (typeof host !== 'string' || host === '')
    problems.add('connectTo.host', host, 'must be a host name or address', `host: '127.0.0.1'`)
  checkNumber(problems, 'connectTo.port', port, { min: 1, max: 65_535, integer: true, example: 3000 })
}

function checkTls(problems: Problems, value: unknown): void {
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
