import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Responds to every request with a few bytes; sends its port to the parent process. */
const server = createServer((request, response) => {
  request.resume()
  response
    .writeHead(201, { 'content-type': 'application/json' })
    .end('{"voteId":"0190f6f2-8a4b-7cde-9f01-23456789abcd","stars":5}')
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.once('disconnect', () => process.exit())
