import { parseBaseUrl } from '../machine/base-url.ts'
import { NO_TARGET, NO_TARGET_FIX } from '../machine/target-location.ts'
import { checkLoadHost, checkOwnBaseUrl } from '../options/base-url.ts'
import { choose, isRecord, object, reading, type Reader } from '../options/schema.ts'
import { integer, isText, matching, text } from '../options/values.ts'
import type { ConnectTo } from './endpoint.ts'

/** Reader of the option `baseUrl`, which returns it unchanged. @param target base URL that the option replaces */
export function baseUrl(target: string | undefined): Reader<string | undefined> {
  return reading((problems, path, value) => {
    checkBaseUrl(problems, path, value === undefined ? target : value)
    return value as string | undefined
  })
}

const checkBaseUrl = (...[problems, path, value]: Parameters<Reader<unknown>['read']>): void => {
  const base = typeof value === 'string' ? parseBaseUrl(value) : undefined
  if (value === undefined)
    problems.add(path, value, `${NO_TARGET}: ${NO_TARGET_FIX}`, `baseUrl: 'http://127.0.0.1:3000'`)
  else if (base !== undefined && /^wss?:$/.test(base.url.protocol))
    // Examples are printed unchanged, so the URL must not contain its credentials.
    problems.add(
      path,
      base.bare,
      'must be an HTTP URL; for WebSocket, use ws.run() or ws.fanOut()',
      `baseUrl: '${base.bare.replace('ws', 'http')}'`,
    )
  else checkOwnBaseUrl(problems, value)
}

const SOCKET = object<Extract<ConnectTo, { readonly socketPath: string }>>()({
  socketPath: text("'/run/app.sock'", 'must be the path of a socket'),
})

const HOST = object<Extract<ConnectTo, { readonly host: string }>>()({
  host: reading((problems, path, host) => {
    if (isText(host)) checkLoadHost(problems, path, host)
    else problems.add(path, host, 'must be a host name or address', `host: '127.0.0.1'`)
    return host as string
  }),
  port: integer({ min: 1, max: 65_535, example: 3000 }),
})

/** Reader of the option `connectTo`. */
export const CONNECT_TO = choose<ConnectTo>((value) => {
  if (isRecord(value) && 'socketPath' in value) return SOCKET
  if (isRecord(value) && 'host' in value) return HOST
  return matching(() => false, 'must be { socketPath } or { host, port }', `{ socketPath: '/run/app.sock' }`)
})
