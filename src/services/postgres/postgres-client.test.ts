import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { failureOf } from '../../../fixtures/services/context.ts'
import { setHostPolicy } from '../../machine/allowed-hosts.ts'
import { startEnvironment, type Environment } from '../environment.ts'
import { assertOneHost, connectPostgres } from './postgres-client.ts'
import { postgres } from './postgres.ts'

let environment: Environment
let url: string

beforeAll(async () => {
  environment = await startEnvironment({ services: [postgres({ provider: 'embedded' })] })
  url = environment.details.services['postgres']!.connection['url']!
})
afterAll(() => environment?.[Symbol.asyncDispose]())

/** Unhandled rejections during the test. */
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

test('a query that is not awaited ends with its session without an unhandled rejection', async () => {
  const unhandled = unhandledRejections()
  {
    await using session = await connectPostgres('postgres', url)
    void session.query('SELECT pg_sleep(60)')
  }
  await new Promise(setImmediate)
  expect(unhandled).toEqual([])
})

test('a failed query that is not awaited is an unhandled rejection', async () => {
  const unhandled = unhandledRejections()
  await using session = await connectPostgres('postgres', url)
  void session.query('SELEC 1')
  await session.query('SELECT 1')
  await new Promise(setImmediate)
  expect(unhandled).toEqual([expect.objectContaining({ code: '42601' })])
})

const checked = async (text: string) => assertOneHost('postgres', 'PERF_DATABASE_URL', new URL(text))

test('rejects a URL that names one host and connects to another, even on this machine', async () => {
  const { message } = await failureOf(() => checked('postgres://u:p@127.0.0.1:9/db?host=127.0.0.2&port=24001'))
  expect(message).toMatchInlineSnapshot(`
    "postgres: PERF_DATABASE_URL names two hosts, 127.0.0.1 and 127.0.0.2, and the driver connects to 127.0.0.2
      Received: host 127.0.0.1, parameter host 127.0.0.2
    Fix: write the host once: postgres://user:password@127.0.0.2:5432/database. If both are intended, add the second to allowRemote: ['127.0.0.2']"
  `)
  await expect(checked('postgres://u:p@localhost/db?host=localhost,127.0.0.3')).rejects.toThrow('127.0.0.3')
})

test.each([
  'postgres://u:p@127.0.0.1:9/db',
  'postgres://u:p@127.0.0.2:9/db',
  'postgres://u:p@127.0.0.2/db?host=127.0.0.2&port=6',
  'postgres://u:p@localhost/db?host=127.0.0.1',
  'postgres://u:p@localhost/db?host=/var/run/postgresql',
])('accepts %s, which names one host', async (text) => {
  await expect(checked(text)).resolves.toBeUndefined()
})

test('accepts a second host that allowRemote names', async () => {
  setHostPolicy({ allowRemote: ['127.0.0.2'] })
  onTestFinished(() => setHostPolicy({ allowRemote: [] }))
  await expect(checked('postgres://u:p@127.0.0.1/db?host=127.0.0.2')).resolves.toBeUndefined()
})
