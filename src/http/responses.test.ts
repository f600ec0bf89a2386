import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import zlib from 'node:zlib'
import { expect, test } from 'vitest'
import { evidenceOf } from '../evidence/evidence.ts'
import { sharedIterations } from '../load/builders.ts'
import { engineFor } from '../testing/scripted-server.ts'
import type { HttpResponse } from './response.ts'
import type { HttpRunOptions } from './types.ts'

const one = sharedIterations({ iterations: 1, vus: 1 })

/** Runs once against a server with this response. @returns errors by detail, and the headers of the requests */
async function runAgainst(
  respond: (response: ServerResponse, request: IncomingMessage) => void,
  options: Partial<HttpRunOptions>,
): Promise<{ details: string; sent: IncomingMessage['headers'][] }> {
  const sent: IncomingMessage['headers'][] = []
  const server = createServer((request, response) => {
    sent.push(request.headers)
    respond(response, request)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const { http } = engineFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const sending = options.steps ? {} : { request: { path: '/' } }
    const run = await http.run({ load: one, ...sending, ...options } as HttpRunOptions)
    const [errors = ''] = /errors .*?\)|errors 0%/.exec(run[evidenceOf]().evidenceLines.join('\n')) ?? []
    return { details: errors, sent }
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

/** Value that a check reads from one response. */
async function seenOf<T>(respond: (response: ServerResponse) => void, read: (response: HttpResponse) => T): Promise<T> {
  const seen: T[] = []
  await runAgainst(respond, { request: { path: '/', check: (response) => void seen.push(read(response)) } })
  return seen[0]!
}

const JSON_TEXT = '{"sku":"a-1"}'
const codings = {
  gzip: zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
}

test.each(Object.entries(codings))('decodes %s if a check reads the body', async (coding, compress) => {
  const bytes = compress(JSON_TEXT)
  const { details, sent } = await runAgainst((it) => it.setHeader('content-encoding', coding).end(bytes), {
    acceptEncoding: ['gzip', 'br', 'deflate', 'zstd'],
    request: {
      path: '/',
      check(response) {
        assert.deepEqual(response.json(), { sku: 'a-1' })
        assert.deepEqual([response.wireBytes, response.body.length], [bytes.length, JSON_TEXT.length])
      },
    },
  })
  expect(details).toBe('errors 0%')
  expect(sent[0]!['accept-encoding']).toBe('gzip, br, deflate, zstd')
})

test('decodes several codings, raw deflate, and a chunked body', async () => {
  const twice = zlib.brotliCompressSync(zlib.gzipSync('a'))
  expect(
    await seenOf(
      (it) => it.setHeader('content-encoding', 'X-GZIP, br').end(twice),
      (it) => it.text(),
    ),
  ).toBe('a')
  const raw = zlib.deflateRawSync('b')
  expect(
    await seenOf(
      (it) => it.setHeader('content-encoding', 'deflate').end(raw),
      (it) => it.text(),
    ),
  ).toBe('b')
  const split = (it: ServerResponse) => {
    const bytes = zlib.gzipSync('c'.repeat(1000))
    it.setHeader('content-encoding', 'gzip').write(bytes.subarray(0, 10))
    setTimeout(() => it.end(bytes.subarray(10)), 20)
  }
  expect(await seenOf(split, (it) => it.text().length)).toBe(1000)
  expect(
    await seenOf(
      (it) => it.setHeader('content-encoding', 'gzip').end(),
      (it) => it.text(),
    ),
  ).toBe('')
})

test('counts the bytes of bodies as received, whether they are read or not', async () => {
  const bytes = zlib.gzipSync('a'.repeat(1_000))
  const server = createServer((_, response) => response.setHeader('content-encoding', 'gzip').end(bytes))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { http } = engineFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const load = sharedIterations({ iterations: 3, vus: 1 })
  const unseen = await http.run({ load, request: { path: '/' } })
  const seen = await http.run({ load, request: { path: '/', check: { text: 'aaa' } } })
  server.close()
  expect([unseen.receivedBytes, seen.receivedBytes, seen.errors.size]).toEqual([3 * bytes.length, 3 * bytes.length, 0])
})

test('sends no Accept-Encoding by default, and a given header unchanged', async () => {
  expect((await runAgainst((it) => it.end(), {})).sent[0]).not.toHaveProperty('accept-encoding')
  const own = await runAgainst((it) => it.end(), { acceptEncoding: ['br'], headers: { 'Accept-Encoding': 'gzip' } })
  expect(own.sent[0]!['accept-encoding']).toBe('gzip')
})

const gzipped = zlib.gzipSync('x'.repeat(5_000))
test.each<[string, Record<string, string>, Buffer | string, string]>([
  [
    'unknown coding',
    { 'content-encoding': 'lzma' },
    'a',
    'the response has an unsupported content-encoding, lzma (supported: gzip, deflate, br, zstd)',
  ],
  [
    'truncated stream',
    { 'content-encoding': 'gzip' },
    gzipped.subarray(0, 20),
    'the gzip stream of the response is truncated',
  ],
  [
    'truncated brotli',
    { 'content-encoding': 'br' },
    zlib.brotliCompressSync('hello hello').subarray(0, 5),
    'the br stream of the response is truncated',
  ],
  [
    'bytes that are not compressed',
    { 'content-encoding': 'gzip' },
    JSON_TEXT,
    'the response body is not valid gzip: incorrect header check',
  ],
  [
    'decompression bomb',
    { 'content-encoding': 'gzip' },
    gzipped,
    'the response body is larger than maxBodyBytes (4,000 bytes)',
  ],
  ['large body', {}, 'x'.repeat(4_001), 'the response body is larger than maxBodyBytes (4,000 bytes)'],
])('names the reason why a body is unreadable: %s', async (_, headers, body, reason) => {
  const respond = (it: ServerResponse) => void it.writeHead(200, headers).end(body)
  const readers: Partial<HttpRunOptions>[] = [
    { request: { path: '/', check: { text: 'b' } } },
    { request: { path: '/', check: (response) => response.text() === 'b' } },
    { steps: [{ name: 'a', request: { path: '/' }, extract: { id: (response) => response.text() } }] },
    { record: { response: (response) => response.text() } },
    { record: { outcome: (response) => (response.text() === 'b' ? 'ok' : 'failed') } },
  ]
  for (const reader of readers) {
    const { details } = await runAgainst(respond, { maxBodyBytes: 4_000, ...reader })
    expect(details).toBe(`errors 100% (1 × ${reason})`.slice(0, details.length))
    expect(details.length).toBeGreaterThan(30)
  }
  expect((await runAgainst(respond, { maxBodyBytes: 4_000 })).details).toBe('errors 0%')
})

test('does not keep a large body in pieces beyond the limit, even if a check reads it', async () => {
  const respond = (it: ServerResponse) => {
    for (let at = 0; at < 50; at++) it.write('x'.repeat(1_000))
    it.end()
  }
  const seen = await seenOf(respond, ({ wireBytes }) => wireBytes)
  expect(seen).toBe(50_000)
  const { details } = await runAgainst(respond, { maxBodyBytes: 40_000, request: { path: '/', check: { text: 'y' } } })
  expect(details).toContain('larger than maxBodyBytes (40,000 bytes)')
})

test.each<[string, string | undefined, Buffer, string]>([
  ['latin1 by charset', 'text/plain; charset=iso-8859-1', Buffer.from('café', 'latin1'), 'café'],
  ['a charset in quotes', 'text/plain; x=y; Charset="windows-1252"', Buffer.from([0x80]), '€'],
  ['a byte order mark', 'application/json', Buffer.from('\ufeffé'), 'é'],
  ['a mark before a wrong charset', 'text/plain; charset=latin1', Buffer.from('\ufeffé'), 'é'],
  ['utf-16 by its mark', undefined, Buffer.from('\ufeffé', 'utf16le'), 'é'],
  ['utf-8 for a charset that does not exist', 'text/plain; charset=klingon', Buffer.from('é'), 'é'],
  ['utf-8 by default', undefined, Buffer.from('é'), 'é'],
  ['bytes that are not utf-8', 'text/plain', Buffer.from([0x61, 0xe9]), 'a\ufffd'],
])('decodes text: %s', async (_, type, bytes, text) => {
  const respond = (it: ServerResponse) => void (type === undefined ? it : it.setHeader('content-type', type)).end(bytes)
  expect(await seenOf(respond, (it) => it.text())).toBe(text)
})

test('ignores zeros after a gzip stream as padding', async () => {
  const body = Buffer.concat([zlib.gzipSync('padded'), Buffer.alloc(600)])
  const respond = (it: ServerResponse) => void it.setHeader('content-encoding', 'gzip').end(body)
  expect(await seenOf(respond, (it) => it.text())).toBe('padded')
})

test('a response that switches protocols is an error unless it is expected', async () => {
  const respond = (it: ServerResponse) => {
    it.socket!.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
  }
  expect((await runAgainst(respond, {})).details).toContain('101 (the target switched protocols)')
  const expected = { request: { path: '/', expectStatus: 101 } }
  expect((await runAgainst(respond, expected)).details).toBe('errors 0%')
})

test('mentions invalid UTF-8 if a check does not find its text', async () => {
  const respond = (it: ServerResponse) => void it.end(Buffer.from('café', 'latin1'))
  const { details } = await runAgainst(respond, { request: { path: '/', check: { text: 'café' } } })
  expect(details).toBe('errors 100% (1 × check: the text is not in the response, whose body is not valid UTF-8)')
})

test('rounds no integer in json(), extract and check', async () => {
  const text =
    '{"id":2733382000000000049,"list":[-9007199254740993],"at":1.2345678901234567,"text":"1234567890123456789","n":9007199254740991}'
  const respond = (it: ServerResponse) => void it.end(text)
  expect(await seenOf(respond, (it) => it.json())).toEqual({
    id: 2733382000000000049n,
    list: [-9007199254740993n],
    at: 1.2345678901234567,
    text: '1234567890123456789',
    n: 9007199254740991,
  })
  const paths: (string | undefined)[] = []
  const record = (it: ServerResponse, { url }: IncomingMessage) => {
    paths.push(url)
    respond(it)
  }
  await runAgainst(record, {
    steps: [
      {
        name: 'list',
        request: { path: '/big' },
        extract: { id: '$.id', first: (it) => it.json<{ list: bigint[] }>().list[0] },
      },
      { name: 'item', request: ({ vu }) => ({ path: `/items/${String(vu.vars['id'])}/${String(vu.vars['first'])}` }) },
    ],
  })
  expect(paths).toEqual(['/big', '/items/2733382000000000049/-9007199254740993'])
  const errorsOf = async (json: unknown) =>
    (await runAgainst(respond, { request: { path: '/', check: { json } } })).details
  expect(await errorsOf({ id: 2733382000000000049n, n: 9007199254740991n })).toBe('errors 0%')
  // oxlint-disable-next-line no-loss-of-precision -- a mistake that users make
  expect(await errorsOf({ id: 2733382000000000049 })).toBe(
    'errors 100% (1 × check: the response differs at $.id: integers beyond 2^53 are exact, write them as bigint, such as 9007199254740993n)',
  )
  expect(await errorsOf({ id: 2733382000000000048n })).toContain('differs at $.id')
})

function matches(received: object, expected: object): boolean {
  try {
    expect(received).toMatchObject(expected)
    return true
  } catch {
    return false
  }
}

test.each<[string, unknown, boolean]>([
  ['a property that is undefined and missing', { skuu: undefined }, false],
  ['an inherited property', { toString: undefined }, false],
  ['a property that is null', { none: null }, true],
  ['a hole in an array', { list: [, 2] }, false], // oxlint-disable-line no-sparse-arrays
  ['a rounded integer', { id: 9007199254740992 }, false],
  ['an exact integer', { id: 9007199254740993n }, true],
  ['an empty Map', { object: new Map() }, false],
  ['a Date', { object: new Date(0) }, false],
  ['an empty object', { object: {} }, true],
  ['expect.any()', { sku: expect.any(String), list: [expect.any(Number), 2] }, true],
  ['expect.any() of another type', { sku: expect.any(Number) }, false],
])('check.json compares %s as toMatchObject does', async (_, json, holds) => {
  const text = '{"id":9007199254740993,"sku":"a-1","none":null,"list":[1,2],"object":{"a":1}}'
  const parsed = { ...JSON.parse(text), id: 9007199254740993n } as object
  expect(matches(parsed, json as object)).toBe(holds)
  const { details } = await runAgainst((it) => void it.end(text), { request: { path: '/', check: { json } } })
  expect(details.startsWith('errors 0%')).toBe(holds)
})

test.each(Object.entries(codings))('bytes after the end of a %s stream are an error', async (coding, compress) => {
  const zeros = coding.endsWith('gzip') ? [] : ['\0'.repeat(8)]
  for (const rest of ['<b>Fatal error</b>', ...zeros]) {
    const body = Buffer.concat([compress('hello'), Buffer.from(rest)])
    const { details } = await runAgainst((it) => void it.setHeader('content-encoding', coding).end(body), {
      request: { path: '/', check: { text: 'hello' } },
    })
    expect(details).toMatch(/^errors 100% \(1 × the response body (has more bytes than its|is not valid) /)
  }
})

test('decodes every member of gzip and every frame of zstd', async () => {
  for (const coding of ['gzip', 'zstd'] as const) {
    const body = Buffer.concat(['a', 'b', 'c'].map((text) => codings[coding](text)))
    const respond = (it: ServerResponse) => void it.setHeader('content-encoding', coding).end(body)
    expect(await seenOf(respond, (it) => it.text())).toBe('abc')
  }
})

test('headers have an array of cookies, and the methods of Fetch', async () => {
  const cookies = ['sid=a; Expires=Wed, 21 Oct 2037 07:28:00 GMT', 'csrf=b; Path=/']
  const respond = (it: ServerResponse) => {
    it.setHeader('set-cookie', cookies).setHeader('x-a', ['1', '2']).setHeader('__proto__', 'p').setHeader('get', 'g')
    it.end()
  }
  const headers = await seenOf(respond, (it) => it.headers)
  expect(Object.getPrototypeOf(headers)).toBe(null)
  expect(headers['set-cookie']).toEqual(cookies)
  expect(headers.getSetCookie()).toEqual(cookies)
  expect(headers.get('Set-Cookie')).toBe(cookies.join(', '))
  expect([headers['x-a'], headers.get('X-A'), headers.has('x-b'), headers.get('x-b')]).toEqual([
    '1, 2',
    '1, 2',
    false,
    null,
  ])
  expect([headers['__proto__'], headers.get('__proto__'), headers.get('get')]).toEqual(['p', 'p', 'g'])
  expect(Object.keys(headers)).toEqual([
    'set-cookie',
    'x-a',
    '__proto__',
    'date',
    'connection',
    'keep-alive',
    'content-length',
  ])
  const without = await seenOf(
    (it) => void it.end(),
    (it) => it.headers,
  )
  expect([without['set-cookie'], without.getSetCookie(), without['constructor']]).toEqual([undefined, [], undefined])
})

test.each<[string, Partial<HttpRunOptions>, string]>([
  [
    'expectStatus async',
    { expectStatus: (async () => false) as never },
    'expectStatus: the function must return true or false, it returned a Promise; it is called for each response and cannot wait',
  ],
  [
    'expectStatus with a string',
    { expectStatus: (() => 'no') as never },
    'expectStatus: the function must return true or false, it returned "no"',
  ],
  [
    'expectStatus with 1',
    { request: () => ({ path: '/', expectStatus: (() => 1) as never }) },
    'expectStatus: the function must return true or false, it returned 1',
  ],
  [
    'check async',
    { request: { path: '/', check: (async () => true) as never } },
    'check: the function must return true, false, a text or nothing, it returned a Promise',
  ],
  [
    'check with a number',
    { request: { path: '/', check: (() => 0) as never } },
    'check: the function must return true, false, a text or nothing, it returned 0',
  ],
  [
    'check that forgets its return',
    {
      request: () => ({
        path: '/',
        check: (response) => {
          // oxlint-disable-next-line no-unused-expressions -- that is the mistake
          response.status === 500
        },
      }),
    },
    'check: the function must return the result of its comparison: without it, every response passes',
  ],
  ['check with null', { request: { path: '/', check: (() => null) as never } }, 'it returned null'],
  [
    'extract async',
    { steps: [{ name: 'a', request: { path: '/' }, extract: { id: async () => 1 } }] },
    'extract.id: the function must return the value, it returned a Promise',
  ],
  [
    'unknown outcome',
    { record: { outcome: (() => 'okay') as never } },
    `record.outcome: the function must return 'ok', 'failed' or 'unknown', it returned "okay"`,
  ],
  [
    'outcome without a value',
    { record: { outcome: (() => undefined) as never } },
    'record.outcome: the function must return',
  ],
  [
    'response as an object',
    { record: { response: (() => ({})) as never } },
    'record.response: the function must return a string, bytes or undefined, it returned an object',
  ],
  [
    'payload async',
    { record: { payload: (async () => '') as never } },
    'record.payload: the function must return a string, bytes or undefined, it returned a Promise',
  ],
  [
    'unknown due',
    { record: { expected: (() => 'later') as never } },
    `record.expected: the function must return 'applied', 'refused' or 'ignored', it returned "later"`,
  ],
  [
    'key as a number',
    { record: { key: (() => 5) as never } },
    'record.key: the function must return a non-empty string, an array of them, or undefined, it returned 5',
  ],
])('rejects an invalid return value: %s', async (_, options, message) => {
  await expect(runAgainst((it) => void it.end('{}'), options)).rejects.toThrow(message)
})

const broken = () => {
  throw new TypeError('x is not a function')
}
test.each<[string, Partial<HttpRunOptions>]>([
  ['expectStatus', { expectStatus: broken }],
  ['check', { request: { path: '/', check: broken } }],
  ['extract', { steps: [{ name: 'a', request: { path: '/' }, extract: { id: broken } }] }],
  ['record.outcome', { record: { outcome: broken } }],
  ['record.response', { record: { response: broken } }],
])('rethrows an exception of %s', async (_, options) => {
  await expect(runAgainst((it) => void it.end('{}'), options)).rejects.toThrow(new TypeError('x is not a function'))
})

test.each<[string, (response: HttpResponse) => void, string]>([
  ['expect of Vitest', (it) => expect(it.status).toBe(201), 'check: expected 200 to be 201'],
  ['node:assert', (it) => assert.equal(it.status, 201), 'check: Expected values to be strictly equal:'],
  ['json() of a body that is not JSON', (it) => expect(it.json()).toBe(1), 'the response body is not JSON'],
])('counts a failed assertion in a check as a failed check: %s', async (_, check, detail) => {
  const { details } = await runAgainst((it) => void it.end('<html>'), { request: { path: '/', check } })
  expect(details).toContain(`errors 100% (1 × ${detail}`)
})

test('the outcome of an error response is that of its status, even if a record function cannot read the body', async () => {
  const outcomes: string[] = []
  const server = createServer((_, response) => response.writeHead(404).end('<html>'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { http } = engineFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const record = { response: (it: HttpResponse) => String(it.json()) }
  const run = await http.run({ load: one, request: { path: '/' }, record })
  server.close()
  for (const { outcome } of run.history.operations()) outcomes.push(outcome)
  expect([outcomes, [...run.errors]]).toEqual([['failed'], [['status', 1]]])
})
