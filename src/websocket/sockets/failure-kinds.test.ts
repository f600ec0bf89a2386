import { expect, test } from 'vitest'
import { closingOf, failureKind } from './failure-kinds.ts'

test.each([
  ['Unexpected server response: 302', 'status 302'],
  ['Server sent a subprotocol but none was requested: "other"', 'subprotocol "other", which was not offered'],
  ['Server sent an invalid subprotocol', 'subprotocol not agreed'],
  ['Server sent a Sec-WebSocket-Extensions header but no extension was requested', 'extension not agreed'],
  ['Server indicated an extension that was not requested', 'extension not agreed'],
  ['Invalid Sec-WebSocket-Extensions header', 'extension not agreed'],
])('returns for the error %j the kind %j', (message, kind) => {
  expect(failureKind(new Error(message))).toBe(kind)
})

test.each([
  ['0', 'status 429 (Retry-After up to 1 s)'],
  ['1', 'status 429 (Retry-After up to 1 s)'],
  ['31', 'status 429 (Retry-After up to 60 s)'],
  ['86400', 'status 429 (Retry-After more than 1 h)'],
  ['Wed, 21 Oct 2026 07:28:00 GMT', 'status 429'],
  [undefined, 'status 429'],
])('returns for a refusal with Retry-After: %s the kind %j', (retryAfter, kind) => {
  expect(failureKind(new Error('Unexpected server response: 429'), retryAfter)).toBe(kind)
})

test('describes a close by its code and reason, or by the protocol error of the target', () => {
  expect(closingOf(1013, 'busy', undefined)).toBe('closed with code 1013 (try again later): busy')
  expect(closingOf(4000, '', undefined)).toBe('closed with code 4000')
  expect(closingOf(1006, '', new Error('a ping got no response in time'))).toBe(
    'closed with code 1006 (connection lost without a closing handshake): a ping got no response in time',
  )
  const broken = (code: string, message: string) => closingOf(1006, '', Object.assign(new Error(message), { code }))
  expect(broken('WS_ERR_INVALID_UTF8', 'Invalid WebSocket frame: invalid UTF-8 sequence')).toBe(
    'closed by this client with code 1007 (invalid data), as the target broke the protocol: invalid UTF-8 sequence',
  )
  expect(broken('WS_ERR_UNEXPECTED_MASK', 'Invalid WebSocket frame: MASK must be clear')).toBe(
    'closed by this client with code 1002 (protocol error), as the target broke the protocol: MASK must be clear',
  )
  expect(broken('WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 'Max payload size exceeded')).toMatch(
    /code 1009 \(message too big\)/,
  )
})
