import { parseBaseUrl } from '../machine/base-url.ts'
import { NO_TARGET, NO_TARGET_FIX } from '../machine/target-location.ts'
import { checkLoadHost, checkOwnBaseUrl } from '../options/base-url.ts'
import { checkKnownKeys, checkNumber } from '../options/checks.ts'
import type { Problems } from '../options/problems.ts'
import { checkTls } from '../options/tls-options.ts'

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
  if (value === undefined) {
    problems.add('baseUrl', value, `${NO_TARGET}: ${NO_TARGET_FIX}`, `baseUrl: 'http://127.0.0.1:3000'`)
    return
  }
  const base = typeof value === 'string' ? parseBaseUrl(value) : undefined
  if (base !== undefined && /^wss?:$/.test(base.url.protocol)) {
    // Examples are printed as they are: the URL without its credentials.
    problems.add(
      'baseUrl',
      base.bare,
      'must be a URL of HTTP; ws.run() and ws.fanOut() speak WebSocket',
      `baseUrl: '${base.bare.replace('ws', 'http')}'`,
    )
    return
  }
  checkOwnBaseUrl(problems, value)
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
  else checkLoadHost(problems, 'connectTo.host', host)
  checkNumber(problems, 'connectTo.port', port, { min: 1, max: 65_535, integer: true, example: 3000 })
}
