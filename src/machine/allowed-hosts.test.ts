import { afterEach, describe, expect, test } from 'vitest'
import { hostsForFullLoad, isLoopback, refusalOf, setHostPolicy } from './allowed-hosts.ts'

afterEach(() => setHostPolicy({ allowRemote: [] }))

test.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.9.9.9', '::1', '[::1]', '[::ffff:7f00:1]'])(
  'treats %s as this machine',
  (host) => {
    expect(isLoopback(host)).toBe(true)
    expect(refusalOf(host, { isLoad: true })).toBeUndefined()
  },
)

test.each([
  'example.com',
  'localhost.example.com',
  '127.0.0.1.example.com',
  '10.0.0.1',
  '128.0.0.1',
  '2130706433',
  '::2',
  '[::ffff:a00:1]',
  '',
])('rejects %j unless it is allowed', (host) => expect(refusalOf(host)).toBeDefined())

test.each(['api.localhost', 'localhost.', 'a.b.LOCALHOST.'])(
  'rejects %s, which a resolver may map to another machine',
  (host) => {
    expect(refusalOf(host, { isLoad: true })).toEqual({
      problem: `${host} is a name that a resolver may map to any address`,
      received: 'allowRemote: nothing',
      fix: expect.stringMatching(/^use localhost or 127.0.0.1; if the name resolves to this machine, allow it: /),
    })
    expect(refusalOf(host, { also: [host] })).toBeUndefined()
  },
)

test('allows load on a host of the target, and no other connection', () => {
  setHostPolicy({ allowRemote: [], allowLoadOn: ['shop.example'] })
  expect(refusalOf('shop.example', { isLoad: true })).toBeUndefined()
  expect(refusalOf('shop.example')?.problem).toBe(
    'shop.example is not this machine, and it is not among the hosts allowed',
  )
})

describe('a host that is not this machine', () => {
  test('is rejected with the fix that allows it', () => {
    expect(refusalOf('Shop.Example')).toMatchInlineSnapshot(`
      {
        "fix": "to allow it, add definePerfConfig({ allowRemote: ['shop.example'] }); otherwise change the option or unset the variable that contains it",
        "problem": "Shop.Example is not this machine, and it is not among the hosts allowed",
        "received": "allowRemote: nothing",
      }
    `)
  })

  test('is allowed by the config, or by the feature that connects, in upper or lower case', () => {
    expect(refusalOf('shop.example', { also: ['SHOP.example.'] })).toBeUndefined()
    setHostPolicy({ allowRemote: ['Shop.Example'] })
    expect(refusalOf('shop.example.', { isLoad: true })).toBeUndefined()
    expect(refusalOf('www.shop.example')).toBeDefined()
  })

  test('gets full load only if it is allowed twice', () => {
    setHostPolicy({ allowRemote: ['shop.example'], allowFullLoadOn: hostsForFullLoad({}) })
    expect(refusalOf('shop.example')).toBeUndefined()
    expect(refusalOf('shop.example', { isLoad: true })).toMatchInlineSnapshot(`
      {
        "fix": "to allow it, set PERF_ALLOW_FULL_LOAD_ON=shop.example; otherwise run at a smaller scale",
        "problem": "full load on shop.example must be allowed twice, but is allowed only once",
        "received": "PERF_ALLOW_FULL_LOAD_ON: not set",
      }
    `)
    const env = { PERF_ALLOW_FULL_LOAD_ON: 'other.example, Shop.Example' }
    setHostPolicy({ allowRemote: ['shop.example'], allowFullLoadOn: hostsForFullLoad(env) })
    expect(refusalOf('shop.example', { isLoad: true })).toBeUndefined()
    setHostPolicy({ allowRemote: [], allowFullLoadOn: hostsForFullLoad(env) })
    expect(refusalOf('shop.example', { isLoad: true })?.problem).toContain('not among the hosts allowed')
  })
})

test('suggests an address in place of 0.0.0.0 and ::', () => {
  expect(refusalOf('0.0.0.0', { also: ['0.0.0.0'] })?.fix).toBe('use 127.0.0.1')
  expect(refusalOf('[::]')?.fix).toBe('use [::1]')
})
