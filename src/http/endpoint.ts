import { lookup } from 'node:dns/promises'
import net from 'node:net'
import tls from 'node:tls'
import type { BaseUrl } from '../machine/base-url.ts'
import { ALPN_PROTOCOLS, nodeTls, type TlsOptions } from '../machine/tls.ts'
import type { HeaderFields } from './request-encoder.ts'

/** Address to connect to instead of the base URL's; `Host` and SNI remain those of the base URL. */
export type ConnectTo =
  | {
      /** Path of a Unix domain socket. */
      readonly socketPath: string
    }
  | {
      /** Host name or address. */
      readonly host: string
      /** TCP port. */
      readonly port: number
    }

/** Address of the target, and what a connection to it needs. */
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
  const address = connectTo ?? (socketPath === undefined ? { host: urlHost, port: urlPort } : { socketPath })
  const origin = socketPath === undefined ? `${url.protocol}//${url.host}` : bare
  return {
    origin: connectTo !== undefined && 'socketPath' in connectTo ? `${origin} at ${connectTo.socketPath}` : origin,
    host: url.host,
    pathPrefix: url.pathname.replace(/\/$/, ''),
    headers: authorization === undefined ? {} : { authorization },
    isSecure,
    tls: tlsOptions,
    servername: tlsOptions.servername ?? (net.isIP(urlHost) ? undefined : urlHost),
    socketPath: 'socketPath' in address ? address.socketPath : undefined,
    hostname: 'socketPath' in address ? urlHost : address.host,
    port: 'socketPath' in address ? urlPort : address.port,
  }
}

/** Remote and local address of one connection. */
export interface Route {
  readonly address: string | undefined
  readonly localAddress: string | undefined
}

/** Addresses of the endpoint's host, resolved once so that no DNS lookup is measured. */
export async function addressesOf({ socketPath, hostname }: Endpoint): Promise<readonly string[]> {
  if (socketPath !== undefined) return []
  if (net.isIP(hostname)) return [hostname]
  const found = await lookup(hostname, { all: true })
  return found.map(({ address }) => address)
}

/** Read buffer shared by all plain connections: each read is processed completely before the next one. */
const sharedReadBuffer = Buffer.allocUnsafeSlow(64 * 1024)

/** Opens one connection. `onBytes` must have processed or copied the bytes when it returns: the buffer is reused. */
export function connect(endpoint: Endpoint, route: Route, onBytes: (bytes: Buffer) => void): net.Socket {
  const address =
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
    return net.connect({ ...address, noDelay: true, onread })
  }
  const socket = tls.connect({
    ...nodeTls(endpoint.tls),
    ...address,
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
