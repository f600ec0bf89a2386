/** A build for `bench/compare.ts`: works for `WORK_US` microseconds on each request. */
import { createServer } from 'node:http'

const { PORT, WORK_US = '2000' } = process.env

/** Iterations of the loop per request. Their rate is measured once for all builds: builds must work, not wait for a clock. */
const turns = Math.round(Number(WORK_US) * Number(process.env['TURNS_PER_US'] ?? 100))

function work(): number {
  let sum = 0
  for (let turn = 0; turn < turns; turn++) sum = (sum + turn * 31) % 1_000_003
  return sum
}

createServer((request, response) => {
  response.end(request.url === '/healthz' ? 'ok' : String(work()))
}).listen(Number(PORT), '127.0.0.1')
