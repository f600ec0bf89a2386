import { createServer } from 'node:http'
import pg from 'pg'

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 })

/** Applies a payment once, even if its key is sent repeatedly: key and balance change in one transaction. */
async function pay(key, runId, amount) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const { rowCount } = await client.query(
      'INSERT INTO payments (key, run_id, amount) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING',
      [key, runId, amount],
    )
    if (rowCount === 1) await client.query(`UPDATE accounts SET balance = balance + $1 WHERE name = 'till'`, [amount])
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

createServer(async (request, response) => {
  let text = ''
  for await (const chunk of request) text += chunk
  if (request.url !== '/payments') return response.end('{}')
  try {
    await pay(request.headers['idempotency-key'], request.headers['x-run-id'], JSON.parse(text).amount)
    response.writeHead(201).end('{}')
  } catch (error) {
    console.error(error.message)
    response.writeHead(500).end('{}')
  }
}).listen(Number(process.env.PORT ?? 3000), '127.0.0.1')
