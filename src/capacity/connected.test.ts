import { expect, test } from 'vitest'
import { loadOptional, MissingPackageError } from '../options/optional-package.ts'
import { connected } from './connected.ts'
import { CapacityError } from './errors.ts'

function failing(url: string, open: () => Promise<never>) {
  return connected({ url, variable: 'PERF_DATABASE_URL', open, read: async () => 1, close: () => {} })
}

test('names a missing driver and the command that installs it', async () => {
  // The error that Node throws for the import of a missing package.
  const missing = Object.assign(new Error("Cannot find package 'pg' imported from /app/x.js"), {
    code: 'ERR_MODULE_NOT_FOUND',
  })
  const open = () => loadOptional('capacity', 'pg', () => Promise.reject(missing))
  const error = await failing('postgres://user:secret@127.0.0.1/shop', open).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(MissingPackageError)
  expect((error as Error).message).toMatchInlineSnapshot(`
    "capacity requires the package pg, which is not installed
    Fix: npm install --save-dev pg"
  `)
})

test('names the host and the variable of a connection that fails, without the password', async () => {
  const open = () => Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }))
  const error = await failing('postgres://user:secret@127.0.0.1/shop', open).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(CapacityError)
  expect((error as Error).message).toMatch(/^capacity cannot be sampled at 127\.0\.0\.1[^]*PERF_DATABASE_URL/)
  expect((error as Error).message).not.toContain('secret')
})
