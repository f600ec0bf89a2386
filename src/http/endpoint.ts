import { lookup } from 'node:dns/promises'
import net from 'node:net'
import tls from 'node:tls'
import type { BaseUrl } from '../machine/base-url.ts'
import { ALPN_PROTOCOLS, nodeTls, type TlsOptions } from '../machine/tls.ts'
import type { HeaderFields } from './request-encoder.ts'

/** Another place to connect to than the base URL names; `Host` and SNI stay as the base URL says. */
export type ConnectTo = { readonly socketPath: string } | { readonly host: string; readonly port: number }

/** Where the target listens and how it is spoken to. */
export interface Endpoint {
  /** `http://127.0.0.1:3000`, for messages; without credentials. */
  readonly origin: string
  /** Value of the `Host` header. */
  readonly host: string
  readonly pathPrefix: string
  /** From credentials in the base URL. */
  readonly headers: HeaderFields
  readonly isSecure: boolean
  readonly tls: TlsOptions
  readonly servername: string | undefined
  readonly socketPath: string | undefined
  readonly hostname: string
  readonly port: number
}

export function endpointOf(
  { bare, url, socketPath, authorization }: BaseUrl,
  tlsOptions: TlsOptions,
  connectTo: ConnectTo | undefined,
): Endpoint {
  const isSecure = /^(https|wss):$/.test(url.protocol)
  const urlHost = url.hostname.replace(/^\[|\]$/g, '')
  const urlPort = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port)
  const place = connectTo ?? (socketPath === undefined ? { host: urlHost, port: urlPort } : { socketPath })
  const origin = socketPath === undefined ? `${url.protocol}//${url.host}` : bare
  return {
    origin: connectTo !== undefined && 'socketPath' in connectTo ? `${origin} at ${connectTo.socketPath}` : origin,
    host: url.host,
    pathPrefix: url.pathname.replace(/\/$/, ''),
    headers: authorization === undefined ? {} : { authorization },
    isSecure,
    tls: tlsOptions,
    servername: tlsOptions.servername ?? (net.isIP(urlHost) ? undefined : urlHost),
    socketPath: 'socketPath' in place ? place.socketPath : undefined,
    hostname: 'socketPath' in place ? urlHost : place.host,
    port: 'socketPath' in place ? urlPort : place.port,
  }
}

/** Where one connection goes, and from where. */
export interface Route {
  readonly address: string | undefined
  readonly localAddress: string | undefined
}

/** Addresses of the endpoint's host, resolved once so that no look-up lies inside a measurement. */
export async function addressesOf({ socketPath, hostname }: Endpoint): Promise<readonly string[]> {
  if (socketPath !== undefined) return []
  if (net.isIP(hostname)) return [hostname]
  const found = await lookup(hostname, { all: true })
  return found.map(({ address }) => address)
}

/** Receives all bytes of plain connections: each read is taken in whole before the next one can happen. */
const sharedReadBuffer = Buffer.allocUnsafeSlow(64 * 1024)

/**
 * Opens one connection. Its bytes go to `onBytes`, which must have taken them when it returns.
 */
export function connect(endpoint: Endpoint, route: Route, onBytes: (bytes: Buffer) => void): net.Socket {
  const place =
    endpoint.socketPath === undefined
      ? { host: route.address ?? endpoint.hostname, port: endpoint.port, ...local(route) }
      : { path: endpoint.socketPath }
  if (!endpoint.isSecure) {
    const onread = {
      buffer: sharedReadBuffer,
      callback: (length: number) => {
        onBytes(sharedReadBuffer.subarray(0, length))
        return true
      },
    }
    return net.connect({ ...place, noDelay: true, onread })
  }
  const socket = tls.connect({
    ...nodeTls(endpoint.tls),
    ...place,
    ...(endpoint.servername === undefined ? {} : { servername: endpoint.servername }),
    ALPNProtocols: ALPN_PROTOCOLS,
  })
  socket.setNoDelay(true)
  socket.on('data', onBytes)
  return socket
}

function local({ localAddress }: Route): { localAddress?: string } {
  return localAddress === undefined ? {} : { localAddress }
}
