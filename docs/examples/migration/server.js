import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

const products = Array.from({ length: 20 }, (_, at) => ({ id: `p-${at}`, price: 100 + at }))
const users = new Map()
const rooms = new Map()

const routes = {
  'GET /healthz': () => [200, { ok: true }],
  'POST /login': ({ user, password }) => {
    if (password !== `${user}-local`) return [401, { error: 'wrong password' }]
    const token = randomUUID()
    users.set(token, user)
    return [200, { access: { token } }]
  },
  'GET /products': () => [200, products],
  'GET /me': (_, user) => (user === undefined ? [401, { error: 'log in first' }] : [200, { user }]),
  'POST /orders': ({ product }, user) =>
    user === undefined ? [401, { error: 'log in first' }] : [201, { id: randomUUID(), product }],
}

const server = createServer(async (request, response) => {
  let text = ''
  for await (const chunk of request) text += chunk
  const { pathname } = new URL(request.url, 'http://localhost')
  const user = users.get(request.headers.authorization?.slice('Bearer '.length))
  const product = products.find(({ id }) => pathname === `/products/${id}`)
  const route = routes[`${request.method} ${pathname}`] ?? (product && (() => [200, product]))
  const [status, body] = route?.(text === '' ? {} : JSON.parse(text), user) ?? [404, { error: 'not found' }]
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
})

/** A chat: everything that a member says is sent to all members of the room, the sender included. */
new WebSocketServer({ server, path: '/chat' }).on('connection', (socket) => {
  let members = new Set()
  socket.on('message', (text) => {
    const message = JSON.parse(String(text))
    if (message.type === 'join') {
      members = rooms.get(message.room) ?? new Set()
      rooms.set(message.room, members.add(socket))
      socket.send(JSON.stringify({ type: 'joined', room: message.room }))
    } else for (const member of members) member.send(JSON.stringify({ ...message, type: 'said' }))
  })
  socket.on('close', () => members.delete(socket))
})

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1')
