import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'

const users = new Map()
const carts = new Map()

const routes = {
  'GET /healthz': () => [200, { ok: true }],
  'POST /login': ({ email }) => {
    const token = randomUUID()
    users.set(token, email)
    return [200, { access: { token } }]
  },
  'POST /carts': ({ sku }, user) => {
    if (user === undefined) return [401, { error: 'log in first' }]
    carts.set(user, [...(carts.get(user) ?? []), sku])
    return [201, { items: carts.get(user).length }]
  },
}

createServer(async (request, response) => {
  let text = ''
  for await (const chunk of request) text += chunk
  const user = users.get(request.headers.authorization?.slice('Bearer '.length))
  const route = routes[`${request.method} ${request.url}`]
  const [status, body] = route?.(text === '' ? {} : JSON.parse(text), user) ?? [404, { error: 'not found' }]
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}).listen(Number(process.env.PORT ?? 3000), '127.0.0.1')
