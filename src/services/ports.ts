import { createServer } from 'node:net'

/** Below the range the system takes source ports from, so that ten thousand clients do not happen to sit on one of ours. */
const FIRST = 20_000
const LAST = 32_000

const handedOut = new Set<number>()

/** A port on loopback that nobody listens on now, and that this process is not given a second time. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST))
    if (handedOut.has(port)) continue
    if (!(await isFree(port))) continue
    handedOut.add(port)
    return port
  }
  throw new Error(`no free port found between ${FIRST} and ${LAST} on 127.0.0.1: end what listens there`)
}

/** Whether nobody listens on the port, on loopback or on every address. */
export async function isFree(port: number): Promise<boolean> {
  return (await canListen(port, '127.0.0.1')) && (await canListen(port, '0.0.0.0'))
}

async function canListen(port: number, host: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const server = createServer()
  server.once('error', () => resolve(false))
  server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
  return promise
}
