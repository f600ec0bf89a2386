import { expect, test } from 'vitest'
import { originOf, parseBaseUrl, urlBelow } from './base-url.ts'

test.each([
  ['http://127.0.0.1:3000', { bare: 'http://127.0.0.1:3000', socketPath: undefined, authorization: undefined }],
  ['https://a/api/', { bare: 'https://a/api' }],
  ['http://ann:s3cret@a', { bare: 'http://a', authorization: `Basic ${btoa('ann:s3cret')}` }],
  ['http://:p%40ss@a', { bare: 'http://a', authorization: `Basic ${btoa(':p@ss')}` }],
  ['http://ann:100%@a', { authorization: `Basic ${btoa('ann:100%')}` }],
  ['unix:/run/app.sock', { bare: 'unix:/run/app.sock', socketPath: '/run/app.sock' }],
  ['unix:/run/app.sock:/api/', { bare: 'unix:/run/app.sock:/api', socketPath: '/run/app.sock' }],
])('parseBaseUrl(%j)', (text, expected) => {
  expect(parseBaseUrl(text)).toMatchObject(expected)
})

test.each(['', 'a', 'ftp://a', 'unix:', 'unix:relative.sock', '/run/app.sock', 'http://'])('rejects %j', (text) => {
  expect(parseBaseUrl(text)).toBe(undefined)
})

test('appends a path to a base URL', () => {
  expect(urlBelow('http://u:p@a/api', '/x?y=1')).toBe('http://u:p@a/api/x?y=1')
  expect(urlBelow('unix:/run/app.sock', '/x')).toBe('unix:/run/app.sock:/x')
  expect(urlBelow('unix:/run/app.sock:/api', '/x')).toBe('unix:/run/app.sock:/api/x')
  expect(parseBaseUrl('unix:/run/app.sock:/api/x')!.url.pathname).toBe('/api/x')
})

test('returns the same origin for all URLs of one listener', () => {
  const origins = ['http://a/x', 'ws://u:p@a:80', 'unix:/s', 'unix:/s:/x', 'https://a'].map((text) =>
    originOf(parseBaseUrl(text)!),
  )
  expect(origins).toEqual(['http://a', 'http://a', 'unix:/s', 'unix:/s', 'https://a'])
})
