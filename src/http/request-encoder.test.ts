import { expect, test } from 'vitest'
import { RequestEncoder, type HttpRequest } from './request-encoder.ts'

const encoder = new RequestEncoder({
  host: 'app:3000',
  isSecure: false,
  pathPrefix: '/v1',
  headers: { Accept: 'text/plain', 'X-Twice': ['a', 'b'] },
})
const text = (request: HttpRequest) => encoder.encode(request).bytes.toString('latin1')
const common = 'User-Agent: vitest-slo\r\nAccept: text/plain\r\nX-Twice: a\r\nX-Twice: b\r\n'

test('encodes a request with the common headers', () => {
  expect(text({ path: '/me?x=1' })).toBe(
    `GET /v1/me?x=1 HTTP/1.1\r\nHost: app:3000\r\nConnection: keep-alive\r\n${common}\r\n`,
  )
})

test('encodes text and bytes unchanged, other values as JSON, with the length in bytes', () => {
  const tail = (request: HttpRequest) => text(request).split(common)[1]
  expect(tail({ path: '/', method: 'POST', body: 'é' })).toBe(
    'Content-Type: text/plain;charset=UTF-8\r\nContent-Length: 2\r\n\r\n\xc3\xa9',
  )
  expect(tail({ path: '/', method: 'POST', body: new Uint8Array([0, 255]) })).toBe('Content-Length: 2\r\n\r\n\x00\xff')
  expect(tail({ path: '/', method: 'PUT', body: { a: [1] } })).toBe(
    'Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"a":[1]}',
  )
  expect(tail({ path: '/', method: 'PUT', body: null })).toMatch(/json\r\nContent-Length: 4\r\n\r\nnull$/)
  expect(tail({ path: '/', method: 'POST' })).toBe('Content-Length: 0\r\n\r\n')
  expect(tail({ path: '/', method: 'DELETE' })).toBe('\r\n')
  expect(tail({ path: '/', method: 'POST', body: 1, headers: { 'content-type': 'text/x' } })).toBe(
    'content-type: text/x\r\nContent-Length: 1\r\n\r\n1',
  )
})

test("a request's headers replace common headers of the same name in any case", () => {
  const lines = text({ path: '/', headers: { ACCEPT: 'a/b', Host: 'else', n: 1, none: undefined, many: ['x', 'y'] } })
  expect(lines).toBe(
    'GET /v1/ HTTP/1.1\r\nConnection: keep-alive\r\nUser-Agent: vitest-slo\r\nX-Twice: a\r\nX-Twice: b\r\nACCEPT: a/b\r\nHost: else\r\nn: 1\r\nmany: x\r\nmany: y\r\n\r\n',
  )
})

test.each<[string, unknown, RegExp]>([
  [
    'a URL',
    { path: 'https://api.example.com/x' },
    /request\.path: must begin with '\/'; scheme and host belong in the option baseUrl\nFix: write, for example/,
  ],
  ['a path without a slash', { path: 'x' }, /request\.path: must begin with '\/'.*received "x"/],
  ['a path with a space', { path: '/a b' }, /percent-encoded/],
  ['a path that would smuggle a header', { path: '/ HTTP/1.1\r\nX: y' }, /request\.path/],
  ['no path', {}, /received undefined/],
  [
    'a path with a fragment',
    { path: '/a?b=1#c' },
    /request\.path: must not have a fragment.*%23, received "\/a\?b=1#c"/,
  ],
  ['a path in an array', { path: ['/x'] }, /received an array/],
  ['a lowercase method', { path: '/', method: 'post' }, /request\.method: must be uppercase, received "post"/],
  ['a mixed-case method', { path: '/', method: 'Get' }, /must be uppercase/],
  ['the method CONNECT', { path: '/', method: 'CONNECT' }, /must be a method such as 'GET', received "CONNECT"/],
  [
    'null as a header',
    { path: '/', headers: { a: null } },
    /a must be a string, a finite number, or a list of them, received null/,
  ],
  ['a date as a header', { path: '/', headers: { a: new Date() } }, /received a Date/],
  ['NaN as a header', { path: '/', headers: { a: Number.NaN } }, /received NaN/],
  ['true as a header', { path: '/', headers: { a: true } }, /received true/],
  ['null in a list of a header', { path: '/', headers: { a: ['b', null] } }, /received an array/],
  ['an invalid method', { path: '/', method: 'GET /' }, /request\.method: must be a method/],
  ['an invalid header name', { path: '/', headers: { 'a b': '1' } }, /"a b" is not a valid header name/],
  [
    'a header that would smuggle another',
    { path: '/', headers: { a: '1\r\nb: 2' } },
    /the value of a contains a line break/,
  ],
  ['a header of the engine', { path: '/', headers: { 'Content-Length': '3' } }, /Content-Length is set by the engine/],
  ['a body that JSON cannot represent', { path: '/', body: () => {} }, /request\.body: .* JSON cannot represent it/],
])('rejects %s', (_, request, message) => {
  expect(() => encoder.encode(request as HttpRequest)).toThrow(message)
})

test('does not show the value of a rejected header', () => {
  expect(() => encoder.encode({ path: '/', headers: { authorization: 'Bearer s3cret\n' } })).not.toThrow(/s3cret/)
  expect(() => encoder.encode({ path: '/', headers: { authorization: 'Bearer s3cret\n' } })).toThrow(/authorization/)
})
