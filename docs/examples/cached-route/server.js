import { createServer } from 'node:http'
import { Counter, register } from 'prom-client'
import { createClient } from 'redis'

const CACHE_MS = 250
const redis = await createClient({ url: process.env.REDIS_URL }).connect()
const lookUps = new Counter({ name: 'cache_lookups_total', help: 'Look-ups in the cache', labelNames: ['result'] })
let version = 1

async function price() {
  const cached = await redis.get('price')
  lookUps.inc({ result: cached === null ? 'miss' : 'hit' })
  if (cached !== null) return cached
  const body = JSON.stringify({ version })
  await redis.set('price', body, { expiration: { type: 'PX', value: CACHE_MS } })
  return body
}

createServer(async (request, response) => {
  if (request.url === '/metrics') return response.end(await register.metrics())
  if (request.method === 'POST') return response.end(JSON.stringify({ version: ++version }))
  response.end(request.url === '/price' ? await price() : '{}')
}).listen(Number(process.env.PORT ?? 3000), '127.0.0.1')
