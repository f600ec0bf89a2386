import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { order, orderReset, targetPidsNow } from './control-client.ts'
import type { Disruption } from './disruption.ts'

const disruption: Disruption = { kind: 'killTarget', instance: 0, downMs: 100 }
const signal = new AbortController().signal

interface Asked {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly authorization: string | undefined
  readonly type: string | undefined
  readonly body: string
}

/** Responds to everything alike, and notes what it was asked. */
async function responding(status: number, content: object) {
  const asked: Asked[] = []
  const server = createServer((request: IncomingMessage, response) => {
    const { method, url, headers } = request
    const note = async () => {
      const body = await text(request)
      asked.push({ method, url, authorization: headers.authorization, type: headers['content-type'], body })
      response.writeHead(status).end(JSON.stringify(content))
    }
    void note()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { asked, control: { url: `http://127.0.0.1:${port}`, token: 'sesame' } }
}

const sent = { authorization: 'Bearer sesame', type: 'application/json' }

test('orders a disruption, and says what was done', async () => {
  const { asked, control } = await responding(200, { label: 'target killed' })
  expect(await order(control, disruption, signal)).toBe('target killed')
  expect(asked).toEqual([
    { ...sent, method: 'POST', url: '/disruptions', body: '{"kind":"killTarget","instance":0,"downMs":100}' },
  ])
})

test('orders a reset', async () => {
  const { asked, control } = await responding(200, {})
  await orderReset(control, undefined, signal)
  await orderReset(control, 'orders', signal)
  expect(asked).toEqual(
    ['{}', '{"service":"orders"}'].map((body) => ({ ...sent, method: 'POST', url: '/resets', body })),
  )
})

test('asks for the processes of now', async () => {
  const { asked, control } = await responding(200, { pids: [4, 5] })
  expect(await targetPidsNow(control, signal)).toEqual([4, 5])
  expect(asked).toEqual([{ ...sent, method: 'GET', url: '/target', body: '' }])
})

test('what cannot be done is thrown with its reason, or its status', async () => {
  const { control } = await responding(409, { error: 'the target is not ours' })
  await expect(order(control, disruption, signal)).rejects.toThrow('the target is not ours')
  const { control: silent } = await responding(503, {})
  await expect(orderReset(silent, undefined, signal)).rejects.toThrow('status 503')
})

test('a wait that is given up ends at once', async () => {
  const { control } = await responding(200, {})
  await expect(orderReset(control, undefined, AbortSignal.abort(new Error('over')))).rejects.toThrow('over')
})
