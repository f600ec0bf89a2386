import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

const subscribers = new Set()

const server = createServer(async (request, response) => {
  let text = ''
  for await (const chunk of request) text += chunk
  if (request.method === 'POST' && request.url === '/prices')
    for (const socket of subscribers) socket.send(JSON.stringify({ type: 'price', ...JSON.parse(text) }))
  response.end('{}')
})
new WebSocketServer({ server, path: '/live' }).on('connection', (socket) => {
  socket.on('message', () => {
    subscribers.add(socket)
    socket.send('{"type":"subscribed"}')
  })
  socket.on('close', () => subscribers.delete(socket))
})
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1')
