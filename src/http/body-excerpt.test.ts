import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { evidenceOf } from '../evidence/evidence.ts'
import { sharedIterations } from '../load/builders.ts'
import { engineFor, response, scriptedServer } from '../testing/scripted-server.ts'
import { bodyExcerpt } from './body-excerpt.ts'

const excerptOf = (body: string | Buffer, ...rawHeaders: string[]) =>
  bodyExcerpt({ body: Buffer.from(body as string), rawHeaders })

describe('bodyExcerpt', () => {
  test('returns the beginning of the body on one line', () => {
    expect(excerptOf('{\n  "error": "unit is required"\n}\n')).toBe('{ "error": "unit is required" }')
    const long = excerptOf(`begins ${'x'.repeat(100_000)}`)
    expect([long.length, long.slice(0, 8), long.at(-1)]).toEqual([160, 'begins x', '…'])
  })

  test('decodes the body', () => {
    expect(excerptOf(gzipSync('no such user'), 'Content-Encoding', 'gzip')).toBe('no such user')
    expect(excerptOf(Buffer.from('café', 'latin1'), 'Content-Type', 'text/plain; charset=iso-8859-1')).toBe('café')
  })

  test('is empty for a body that is empty, not text, or truncated within its coding', () => {
    expect(excerptOf(Buffer.from([0xff, 0xd8, 0xff, 0xe0]))).toBe('')
    expect(excerptOf(gzipSync('x'.repeat(999)).subarray(0, 12), 'Content-Encoding', 'gzip')).toBe('')
    expect(excerptOf('zzz', 'Content-Encoding', 'compress')).toBe('')
    expect(excerptOf(' \r\n')).toBe('')
  })

  test('contains no secrets, control characters or CI commands', () => {
    expect(excerptOf('{"password":"hunter2Secret","error":"wrong"}')).not.toContain('hunter2Secret')
    expect(excerptOf('\u001b[2J\u0007 ::error::gone')).toBe('\\x1b[2J\\x07 \\x3a:error::gone')
  })
})

test.each([
  ['of one piece', response('{"error":"unit is required"}', { status: '400 Bad Request' })],
  [
    'in chunks',
    'HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{"error"\r\n14\r\n:"unit is required"}\r\n0\r\n\r\n',
  ],
])('the hint of a run shows the unread body of the first unexpected response, %s', async (_, bytes) => {
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(bytes) })
  const { http } = engineFor(server.url)
  const load = sharedIterations({ iterations: 20, vus: 2 })
  const run = await http.run({ load, request: { path: '/' }, abortWhen: false })
  expect(run[evidenceOf]().hint).toBe(
    'every response was 400: check the body, the query and the content type; a check function sees the response\n' +
      'body of the first one: {"error":"unit is required"}',
  )
})
