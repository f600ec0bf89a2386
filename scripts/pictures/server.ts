import { createServer } from 'node:http'

/** A shop with a fast product list and a checkout of which one request in twelve waits for a lock. */
const TIMES_MS: Readonly<Record<string, () => number>> = {
  '/healthz': () => 0,
  '/products': () => 12 + 10 * Math.random(),
  '/checkout': () => (Math.random() < 1 / 12 ? 160 + 90 * Math.random() : 55 + 40 * Math.random()),
}

createServer((request, response) => {
  const timeMs = TIMES_MS[request.url ?? '']
  setTimeout(() => {
    response.writeHead(timeMs === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end('{"ok":true}')
  }, timeMs?.() ?? 0)
}).listen(Number(process.env['PORT']), '127.0.0.1')
