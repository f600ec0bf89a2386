import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { startEnvironment } from './environment.ts'
import { freePort } from './ports.ts'
import type { Service, StartedService } from './service.ts'
import { target } from './target/target.ts'

/** Stub of a payment provider's API: an example of a custom service. */
function paymentStub(): Service {
  return {
    name: 'payments',
    async start({ signal }): Promise<StartedService> {
      let invoices = 0
      const server = createServer((_, response) => {
        invoices++
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ ok: true, result: `https://pay.example/${invoices}` }))
      })
      server.listen(await freePort(), '127.0.0.1')
      await once(server, 'listening', { signal })
      const address = server.address()
      const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
      return {
        name: 'payments',
        provider: 'in process',
        summary: `payment stub, in process, ${url}`,
        connection: { url },
        env: { PAYMENTS_URL: url },
        async reset() {
          invoices = 0
        },
        async [Symbol.asyncDispose]() {
          server.closeAllConnections()
          server.close()
          await once(server, 'close')
        },
      }
    },
  }
}

test('a custom service is started, passed to the target, reset and cleaned up like the others', async () => {
  const small = new URL('../../fixtures/services/small-target.ts', import.meta.url).pathname
  const environment = await startEnvironment(
    { services: [paymentStub()], target: target({ command: ['node', small] }) },
    { env: { PATH: process.env['PATH'] } },
  )
  const { services, target: running } = environment.details
  const url = services['payments']?.connection['url'] ?? ''
  const invoice = async (): Promise<unknown> => (await fetch(url)).json()

  expect(await (await fetch(`${running?.instances[0]?.baseUrl}/env`)).json()).toMatchObject({ PAYMENTS_URL: url })
  expect(await invoice()).toEqual({ ok: true, result: 'https://pay.example/1' })
  await environment.reset()
  expect(await invoice()).toEqual({ ok: true, result: 'https://pay.example/1' })

  await environment[Symbol.asyncDispose]()
  await expect(fetch(url)).rejects.toThrow('fetch failed')
})

/** A custom database service with a given URL. */
function databaseAt(url: string, allowRemote?: readonly string[]): { service: Service; isCleanedUp: () => boolean } {
  let isCleanedUp = false
  const started = {
    ...{ name: 'orders', provider: 'mine', summary: 'mine', connection: { url }, env: {} },
    async [Symbol.asyncDispose]() {
      isCleanedUp = true
    },
  }
  return { service: { name: 'orders', allowRemote, start: async () => started }, isCleanedUp: () => isCleanedUp }
}

test.for([
  'postgres://u@db.example.invalid/x',
  'postgres://u@127.0.0.1/x?host=db.example.invalid',
  'redis://db.example.invalid:6379',
])('a custom service cannot use a host that is not allowed: %s', async (url) => {
  const refused = databaseAt(url)
  await expect(startEnvironment({ services: [refused.service] })).rejects.toThrow(
    /orders: db\.example\.invalid is not this machine[^]*allowRemote: \['db\.example\.invalid'\]/,
  )
  expect(refused.isCleanedUp()).toBe(true)
  const allowed = databaseAt(url, ['db.example.invalid'])
  await using environment = await startEnvironment({ services: [allowed.service] })
  expect(environment.details.stores).toMatchObject([{ name: 'orders', url }])
})
