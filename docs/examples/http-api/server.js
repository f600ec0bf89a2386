import { createServer } from 'node:http'

const products = [
  { sku: 'a-1', price: 10 },
  { sku: 'b-2', price: 25 },
]

createServer((request, response) => {
  const body = request.url === '/healthz' ? { ok: true } : request.url === '/products' ? products : undefined
  response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body ?? { error: 'not found' }))
}).listen(Number(process.env.PORT ?? 3000), '127.0.0.1')
