import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test, vi } from 'vitest'
import { requestDisruption, requestReset, targetPidsNow } from './control-client.ts'
import type { Disruption } from './disruption.ts'

const disruption: Disruption = { kind: 'killTarget', instance: 0, downMs: 100 }
const signal = new AbortController().signal

interface ReceivedRequest {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly authorization: string | undefined
  readonly type: string | undefined
  readonly body: string
}

/** A server that responds to every request alike and records the requests. */
async function responding(status: number, content: object) {
  const requests: ReceivedRequest[] = []
  const server = createServer((request: IncomingMessage, response) => {
    const { method, url, headers } = request
    const record = async () => {
      const body = await text(request)
      requests.push({ method, url, authorization: headers.authorization, type: headers['content-type'], body })
      response.writeHead(status).end(JSON.stringify(content))
    }
    void record()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { requests, control: { url: `http://127.0.0.1:${port}`, token: 'sesame' } }
}

const sent = { authorization: 'Bearer sesame', type: 'application/json' }

test('requests a disruption, and returns what was done', async () => {
  const { requests, control } = await responding(200, { label: 'target killed' })
  expect(await requestDisruption(control, disruption, signal)).toBe('target killed')
  expect(requests).toEqual([
    { ...sent, method: 'POST', url: '/disruptions', body: '{"kind":"killTarget","instance":0,"downMs":100}' },
  ])
})

test('requests a reset', async () => {
  const { requests, control } = await responding(200, {})
  await requestReset(control, undefined, signal)
  await requestReset(control, 'orders', signal)
  expect(requests).toEqual(
    ['{}', '{"service":"orders"}'].map((body) => ({ ...sent, method: 'POST', url: '/resets', body })),
  )
})

test('returns the current processes of the target', async () => {
  const { requests, control } = await responding(200, { pids: [4, 5] })
  expect(await targetPidsNow(control, signal)).toEqual([4, 5])
  expect(requests).toEqual([{ ...sent, method: 'GET', url: '/target', body: '' }])
})

test('throws the message of a failure, or its status', async () => {
  const { control } = await responding(409, { error: 'the target is not ours' })
  await expect(requestDisruption(control, disruption, signal)).rejects.toThrow('the target is not ours')
  const { control: silent } = await responding(503, {})
  await expect(requestReset(silent, undefined, signal)).rejects.toThrow('status 503')
})

test('rejects immediately if the signal is aborted', async () => {
  const { control } = await responding(200, {})
  await expect(requestReset(control, undefined, AbortSignal.abort(new Error('over')))).rejects.toThrow('over')
})

test('rejects if the main process does not respond in time', async () => {
  const server = createServer(() => {}).listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  onTestFinished(() => server.close().closeAllConnections())
  const { port } = server.address() as AddressInfo
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => AbortSignal.abort(new Error('late')))
  onTestFinished(() => timeout.mockRestore())
  const request = targetPidsNow({ url: `http://127.0.0.1:${port}`, token: 'sesame' }, signal)
  await expect(request).rejects.toThrow('the main process did not respond within 10.0 s')
  expect(timeout).toHaveBeenCalledWith(10_000)
})
