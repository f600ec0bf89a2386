import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startEnvironment, type Environment } from '../environment.ts'
import { connectPostgres } from './postgres-client.ts'
import { postgres } from './postgres.ts'

let environment: Environment
let url: string

beforeAll(async () => {
  environment = await startEnvironment({ services: [postgres({ provider: 'embedded' })] })
  url = environment.details.services['postgres']!.connection['url']!
})
afterAll(() => environment?.[Symbol.asyncDispose]())

/** Rejections that nothing handles, as long as the test lasts. */
function unhandledRejections(): readonly unknown[] {
  const found: unknown[] = []
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', (error) => found.push(error))
  onTestFinished(() => {
    process.removeAllListeners('unhandledRejection')
    for (const listener of others) process.on('unhandledRejection', listener)
  })
  return found
}

test('a query that nobody awaited ends with its session without an error of its own', async () => {
  const unhandled = unhandledRejections()
  {
    await using session = await connectPostgres('postgres', url)
    void session.query('SELECT pg_sleep(60)')
  }
  await new Promise(setImmediate)
  expect(unhandled).toEqual([])
})

test('a query that fails while nobody awaits it is reported by Node as any other', async () => {
  const unhandled = unhandledRejections()
  await using session = await connectPostgres('postgres', url)
  void session.query('SELEC 1')
  await session.query('SELECT 1')
  await new Promise(setImmediate)
  expect(unhandled).toEqual([expect.objectContaining({ code: '42601' })])
})
