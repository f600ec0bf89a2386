import { createServer } from 'node:net'

/** Below the system's range of source ports, so that client connections do not occupy one of these ports. */
const FIRST = 20_000
const LAST = 32_000

const handedOut = new Set<number>()

/** A free port on loopback. Never returns the same port twice in one process. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST))
    if (handedOut.has(port)) continue
    if (!(await isFree(port))) continue
    handedOut.add(port)
    return port
  }
  throw new Error(`no free port found between ${FIRST} and ${LAST} on 127.0.0.1\nFix: stop processes that listen there`)
}

/** Whether the port is free, on loopback and on all addresses. */
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
