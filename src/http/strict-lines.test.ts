import { get, maxHeaderSize } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sharedIterations } from '../load/builders.ts'
import { engineFor, scriptedServer } from '../testing/scripted-server.ts'
import { openClients, type LoadClient, type OpenClients } from './clients.ts'
import { namesAndValues } from './response-headers.ts'
import { ResponseReader } from './response-reader.ts'

/** Rest of a good response. */
const REST = 'Content-Length: 2\r\n\r\nok'
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
const withHeader = (line: string) => `HTTP/1.1 200 OK\r\n${line}\r\n${REST}`
const status = (line: string) => `${line}\r\n${REST}`
const chunk = (text: string) => `${CHUNKED}${text}`

const VALID: readonly string[] = [
  ...['HTTP/1.1 200 OK', 'HTTP/1.1 200', 'HTTP/1.1 200 ', 'HTTP/1.0 200 OK', 'HTTP/1.1 200 é'].map(status),
  ...['A:', 'A: b\tc', 'A: \xc3\x80', "!#$%&'*+-.^_`|~9: x", 'A:b:c'].map(withHeader),
  `\r\n${status('HTTP/1.1 200 OK')}`,
  'HTTP/1.1 200 OK\r\nContent-Length: 2 \r\n\r\nok',
  ...['0000000000000002', `${'0'.repeat(50)}2`].map(
    (length) => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\nok`,
  ),
  'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  ...[
    '2\r\nok\r\n0\r\n\r\n',
    'A\r\n0123456789\r\n000\r\n\r\n',
    '00000000000000000002\r\nok\r\n0\r\n\r\n',
    '2;a=b;c\r\nok\r\n0;x\r\n\r\n',
    '2;a="b c"\r\nok\r\n0\r\n\r\n',
    ...['X-Sum: 1', 'X-Content-Length: 5', 'Transfer-Encoding: gzip', 'Connection: close', 'Trailer: x'].map(
      (line) => `2\r\nok\r\n0\r\n${line}\r\n\r\n`,
    ),
  ].map(chunk),
]

const INVALID: readonly string[] = [
  ...[
    'HTTP/1.1 200503 OK',
    'HTTP/1.1 200x OK',
    'HTTP/1.1 20 OK',
    'HTTP/1.1  200 OK',
    'HTTP/3.7 200 OK',
    'HTTP/1.2 200 OK',
    'http/1.1 200 OK',
    '<html>502</html>',
  ].map(status),
  ...[
    'no colon',
    'A b: c',
    'A : c',
    ': c',
    'a@b: c',
    '\xe9: c',
    ' A: c',
    'A: b\r\n folded',
    'A: \0',
    'A: \x01',
    'A: \x7f',
    'A: b\rc',
  ].map(withHeader),
  `HTTP/1.1 200 OK\n${REST}`,
  `HTTP/1.1 200 OK\r\nA: b\n${REST}`,
  ...['+2', '-2', '0x2', '2e0', '2, 2', '', '9'.repeat(23), '2\r\nContent-Length: 2', '2\r\nContent-Length: 3'].map(
    (length) => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\nok`,
  ),
  `HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n${REST}`,
  `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
  ...[
    'zz\r\na\r\n0\r\n\r\n',
    '0x2\r\nok\r\n0\r\n\r\n',
    '2 hello\r\nok\r\n0\r\n\r\n',
    '2g\r\nok\r\n0\r\n\r\n',
    '2 \r\nok\r\n0\r\n\r\n',
    ' 2\r\nok\r\n0\r\n\r\n',
    '2 ;a=b\r\nok\r\n0\r\n\r\n',
    '2;\0\r\nok\r\n0\r\n\r\n',
    '2\nok\r\n0\r\n\r\n',
    '2\r\nok\n0\r\n\r\n',
    '2\r\nokk\r\n0\r\n\r\n',
    '2\r\nok\r\n<html>502 Bad Gateway</html>',
    '2\r\nok\r\n{"error":"upstream"}\r\n\r\n',
    '\r\n\r\n',
    '-2\r\nok\r\n0\r\n\r\n',
    'ffffffffffffffffff\r\nok\r\n0\r\n\r\n',
    '2\r\nok\r\n0\r\nno colon\r\n\r\n',
    ...[
      'A: \0',
      'Content-Length: 5',
      'content-length: -5x',
      'X-Sum: 1\r\nCONTENT-LENGTH: 2',
      'Content-Length:',
      'Content-Length : 5',
      'Transfer-Encoding:',
    ].map((line) => `2\r\nok\r\n0\r\n${line}\r\n\r\n`),
  ].map(chunk),
]

/** Node accepts these, but a body with these codings cannot be decoded, and no status begins with 0. */
const STRICTER_THAN_NODE: readonly string[] = [
  ...['HTTP/1.1 000 OK', 'HTTP/1.1 099 OK'].map(status),
  ...['gzip, chunked', 'chunked, chunked', 'gzip\r\nTransfer-Encoding: chunked'].map(
    (coding) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: ${coding}\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
  ),
]

/** Responses with a head or trailers that count as this many bytes: names, values and the reason phrase. */
const SIZED: readonly [string, (size: number) => string][] = [
  ['one value', (size) => withHeader(`A: ${'v'.repeat(size - 18)}`)],
  ['spaces after a value', (size) => withHeader(`A: v${' '.repeat(size - 19)}`)],
  ['spaces before a value, which do not count', (size) => withHeader(`A:${' '.repeat(500)}${'v'.repeat(size - 18)}`)],
  ['one name', (size) => withHeader(`${'n'.repeat(size - 17)}:`)],
  [
    'many headers',
    (size) => withHeader(`B: ${'v'.repeat((size - 18) % 9)}${'\r\nA: 12345678'.repeat(Math.floor((size - 18) / 9))}`),
  ],
  ['a reason phrase', (size) => status(`HTTP/1.1 200 ${'r'.repeat(size - 15)}`)],
  ['trailers', (size) => chunk(`2\r\nok\r\n0\r\nA: ${'v'.repeat(size - 1)}\r\n\r\n`)],
]

let respondWith = ''
const server = createServer((socket) => {
  socket.on('error', () => {})
  socket.once('data', () => socket.end(respondWith, 'latin1'))
})
let open: OpenClients
let client: LoadClient

beforeAll(async () => {
  open = openClients(1, () => ({ ready: (made) => (client = made), close: () => {} }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  open.close()
  server.close()
})

function nodeAccepts(text: string): Promise<boolean> {
  respondWith = text
  const { port } = server.address() as AddressInfo
  return new Promise((resolve) => {
    get({ port, agent: false }, (response) => {
      response.on('error', () => resolve(false)).on('end', () => resolve(true))
      response.resume()
    }).on('error', () => resolve(false))
  })
}

/** @param size size of each read, in bytes */
function outcomeOf(text: string, size: number): string {
  let outcome = 'waits'
  const reader = new ResponseReader(client.parser, { responded: ({ status }) => (outcome = String(status)) })
  reader.reset()
  const bytes = Buffer.from(text, 'latin1')
  for (let at = 0; at < bytes.length && outcome === 'waits'; at += size) {
    const problem = reader.read(bytes.subarray(at, at + size))
    if (problem !== undefined) outcome = problem.message
  }
  return outcome
}

const named = (texts: readonly string[]) => texts.map((text) => [JSON.stringify(text), text] as const)

describe('ResponseReader', () => {
  test.each(named(VALID))('reads %s, as Node does', async (_, text) => {
    expect(await nodeAccepts(text)).toBe(true)
    expect([outcomeOf(text, text.length), outcomeOf(text, 1)]).toEqual(
      Array.from({ length: 2 }, () => text.slice(text.indexOf(' ') + 1, text.indexOf(' ') + 4)),
    )
  })

  test.each(named(INVALID))('rejects %s, as Node does', async (_, text) => {
    expect(await nodeAccepts(text)).toBe(false)
    for (const size of [text.length, 1])
      expect(outcomeOf(text, size)).toMatch(
        /^(its|it has|a) [\w -]+(malformed|Length|length|bytes|size|CRLF|chunked|trailers)$/,
      )
  })

  test.each(named(STRICTER_THAN_NODE))('rejects %s', async (_, text) => {
    expect(await nodeAccepts(text)).toBe(true)
    for (const size of [text.length, 1]) expect(outcomeOf(text, size)).toMatch(/^(its|it has) /)
  })

  describe.each(SIZED)('limits the head or the trailers to the size that Node allows: %s', (_, sized) => {
    test.each([1, 1_000, 1_448, 60_000])('in reads of at most %d bytes', async (size) => {
      const [valid, large, larger] = [sized(maxHeaderSize - 1), sized(maxHeaderSize), sized(90_000)]
      expect([await nodeAccepts(valid), await nodeAccepts(large)]).toEqual([true, false])
      expect(outcomeOf(valid, size)).toBe('200')
      for (const text of [large, larger])
        expect(outcomeOf(text, size)).toMatch(
          /^its (head|trailers)( is| are) larger than 16,384 bytes \(http\.maxHeaderSize\)$/,
        )
    })
  })

  test('limits each head on its own, whatever else is in the same read', () => {
    const interim = `HTTP/1.1 103 Early Hints\r\nLink: ${'v'.repeat(16_000)}\r\n\r\n`
    const text = interim.repeat(6) + withHeader(`A: ${'v'.repeat(16_000)}`)
    expect([1_000, 60_000, text.length].map((size) => outcomeOf(text, size))).toEqual(['200', '200', '200'])
  })

  test('limits a chunk size and its extensions', () => {
    const text = chunk(`2;${'a'.repeat(20_000)}\r\nok\r\n0\r\n\r\n`)
    for (const size of [1_000, text.length])
      expect(outcomeOf(text, size)).toBe('a chunk size is larger than 16,384 bytes (http.maxHeaderSize)')
  })

  test('accepts a Content-Length up to the largest exact integer', () => {
    const length = (text: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${text}\r\n\r\nok`
    expect(outcomeOf(length('9007199254740991'), 1_000)).toBe('waits')
    expect(outcomeOf(length('9007199254740992'), 1_000)).toBe('its Content-Length is not a number of bytes')
  })

  test('rejects an invalid beginning of a line before the line is complete', () => {
    expect(outcomeOf('<html>', 6)).toBe('its status line is malformed')
    expect(outcomeOf(chunk('<html>'), 1)).toBe('a chunk size is malformed')
    expect(outcomeOf(chunk('2\r\nok!'), 1)).toBe('a chunk is longer than its size')
  })

  test('decodes header values as Latin-1, in one read or byte by byte', () => {
    const text = withHeader('A: \xc3\x80')
    const values: string[] = []
    for (const size of [text.length, 1]) {
      const reader = new ResponseReader(client.parser, {
        responded: ({ rawHeaders }) => values.push(namesAndValues(rawHeaders)[1]!),
      })
      reader.reset()
      const bytes = Buffer.from(text, 'latin1')
      for (let at = 0; at < bytes.length; at += size) reader.read(bytes.subarray(at, at + size))
    }
    expect(values).toEqual(['\xc3\x80', '\xc3\x80'])
  })
})

test.each(named([chunk('zz\r\na\r\n0\r\n\r\n'), status('HTTP/1.1 200503 OK'), withHeader('no colon')]))(
  'a run counts %s as an error of kind body',
  async (_, text) => {
    await using target = await scriptedServer({ onRequest: (socket) => socket.write(text, 'latin1') })
    const { http } = engineFor(target.url)
    const load = sharedIterations({ iterations: 4, vus: 2 })
    const run = await http.run({ load, request: { path: '/' }, timeout: '1s' })
    expect([...run.errors]).toEqual([['body', 4]])
    expect(run.statuses.size).toBe(0)
  },
)
