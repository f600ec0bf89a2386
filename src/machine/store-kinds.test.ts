import { expect, test } from 'vitest'
import { findStore, kindOfUrl, type Store, type StoreQuestion } from './store-kinds.ts'

const orders: Store = { name: 'orders', kind: 'postgres', url: 'postgres://127.0.0.1/orders', isAbsent: false }
const users: Store = { name: 'users', kind: 'postgres', url: 'postgres://127.0.0.1/users', isAbsent: false }
const cache: Store = { name: 'postgres', kind: 'redis', url: 'redis://127.0.0.1', isAbsent: false }

function find(stores: readonly Store[], question: Partial<StoreQuestion> = {}) {
  return findStore(stores, { kind: 'postgres', choose: (name) => `of('${name}')`, isExternal: false, ...question })
}

test('finds the only store of a kind, with any name', () => {
  expect(find([cache, orders])).toEqual({ url: orders.url })
  expect(find([cache, orders], { kind: 'redis' })).toEqual({ url: cache.url })
})

test('finds one of several stores by its name, and does not guess', () => {
  expect(find([orders, users], { name: 'users' })).toEqual({ url: users.url })
  expect(find([orders, users])).toEqual({
    reason: 'this run has 2 Postgres services, and the scenario does not say which: orders, users',
    fix: "name one: of('orders')",
    isExternal: false,
  })
  expect(find([orders, cache], { name: 'postgres' })).toEqual({
    reason: 'no Postgres service is named "postgres"; there are: orders',
    fix: "name one of them: of('orders')",
    isExternal: false,
  })
})

test('only a store of an external target may be missing without an error', () => {
  const absent: Store = { name: 'orders', kind: 'postgres', isAbsent: true }
  expect(find([absent])).toMatchObject({ isExternal: true, fix: 'set PERF_DATABASE_URL' })
  expect(find([])).toMatchObject({ isExternal: false, reason: 'no Postgres is known to this run' })
  expect(find([], { isExternal: true })).toMatchObject({ isExternal: true })
  for (const url of [{}, { url: '' }])
    expect(find([{ name: 'orders', kind: 'postgres', isAbsent: false, ...url }], { isExternal: true })).toEqual({
      reason: 'the Postgres service orders has no URL',
      fix: "return one from its start(): connection: { url: 'postgres://…' }",
      isExternal: false,
    })
})

test('returns the kind of a service by its URL', () => {
  const urls = ['postgres://a', 'postgresql://a', 'redis://a', 'rediss://a', 'http://a', '', undefined]
  expect(urls.map(kindOfUrl)).toEqual(['postgres', 'postgres', 'redis', 'redis', undefined, undefined, undefined])
})
