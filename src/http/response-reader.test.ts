import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openClients, type LoadClient, type OpenClients } from './clients.ts'
import { namesAndValues } from './response-headers.ts'
import { OVERRUN, ResponseReader } from './response-reader.ts'

/**
 * The fast path for complete responses must give the same result as the full parser. Reading byte by byte never uses the
 * fast path, so it gives the result of the full parser.
 */

const clients: LoadClient[] = []
let open: OpenClients

beforeAll(() => {
  open = openClients(2, () => ({ ready: (client) => clients.push(client), close: () => {} }))
})

afterAll(() => open.close())

interface Read {
  readonly status: number
  readonly body: string
  readonly headers: readonly string[]
  readonly isLast: boolean
}

/** Reads one response from chunks, each overwritten after it was read, as the shared buffer of connections is. */
function read(
  client: LoadClient,
  chunks: readonly Buffer[],
  expectsNoBody: boolean,
): { responses: Read[]; problem: boolean } {
  const { responses, error } = readWithError(client, chunks, expectsNoBody)
  return { responses, problem: error !== undefined }
}

function readWithError(
  client: LoadClient,
  chunks: readonly Buffer[],
  expectsNoBody: boolean,
): { responses: Read[]; error: Error | undefined } {
  const responses: Read[] = []
  const reader = new ResponseReader(client.parser, {
    responded: ({ status, body, rawHeaders, isLast }) =>
      responses.push({ status, body: body.toString('latin1'), headers: [...namesAndValues(rawHeaders)], isLast }),
  })
  reader.keepsBody = true
  reader.expectsNoBody = expectsNoBody
  let error: Error | undefined
  for (const chunk of chunks) {
    const bytes = Buffer.from(chunk)
    error = reader.read(bytes)
    bytes.fill(0x58)
    if (error !== undefined || responses.length > 0) break
  }
  if (error === undefined && responses.length === 0) reader.end()
  reader.reset()
  return { responses, error }
}

const token = fc.string({
  minLength: 1,
  maxLength: 12,
  unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_'.split('')),
})
const value = fc.string({ maxLength: 30, unit: fc.constantFrom(...'abc XYZ019-_:;=,"/\t'.split('')) })
const header = fc
  .tuple(token, fc.constantFrom(':', ': ', ': ', ': ', ': ', ':\t'), value)
  .map((parts) => parts.join(''))
const oddHeader = fc.constantFrom(
  'Connection: close',
  'connection: keep-alive',
  'Connection: Upgrade',
  'Transfer-Encoding: gzip',
  'Transfer-Encoding: chunked',
  'Content-Length: 3',
  'content-length:0',
  'Content-Length: x',
  'Content-Length : 2',
  'X-Content-Length: 9',
  'Name : with a space',
  ' folded',
  '',
)
const body = fc.string({
  maxLength: 60,
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
})
const statusLine = fc.constantFrom(
  ...Array.from({ length: 10 }, () => 'HTTP/1.1 200 OK'),
  'HTTP/1.1 200 OK',
  'HTTP/1.1 200',
  'HTTP/1.1 404 Not Found',
  'HTTP/1.1 503 ',
  'HTTP/1.1 204 No Content',
  'HTTP/1.1 304 Not Modified',
  'HTTP/1.1 302 Found',
  'HTTP/1.0 200 OK',
  'HTTP/1.1 101 Switching Protocols',
  'HTTP/1.1 600 Odd',
)
const interim = fc.constantFrom(
  '',
  '',
  '',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n',
)

const cuts = fc.oneof(fc.constant([]), fc.array(fc.nat(), { maxLength: 4 }))
const isHead = fc.constantFrom(false, false, false, false, true)

const bytes = fc
  .record({
    interim,
    statusLine,
    headers: fc.array(fc.oneof({ arbitrary: header, weight: 4 }, { arbitrary: oddHeader, weight: 1 }), {
      maxLength: 6,
    }),
    framing: fc.constantFrom('length', 'length', 'length', 'length', 'length', 'chunked', 'none'),
    lineEnd: fc.constantFrom(...Array.from({ length: 9 }, () => '\r\n'), '\n'),
    body,
    surplus: fc.constantFrom('', '', '', '', 'X', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
  })
  .map((response) => {
    const framed =
      response.framing === 'length'
        ? [`Content-Length: ${response.body.length}`]
        : response.framing === 'chunked'
          ? ['Transfer-Encoding: chunked']
          : []
    const content = response.framing === 'chunked' ? chunked(response.body) : response.body
    const head = [response.statusLine, ...response.headers, ...framed, '', ''].join(response.lineEnd)
    return Buffer.from(response.interim + head + content + response.surplus, 'latin1')
  })

function chunked(text: string): string {
  const half = Math.ceil(text.length / 2)
  const parts = [text.slice(0, half), text.slice(half)].filter((part) => part !== '')
  return `${parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`
}

function split(whole: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map((cut) => cut % (whole.length + 1)).toSorted((a, b) => a - b), whole.length]
  return at
    .slice(1)
    .map((end, index) => whole.subarray(at[index], end))
    .filter(({ length }) => length > 0)
}

const oneByOne = (whole: Buffer) => Array.from(whole, (_, at) => whole.subarray(at, at + 1))

test('reads the same responses however the bytes are split into reads', () => {
  fc.assert(
    fc.property(bytes, cuts, isHead, (whole, cuts, isHead) => {
      const [one, other] = clients as [LoadClient, LoadClient]
      const expected = read(one, oneByOne(whole), isHead)
      const received = read(other, split(whole, cuts), isHead)
      // Bytes after the end of a response are detected only if they arrive with it.
      if (received.problem && expected.responses.length > 0) return
      expect(received).toEqual({ ...expected, responses: expected.responses.slice(0, 1) })
    }),
    { numRuns: 5000 },
  )
})

test.each([
  ['a body with 204', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello', false],
  ['a body with 304', 'HTTP/1.1 304 Not Modified\r\n\r\nhello', false],
  [
    'a compressed body in response to HEAD',
    'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\0',
    true,
  ],
  ['more bytes than Content-Length states', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok<html>', false],
  ['bytes after the last chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n<html>', false],
])('reports %s as more than the response, not as a malformed second one', (_, text, isHead) => {
  expect(readWithError(clients[0]!, [Buffer.from(text, 'latin1')], isHead)).toEqual({ responses: [], error: OVERRUN })
})

test('reads a common response on the fast path', () => {
  const whole = Buffer.from(
    'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: now\r\nContent-Length: 5\r\n\r\nhello',
  )
  const [client] = clients as [LoadClient]
  const before = client.parser.execute
  let calls = 0
  client.parser.execute = (chunk) => {
    calls++
    return before.call(client.parser, chunk)
  }
  const { responses } = read(client, [whole], false)
  client.parser.execute = before
  expect(calls).toBe(0)
  expect(responses).toEqual([
    {
      status: 200,
      body: 'hello',
      headers: ['Content-Type', 'text/plain', 'Date', 'now', 'Content-Length', '5'],
      isLast: false,
    },
  ])
})

test('reads a head that begins like the previous one, and a repeated head with another body', () => {
  const [client] = clients as [LoadClient]
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 21\r\n'
  const body = 'Connection: close\r\n\r\n'
  const responses = (text: string) => read(client, [Buffer.from(text)], false).responses
  expect(responses(`${head}\r\n${body}`)).toMatchObject([{ body, isLast: false }])
  // As many bytes as the first response, but more of them belong to the head.
  expect(responses(`${head}${body}ab`)).toEqual([])
  expect(responses(`${head}\r\n${body.toUpperCase()}`)).toMatchObject([{ body: body.toUpperCase(), isLast: false }])
  expect(responses(`${head}\r\n${body.slice(1)}`)).toEqual([])
})
