import { describe, expect, test } from 'vitest'
import { redactData, redactText } from './redact.ts'

describe('redactText masks', () => {
  test.each([
    ['postgres://perf:hunter2@127.0.0.1:5432/app', 'postgres://perf:***@127.0.0.1:5432/app'],
    ['redis://:s3cr3t/with?odd@localhost:6379', 'redis://:***@localhost:6379'],
    ['GET /api/live?streamerId=42&page=7#top', 'GET /api/live?streamerId=***&page=***#top'],
    ['authorization: Bearer abc.def.ghi, then', 'authorization: ***'],
    ['Cookie: sid=1; theme=dark\nnext: line', 'Cookie: ***\nnext: line'],
    ['sent with Bearer a1b2c3d4e5', 'sent with Bearer ***'],
    ['token eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl end', 'token *** end'],
    ['https://api.telegram.org/bot123456789:AAH_abcdefghijklmnopqrstuvwxyz12345/x', 'https://api.telegram.org/***/x'],
    [`{"password":"a \\"b\\" c","user":"u"}`, `{"password":"***","user":"u"}`],
    [`{ 'x-api-key': 'k-1', accept: '*/*' }`, `{ 'x-api-key': '***', accept: '*/*' }`],
    ['host=db user=perf password=hunter2 sslmode=off', 'host=db user=perf password=*** sslmode=off'],
    ['DATABASE_PASSWORD=hunter2', 'DATABASE_PASSWORD=***'],
    ['x-telegram-bot-api-secret-token: 12345', 'x-telegram-bot-api-secret-token: ***'],
    ['-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----', '***'],
  ])('%s', (text, clean) => expect(redactText(text)).toBe(clean))

  test('nothing twice', () => {
    const once = redactText('a://b:c@d/?e=f password=g')
    expect(redactText(once)).toBe(once)
  })
})

test.each([
  'p95 < 150 ms, 11,940 of 12,000 requests',
  'constantArrivalRate 200/s, 2,000 VUs',
  'postgres: PostgreSQL 18.4, embedded, 127.0.0.1:21345',
  'perf/checkout.perf.ts:12:3',
  'Is it so? yes = no',
  'toHaveStatusRateBelow(429, 0.01)',
])('redactText leaves alone: %s', (text) => expect(redactText(text)).toBe(text))

test('a colour between name and value hides nothing; where nothing is masked it stays', () => {
  const coloured = `{ \u001b[32m'x-api-key'\u001b[39m: \u001b[32m'abcdef0123'\u001b[39m, cookie: \u001b[32m'sid=7'\u001b[39m }`
  expect(redactText(coloured)).toBe(`{ 'x-api-key': '***', cookie: '***' }`)
  expect(redactText('\u001b[32mfine\u001b[39m')).toBe('\u001b[32mfine\u001b[39m')
})

test('known secrets are masked wherever they stand, short ones are not', () => {
  expect(redactText('id-opaque77 and cat', ['opaque77', 'cat'])).toBe('id-*** and cat')
})

test('redactData goes through plain data, masks telling keys, and keeps numbers', () => {
  const data = {
    headers: { Authorization: 'plain words', accept: 'json' },
    steps: [{ name: 'GET /me?id=4' }],
    'GET /x?token=abcdef': 3,
    buckets: [1, 2, 3],
    at: 4.5,
    none: null,
  }
  expect(redactData(data)).toEqual({
    headers: { Authorization: '***', accept: 'json' },
    steps: [{ name: 'GET /me?id=***' }],
    'GET /x?token=***': 3,
    buckets: [1, 2, 3],
    at: 4.5,
    none: null,
  })
})
