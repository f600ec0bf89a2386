import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

/**
 * The barest fan-out server: whoever connects is subscribed, a publication told by the parent process goes to all.
 * Several of them share one port (`reusePort`), for more sockets than one process has descriptors.
 *
 *     node bench/ws-bare-server.ts <port, 0 for a free one> <share the port: 0 or 1> <permessage-deflate: 0 or 1>
 */
const [port, shares, deflates] = process.argv.slice(2).map(Number)

export interface PublishCommand {
  readonly id: string
  readonly sequence: number
  /** Goes out with the message, for clients that have no other way to know. */
  readonly sentAtMs?: number
}

const server = createServer()
const sockets = new WebSocketServer({ server, perMessageDeflate: deflates === 1 ? { threshold: 0 } : false })
sockets.on('connection', (socket) => {
  socket.on('error', () => socket.terminate())
  socket.send('welcome')
})
server.listen({ port, host: '127.0.0.1', reusePort: shares === 1, backlog: 4096 }, () => {
  process.send?.(server.address())
})

process.on('message', (command: PublishCommand) => {
  const frame = Buffer.from(JSON.stringify({ ...command, title: 'x'.repeat(100) }))
  for (const client of sockets.clients) client.send(frame, { binary: false })
  process.send?.('published')
})
process.on('disconnect', () => process.exit())
