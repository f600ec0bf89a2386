import { createServer } from 'node:http'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import type { AddressInfo } from 'node:net'
import { targetHandle } from './target-handle.ts'

const at = { urls: ['http://127.0.0.1:1', 'http://127.0.0.1:2'], internalUrls: [], pids: [], isElsewhere: false }

test('names the first instance and all of them', () => {
  expect(targetHandle(at)).toMatchObject({ url: 'http://127.0.0.1:1', urls: at.urls })
})

test('an internal listener that is not known says so before it is used, and fails when it is', async () => {
  const { internal } = targetHandle(at)
  expect(internal.unavailable).toBe('the target’s internal listener is not known here (PERF_TARGET_INTERNAL_URL)')
  expect(() => internal.url).toThrow('PERF_TARGET_INTERNAL_URL')
  await expect(internal.post('/publish', {})).rejects.toThrow('PERF_TARGET_INTERNAL_URL')
})

test('credentials stand in headers, not in the URL that a scenario may print', async () => {
  const seen: unknown[] = []
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization)
    response.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const authorization = `Basic ${btoa('ann:s3cret')}`
  const url = `http://ann:s3cret@127.0.0.1:${port}`
  const handle = targetHandle({ ...at, urls: [url], internalUrls: [url] })
  expect([handle.url, handle.urls, handle.internal.url, handle.headers]).toEqual([
    `http://127.0.0.1:${port}`,
    [`http://127.0.0.1:${port}`],
    `http://127.0.0.1:${port}`,
    { authorization },
  ])
  await handle.internal.get('/')
  await handle.internal.post('/', {})
  server.close()
  expect(seen).toEqual([authorization, authorization])
  expect(targetHandle(at).headers).toEqual({})
})

test('without a target every use says what to do', () => {
  const handle = targetHandle(undefined)
  expect(() => handle.url).toThrow('add `target` to definePerfConfig(), or set PERF_TARGET_URL')
  expect(handle.internal.unavailable).toContain('PERF_TARGET_URL')
  expect(handle.urls).toEqual([])
})

test('the internal listener takes and gives JSON; what it refuses is an error', async () => {
  const server = createServer((request, answer) => {
    answer.statusCode = request.url === '/no' ? 404 : 200
    request.pipe(answer)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const { internal } = targetHandle({ ...at, internalUrls: [`http://127.0.0.1:${port}`] })
  expect(internal.unavailable).toBeUndefined()
  expect(await internal.post('/yes', { id: 7 })).toEqual({ id: 7 })
  expect(await internal.get('/yes')).toBeUndefined()
  await expect(internal.post('/no', { id: 7 })).rejects.toThrow('POST /no answered 404: {"id":7}')
  server.close()
})
