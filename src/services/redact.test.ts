import fc from 'fast-check'
import { expect, test } from 'vitest'
import { redact, secretsOf } from './redact.ts'

test.each([
  ['postgres://user:secret@host:5432/db', 'postgres://user:***@host:5432/db'],
  ['redis://:secret@host', 'redis://:***@host'],
  ['see rediss://u:p@ss@host/0 and http://host/', 'see rediss://u:***@host/0 and http://host/'],
  [
    'postgres://host/db?user=u&password=secret&sslmode=require',
    'postgres://host/db?user=u&password=***&sslmode=require',
  ],
  ['https://api.example/x?token=secret', 'https://api.example/x?token=***'],
  ['http://127.0.0.1:3000/a:b@c', 'http://127.0.0.1:3000/a:b@c'],
  ['nothing to hide', 'nothing to hide'],
])('%s', (text, expected) => {
  expect(redact(text)).toBe(expected)
})

test('a password of any letters is not shown, inside whatever text', () => {
  const password = fc.string({ minLength: 6, unit: 'grapheme-ascii' }).filter((text) => text.trim().length >= 6)
  fc.assert(
    fc.property(password, fc.lorem(), (secret, text) => {
      const url = `postgres://user:${encodeURIComponent(secret)}@host:5432/db`
      fc.pre(!`${text} ${url.replace(encodeURIComponent(secret), '***')} refused`.includes(secret))
      expect(redact(`${text} ${url} refused`)).not.toContain(encodeURIComponent(secret))
      expect(redact(`${text} password ${secret} refused`, secretsOf(url))).not.toContain(secret)
    }),
  )
})

test('secrets of a URL are its password as written and decoded', () => {
  expect(secretsOf('redis://:a%2Fb@host')).toEqual(['a%2Fb', 'a/b'])
  expect(secretsOf('redis://host')).toEqual([])
  expect(secretsOf('no url')).toEqual([])
})
