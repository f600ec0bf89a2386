import net from 'node:net'
import tls from 'node:tls'
import { clearTimeout, setTimeout } from './clock.ts'

/** Where a listener is. */
export interface Listener {
  readonly host: string
  readonly port: number
  readonly socketPath?: string | undefined
}

/** What a listener speaks that does not respond to plain HTTP/1.1: TLS, HTTP/2 without TLS. */
export type OtherProtocol = 'tls' | 'h2c'

export const OTHER_PROTOCOL_FIXES: Readonly<Record<OtherProtocol, string>> = {
  tls: 'its port speaks TLS: write https:// in the URL',
  h2c: 'it speaks HTTP/2 without TLS (h2c): have it accept HTTP/1.1 as well, which is what the load speaks',
}

/** The preface with which an HTTP/2 client begins, and its empty SETTINGS frame. */
const PREFACE = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
])
const SETTINGS = 4
const TLS_ALERT = 21
const PROBE_MS = 1_000

/** Finds out what a listener speaks instead of plain HTTP/1.1. @returns `undefined` for one of which nothing is known */
export async function probeProtocol(listener: Listener): Promise<OtherProtocol | undefined> {
  const first = await firstBytes(listener)
  if (first !== undefined && first[3] === SETTINGS && first.length >= 9) return 'h2c'
  if (first?.[0] === TLS_ALERT && first[1] === 3) return 'tls'
  if (first?.toString('latin1', 0, 5) === 'HTTP/') return undefined
  return (await speaksTls(listener)) ? 'tls' : undefined
}

async function firstBytes(listener: Listener): Promise<Buffer | undefined> {
  const socket = net.connect(placeOf(listener), () => socket.write(PREFACE))
  return ended(socket, (resolve) => socket.once('data', resolve))
}

async function speaksTls(listener: Listener): Promise<boolean> {
  // Whose certificate it is does not matter here: nothing is sent.
  const socket = tls.connect({ ...placeOf(listener), rejectUnauthorized: false, ALPNProtocols: ['http/1.1', 'h2'] })
  const isSecure = await ended<true>(socket, (resolve) => socket.once('secureConnect', () => resolve(true)))
  return isSecure === true
}

/** What `listen` resolves with; `undefined` once the socket has failed, ended, or been silent for a second. */
async function ended<T>(socket: net.Socket, listen: (resolve: (value: T) => void) => void): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<T | undefined>()
  const timer = setTimeout(resolve, PROBE_MS, undefined)
  listen(resolve)
  socket.on('error', () => resolve(undefined))
  socket.once('close', () => resolve(undefined))
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

function placeOf({ host, port, socketPath }: Listener): net.NetConnectOpts {
  return socketPath === undefined ? { host, port } : { path: socketPath }
}
