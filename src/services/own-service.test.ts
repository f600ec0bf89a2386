import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { startEnvironment } from './environment.ts'
import { freePort } from './ports.ts'
import type { Service, StartedService } from './service.ts'
import { target } from './target/target.ts'

/** A payment provider's API, as far as the target calls it: an example of a service of one's own. */
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

test('a service of one’s own is started, given to the target, reset and cleaned up like the others', async () => {
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

/** A database of one's own that is said to be elsewhere. */
function elsewhere(url: string, allowRemote?: readonly string[]): { service: Service; isPutAway: () => boolean } {
  let isPutAway = false
  const started = {
    ...{ name: 'orders', provider: 'mine', summary: 'mine', connection: { url }, env: {} },
    async [Symbol.asyncDispose]() {
      isPutAway = true
    },
  }
  return { service: { name: 'orders', allowRemote, start: async () => started }, isPutAway: () => isPutAway }
}

test.for([
  'postgres://u@db.example.invalid/x',
  'postgres://u@127.0.0.1/x?host=db.example.invalid',
  'redis://db.example.invalid:6379',
])('a service of one’s own may not lead the ledger to a host that nobody allowed: %s', async (url) => {
  const refused = elsewhere(url)
  await expect(startEnvironment({ services: [refused.service] })).rejects.toThrow(
    /orders: db\.example\.invalid is not this machine[^]*allowRemote: \['db\.example\.invalid'\]/,
  )
  expect(refused.isPutAway()).toBe(true)
  const allowed = elsewhere(url, ['db.example.invalid'])
  await using environment = await startEnvironment({ services: [allowed.service] })
  expect(environment.details.stores).toMatchObject([{ name: 'orders', url }])
})
