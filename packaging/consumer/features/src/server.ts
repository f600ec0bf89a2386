import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

let version = 0
let requests = 0
const payments: { key: string; amount: string }[] = []

const server = createServer((request, response) => {
  requests++
  const { method, url, headers } = request
  if (url === '/metrics') {
    response.setHeader('content-type', 'text/plain; version=0.0.4')
    return response.end(`# TYPE shop_requests_total counter\nshop_requests_total ${requests}\n`)
  }
  if (url === '/price') {
    if (method === 'POST') version++
    return response.end(JSON.stringify({ version }))
  }
  if (url === '/payments' && method === 'POST') {
    payments.push({ key: String(headers['idempotency-key']), amount: '1' })
    return response.writeHead(201).end()
  }
  if (url === '/payments') return response.end(JSON.stringify(payments))
  response.end(JSON.stringify({ hello: 'world' }))
})

const sockets = new WebSocketServer({ server, path: '/live' })
sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(String(data))))
server.on('request', (request) => {
  if (request.url?.startsWith('/publish/'))
    for (const socket of sockets.clients) socket.send(JSON.stringify({ id: request.url.slice('/publish/'.length) }))
})
server.listen(Number(process.env['PORT']), '127.0.0.1')
