import { expect, test } from 'vitest'
import { maskHandshake } from './handshake-secrets.ts'

const TOKEN = 'qé+tok/4711 a=b&c'

function masked(text: string, more: { url?: string; headers?: Record<string, string>; exempt?: string[] } = {}) {
  const { url = `ws://host/live?room=7&token=${encodeURIComponent(TOKEN)}`, headers = {}, exempt = [] } = more
  return maskHandshake(text, { url, headers, subprotocols: [] }, new Set(exempt))
}

test.each([
  ['decoded', TOKEN],
  ['percent-encoded', encodeURIComponent(TOKEN)],
  ['percent-encoded in lower case', encodeURIComponent(TOKEN).toLowerCase()],
  ['percent-encoded twice', encodeURIComponent(encodeURIComponent(TOKEN))],
  ['as in a form, with + for a space', new URLSearchParams({ '': TOKEN }).toString().slice(1)],
  ['escaped in JSON', JSON.stringify(TOKEN).slice(1, -1)],
  ['in base64', Buffer.from(`user:${TOKEN}`).toString('base64')],
])('masks a value of the query, %s', (_, form) => {
  expect(masked(`closed with code 4001: ${form} expired`)).toMatch(/^closed with code 4001: \S*\*\*\*\S* expired$/)
})

test('masks a value that the path of the scenario encoded without need', () => {
  expect(masked('no %41bcdefg', { url: 'ws://host/?t=%41bcdefg' })).toBe('no ***')
  expect(masked('no Abcdefg', { url: 'ws://host/?t=%41bcdefg' })).toBe('no ***')
})

test.each(['', '…', '...', '"', "')"])('masks the beginning of a value that is cut, followed by %j', (end) => {
  const url = `ws://host/?token=${'0123456789abcdef'.repeat(20)}`
  expect(masked(`invalid 0123456789ab${end}`, { url })).toBe(`invalid ***${end}`)
})

test('masks cookies, and headers with the name of a secret without their scheme', () => {
  const headers = { Authorization: 'Bearer abc-def-ghi', cookie: 'lang=english; n=s1/d2', 'user-agent': 'Firefox' }
  expect(masked('abc-def-ghi s1/d2 english Firefox Bearer', { url: 'ws://host/', headers })).toBe(
    '*** s1/d2 *** Firefox Bearer',
  )
})

test('masks a short value with the name of a secret as a word, and no other short value', () => {
  const url = 'ws://host/?token=abc&room=seven'
  expect(masked('closed with code 4001: abc in seven, not abcd', { url })).toBe(
    'closed with code 4001: *** in seven, not abcd',
  )
})

test('keeps values that are exempt, and texts without values', () => {
  expect(masked('use websocket', { url: 'ws://host/?transport=websocket', exempt: ['websocket'] })).toBe(
    'use websocket',
  )
  expect(masked('status 503')).toBe('status 503')
  expect(masked('status 503', { url: 'ws://host/' })).toBe('status 503')
})
