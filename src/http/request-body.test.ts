import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { isReadFirst, readBody } from './request-body.ts'
import { RequestEncoder, type HttpRequest } from './request-encoder.ts'

type BodyInit = NonNullable<RequestInit['body']>

const encoder = new RequestEncoder({ host: 'app', isSecure: false, pathPrefix: '', headers: {} })

/** Content type and body as sent, one character for each byte. */
async function sent(request: Partial<HttpRequest>): Promise<{ type: string | undefined; body: string }> {
  const { body } = request
  const ready = isReadFirst(body) ? await readBody(body, 1_000) : body
  const { bytes } = encoder.encode({ method: 'POST', path: '/', ...request, body: ready })
  const [head, text] = bytes.toString('latin1').split(/\r\n\r\n(.*)/s)
  expect(/content-length: (\d+)/i.exec(head!)?.[1]).toBe(String(text!.length))
  return { type: /content-type: (.*)/i.exec(head!)?.[1], body: text! }
}

/** What `fetch` would send, with the boundary replaced. */
async function fetched(body: BodyInit): Promise<{ type: string | undefined; body: string }> {
  const request = new Request('http://app/', { method: 'POST', body })
  const bytes = Buffer.from(await request.arrayBuffer())
  return withoutBoundary({ type: request.headers.get('content-type') ?? undefined, body: bytes.toString('latin1') })
}

function withoutBoundary({ type, body }: { type: string | undefined; body: string }) {
  const boundary = /boundary=(.*)/.exec(type ?? '')?.[1] ?? 'none'
  return { type: type?.replace(boundary, 'B'), body: body.replaceAll(boundary, 'B') }
}

const form = new FormData()
form.set('user', 'änn\nb\r\nc\rd')
form.append('user', '')
form.append('a "name"\r\n', '1')
form.set('avatar', new File([new Uint8Array([0, 255, 13, 10])], 'me "1".png', { type: 'image/png' }))
form.set('blob', new Blob(['plain']))

test.each<[string, BodyInit]>([
  ['text', 'é'],
  [
    'URLSearchParams',
    new URLSearchParams([
      ['a', '1 2'],
      ['a', 'é&'],
    ]),
  ],
  ['an empty URLSearchParams', new URLSearchParams()],
  ['FormData with files', form],
  ['an empty FormData', new FormData()],
  ['a Blob with a type', new Blob(['{}'], { type: 'application/json' })],
  ['a Blob without a type', new Blob(['user=ann'])],
  ['an ArrayBuffer', new Uint8Array([1, 2, 0]).buffer],
  ['a Uint8Array', new Uint8Array([0, 255])],
  ['a part of a Float64Array', new Float64Array([1, 2, 3]).subarray(1, 2)],
  ['a DataView', new DataView(new ArrayBuffer(8), 2, 3)],
])('sends %s as fetch does', async (_, body) => {
  expect(withoutBoundary(await sent({ body }))).toEqual(await fetched(body))
})

test('sends what an async iterable yields, with its length', async () => {
  async function* chunks() {
    yield 'a'
    yield new Uint8Array([98])
    yield new Uint8Array([99]).buffer
  }
  expect(await sent({ body: chunks() })).toEqual({ type: undefined, body: 'abc' })
  expect(await sent({ body: Readable.from(['x', 'y']) })).toEqual({ type: undefined, body: 'xy' })
  expect(await sent({ body: new Blob(['web']).stream() })).toEqual({ type: undefined, body: 'web' })
})

test('rejects an async iterable that yields anything else, or does not end', async () => {
  await expect(readBody(Readable.from([{ a: 1 }]), 1_000)).rejects.toThrow(
    'request.body: must yield text or bytes if it is an async iterable, but yielded an object',
  )
  async function* endless() {
    await new Promise(() => {})
    yield ''
  }
  await expect(readBody(endless(), 5)).rejects.toThrow('request.body: must end within the time-out of 5 ms')
})

test('rejects a stream or iterator that has been read before', async () => {
  async function* chunks() {
    yield 'a'
  }
  const streams = [chunks(), Readable.from(['a']), new Blob(['a']).stream()]
  for (const body of streams) {
    expect(await sent({ body })).toMatchObject({ body: 'a' })
    await expect(readBody(body, 1_000)).rejects.toThrow(
      'request.body: must not be a stream or iterator that has been read before: it yields its content only once\nFix:',
    )
  }
})

test('rejects a stream that two requests send at the same time', async () => {
  for (const body of [Readable.from(['a']), new Blob(['a']).stream()]) {
    const results = await Promise.allSettled([readBody(body, 1_000), readBody(body, 1_000)])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  }
})

test('rejects a stream that the scenario itself has read or locked', async () => {
  const [read, locked] = [Readable.from(['a']), new Blob(['a']).stream()]
  await read.toArray()
  locked.getReader()
  for (const body of [read, locked])
    await expect(readBody(body, 1_000)).rejects.toThrow('must not be a stream or iterator that has been read before')
})

test('sends an iterable again that creates a new iterator for each loop', async () => {
  const body = {
    async *[Symbol.asyncIterator]() {
      yield 'a'
    },
  }
  expect(await sent({ body })).toMatchObject({ body: 'a' })
  expect(await sent({ body })).toMatchObject({ body: 'a' })
})

test('reads a blob once', async () => {
  const blob = new Blob(['a'])
  expect(isReadFirst(blob)).toBe(true)
  await readBody(blob, 1_000)
  expect(isReadFirst(blob)).toBe(false)
})

test('sends the same form as the same bytes', async () => {
  expect(await sent({ body: form })).toEqual(await sent({ body: form }))
})

test('sends the current content of a form that was sent before', async () => {
  const body = new FormData()
  body.set('a', '1')
  const before = await sent({ body })
  body.set('a', '2')
  expect((await sent({ body })).body).toBe(before.body.replace('\r\n1\r\n', '\r\n2\r\n'))
  body.append('a', new File(['x'], 'x'))
  expect((await sent({ body })).body).toContain('filename="x"')
})

test('sends an object as a form if the request or the common headers set that content type', async () => {
  const body = { user: 'ann & bob', tags: ['a', 1], isNew: true, none: undefined, big: 2n ** 60n }
  const expected = 'user=ann+%26+bob&tags=a&tags=1&isNew=true&big=1152921504606846976'
  const type = 'application/x-www-form-urlencoded'
  expect(await sent({ body, headers: { 'Content-Type': type } })).toEqual({ type, body: expected })
  const withCharset = `${type.toUpperCase()}; charset=utf-8`
  expect((await sent({ body, headers: { 'content-type': withCharset } })).body).toBe(expected)
  const common = new RequestEncoder({ host: 'app', isSecure: false, pathPrefix: '', headers: { 'content-type': type } })
  expect(common.encode({ method: 'POST', path: '/', body: { a: 1 } }).content).toBe('a=1')
  expect((await sent({ body: 'a=1', headers: { 'content-type': type } })).body).toBe('a=1')
})

test('writes bigints as integers', async () => {
  expect(await sent({ body: { id: 2733382000000000049n, of: [1n] } })).toEqual({
    type: 'application/json',
    body: '{"id":2733382000000000049,"of":[1]}',
  })
})

test('accepts values that JSON writes without loss', async () => {
  class Order {
    readonly id = 1
    readonly meta = {}
  }
  const body = { at: new Date(0), url: new URL('http://a/'), empty: {}, bare: Object.create(null), order: new Order() }
  expect((await sent({ body })).body).toBe(
    '{"at":"1970-01-01T00:00:00.000Z","url":"http://a/","empty":{},"bare":{},"order":{"id":1,"meta":{}}}',
  )
  expect((await sent({ body: ['{}', '{"0":'] })).body).toBe(String.raw`["{}","{\"0\":"]`)
})

class Hidden {
  readonly #id = 1
  get id() {
    return this.#id
  }
}

test.each<[string, Partial<HttpRequest>, string]>([
  ['a Map', { body: new Map([['a', 1]]) }, 'cannot be sent as JSON: a Map would become {}'],
  ['a Set', { body: new Set([1]) }, 'cannot be sent as JSON: a Set would become {}'],
  ['an instance without properties', { body: new Hidden() }, 'cannot be sent as JSON: a Hidden would become {}'],
  ['Headers', { body: new Headers({ a: '1' }) }, 'cannot be sent as JSON: a Headers would become {}'],
  ['a promise', { body: Promise.resolve(1) }, 'cannot be sent as JSON: a Promise would become {}'],
  ['an error', { body: new Error('x') }, 'cannot be sent as JSON: an Error would become {}'],
  ['a regular expression', { body: /x/ }, 'cannot be sent as JSON: a RegExp would become {}'],
  ['a nested Map', { body: { a: [{}, { b: new Map() }] } }, 'cannot be sent as JSON: a Map at a[1].b would become {}'],
  [
    'nested bytes',
    { body: { file: new Uint8Array(2) } },
    'cannot be sent as JSON: a Uint8Array at file would become {}',
  ],
  ['a nested form', { body: [form] }, 'cannot be sent as JSON: a FormData at [0] would become {}'],
  ['a function', { body: () => {} }, 'cannot be a function: JSON cannot represent it'],
  ['a symbol', { body: Symbol('s') }, 'cannot be Symbol(s): JSON cannot represent it'],
  [
    'a nested object in a form',
    { body: { a: { b: 1 } }, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    'cannot be sent as a form: a must be a string, a number, a boolean, or a list of them, received an object',
  ],
  [
    'null in a form',
    { body: { a: null }, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    'cannot be sent as a form: a must be a string, a number, a boolean, or a list of them, received null',
  ],
  [
    'an object as multipart',
    { body: { a: 1 }, headers: { 'content-type': 'multipart/form-data' } },
    'cannot be an object with the content type multipart/form-data: its parts need a boundary',
  ],
])('rejects %s', (_, request, rule) => {
  expect(() => encoder.encode({ path: '/', method: 'POST', ...request })).toThrow(`request.body: ${rule}`)
})

test('rejects a circular body', () => {
  const body: Record<string, unknown> = {}
  body['self'] = body
  expect(() => encoder.encode({ path: '/', body })).toThrow(
    'request.body: cannot be serialized as JSON: Converting circular structure to JSON',
  )
})

test('rejects a content type with FormData, because it would lack the boundary', () => {
  const headers = { 'content-type': 'multipart/form-data' }
  expect(() => encoder.encode({ path: '/', method: 'POST', body: new FormData(), headers })).toThrow(
    'request.headers: must have no content-type with a FormData body: its boundary is set with the body',
  )
})
