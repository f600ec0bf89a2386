import net from 'node:net'
import tls from 'node:tls'
import { clearTimeout, setTimeout } from './clock.ts'

/** Address of a listener. */
export interface Listener {
  readonly host: string
  readonly port: number
  readonly socketPath?: string | undefined
}

/** Protocol of a listener that does not respond to plain HTTP/1.1: TLS, or HTTP/2 without TLS. */
export type OtherProtocol = 'tls' | 'h2c'

export const OTHER_PROTOCOL_FIXES: Readonly<Record<OtherProtocol, string>> = {
  tls: 'its port speaks TLS: write https:// in the URL',
  h2c: 'it speaks HTTP/2 without TLS (h2c): have it accept HTTP/1.1 as well, which is what the load speaks',
}

/** Connection preface of an HTTP/2 client, with an empty SETTINGS frame. */
const PREFACE = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
])
const SETTINGS = 4
const TLS_ALERT = 21
const PROBE_MS = 1_000

/** Detects the protocol of a listener that does not speak plain HTTP/1.1. @returns `undefined` if it is unknown */
export async function probeProtocol(listener: Listener): Promise<OtherProtocol | undefined> {
  const first = await firstBytes(listener)
  if (first !== undefined && first[3] === SETTINGS && first.length >= 9) return 'h2c'
  if (first?.[0] === TLS_ALERT && first[1] === 3) return 'tls'
  if (first?.toString('latin1', 0, 5) === 'HTTP/') return undefined
  return (await speaksTls(listener)) ? 'tls' : undefined
}

async function firstBytes(listener: Listener): Promise<Buffer | undefined> {
  const socket = net.connect(connectOptionsOf(listener), () => socket.write(PREFACE))
  return firstResult(socket, (resolve) => socket.once('data', resolve))
}

async function speaksTls(listener: Listener): Promise<boolean> {
  // The certificate does not matter: no data is sent.
  const socket = tls.connect({
    ...connectOptionsOf(listener),
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1', 'h2'],
  })
  const isSecure = await firstResult<true>(socket, (resolve) => socket.once('secureConnect', () => resolve(true)))
  return isSecure === true
}

/** The value that `listen` resolves with; `undefined` if the socket fails, closes, or is silent for a second. */
async function firstResult<T>(
  socket: net.Socket,
  listen: (resolve: (value: T) => void) => void,
): Promise<T | undefined> {
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

function connectOptionsOf({ host, port, socketPath }: Listener): net.NetConnectOpts {
  return socketPath === undefined ? { host, port } : { path: socketPath }
}
