import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

/**
 * A minimal fan-out server: every client is subscribed, and publications from the parent process are sent to all clients.
 * Several of them share one port (`reusePort`), for more sockets than one process may open.
 *
 *     node bench/ws-bare-server.ts <port, 0 for a free one> <share the port: 0 or 1> <permessage-deflate: 0 or 1>
 */
const [port, shares, deflates] = process.argv.slice(2).map(Number)

export interface PublishCommand {
  readonly id: string
  readonly sequence: number
  /** Sent with the message, for clients that cannot know it otherwise. */
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
