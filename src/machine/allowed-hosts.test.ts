import { afterEach, describe, expect, test } from 'vitest'
import { hostsForFullLoad, isLoopback, refusalOf, setHostPolicy } from './allowed-hosts.ts'

afterEach(() => setHostPolicy({ allowRemote: [] }))

test.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.9.9.9', '::1', '[::1]', '[::ffff:7f00:1]'])(
  'takes %s for this machine',
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
])('refuses %j unless it is named', (host) => expect(refusalOf(host)).toBeDefined())

test.each(['api.localhost', 'localhost.', 'a.b.LOCALHOST.'])(
  'refuses %s, which a resolver may send elsewhere',
  (host) => {
    expect(refusalOf(host, { isLoad: true })).toEqual({
      problem: `${host} is a name to which a resolver may give any address`,
      received: 'allowRemote: nothing',
      fix: expect.stringMatching(/^use localhost or 127.0.0.1; if the name leads to this machine, name it: /),
    })
    expect(refusalOf(host, { also: [host] })).toBeUndefined()
  },
)

test('a host of the target takes load, and nothing else is sent to it', () => {
  setHostPolicy({ allowRemote: [], allowLoadOn: ['shop.example'] })
  expect(refusalOf('shop.example', { isLoad: true })).toBeUndefined()
  expect(refusalOf('shop.example')?.problem).toBe(
    'shop.example is not this machine, and it is not among the hosts allowed',
  )
})

describe('a host that is not this machine', () => {
  test('is refused with the way to allow it', () => {
    expect(refusalOf('Shop.Example')).toMatchInlineSnapshot(`
      {
        "fix": "if it is meant to be reached, name it: definePerfConfig({ allowRemote: ['shop.example'] }); if not, change the option or unset the variable that names it",
        "problem": "Shop.Example is not this machine, and it is not among the hosts allowed",
        "received": "allowRemote: nothing",
      }
    `)
  })

  test('is allowed by the config, or by the part that reaches it, whatever the case of its letters', () => {
    expect(refusalOf('shop.example', { also: ['SHOP.example.'] })).toBeUndefined()
    setHostPolicy({ allowRemote: ['Shop.Example'] })
    expect(refusalOf('shop.example.', { isLoad: true })).toBeUndefined()
    expect(refusalOf('www.shop.example')).toBeDefined()
  })

  test('carries full load only if it is allowed twice', () => {
    setHostPolicy({ allowRemote: ['shop.example'], allowFullLoadOn: hostsForFullLoad({}) })
    expect(refusalOf('shop.example')).toBeUndefined()
    expect(refusalOf('shop.example', { isLoad: true })).toMatchInlineSnapshot(`
      {
        "fix": "if that host is meant for it, set PERF_ALLOW_FULL_LOAD_ON=shop.example; if not, run at a smaller scale",
        "problem": "full load on shop.example must be allowed twice, and is allowed once",
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

test('says which address to use in place of every address', () => {
  expect(refusalOf('0.0.0.0', { also: ['0.0.0.0'] })?.fix).toBe('use 127.0.0.1')
  expect(refusalOf('[::]')?.fix).toBe('use [::1]')
})
