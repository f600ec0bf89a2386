import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { sharedIterations } from '../load/builders.ts'
import { OptionsError } from '../options/problems.ts'
import { response, engineFor, scriptedServer } from '../testing/scripted-server.ts'
import type { RequestOption } from './types.ts'

const load = sharedIterations({ iterations: 20, vus: 2 })

/** Runs this request function. @returns the error or the run, and the number of requests sent */
async function runWith(request: unknown): Promise<{ error: unknown; sent: number }> {
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
  const { http } = engineFor(server.url)
  const error: unknown = await http
    .run({ load, request: request as RequestOption<undefined> })
    .catch((it: unknown) => it)
  return { error, sent: server.requests.length }
}

const none = { body: undefined }
test.each<[string, () => unknown, string[]]>([
  ['an unknown key', () => ({ path: '/', heders: {} }), ['request().heders']],
  ['a lowercase method', () => ({ path: '/', method: 'get' }), ['request().method']],
  ['a fragment', () => ({ path: '/#top' }), ['request().path']],
  ['headers that are null', () => ({ path: '/', headers: null }), ['request().headers']],
  ['headers as Headers', () => ({ path: '/', headers: new Headers({ a: 'b' }) }), ['request().headers']],
  ['a header that is null', () => ({ path: '/', headers: { a: null } }), ['request().headers']],
  ['a header that is a date', () => ({ path: '/', headers: { a: new Date() } }), ['request().headers']],
  ['a body that is a Map', () => ({ path: '/', body: new Map() }), ['request().body']],
  ['a status that is a string', () => ({ path: '/', expectStatus: '200' }), ['request().expectStatus']],
  ['a check that is a string', () => ({ path: '/', check: 'ok' }), ['request().check']],
  ['an empty tag', () => ({ path: '/', tag: '' }), ['request().tag']],
  ['a promise', async () => ({ path: '/' }), ['request()']],
  ['a rejected promise', () => Promise.reject(new Error('x')), ['request()']],
  ['nothing', () => undefined, ['request()']],
  ['a function', () => () => ({ path: '/' }), ['request()']],
  [
    'several mistakes',
    () => ({ ...none, path: 'x', method: 'get', tag: 1 }),
    ['path', 'method', 'tag'].map((it) => `request().${it}`),
  ],
])('rejects a request function that returns %s, before anything is sent', async (_, request, paths) => {
  const { error, sent } = await runWith(request)
  expect(error).toBeInstanceOf(OptionsError)
  expect((error as OptionsError).problems.map(({ path }) => path)).toEqual(paths)
  expect(sent).toBe(0)
})

test('names the step of a wrong request function', async () => {
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
  const { http, results } = engineFor(server.url)
  const steps = [
    { name: 'a', request: { path: '/' } },
    { name: 'b', request: async () => ({ path: '/' }) },
  ] as never
  const error = (await http.run({ load, steps }).catch((it: unknown) => it)) as Error
  expect(results.at(-1)!.abortReason).toBe(
    'the scenario failed: steps[1].request() must return the request itself, not a promise: its wait would count as latency of the target',
  )
  expect(error.message).toMatchInlineSnapshot(`
    "http.run() received an invalid option:

      steps[1].request(): must return the request itself, not a promise: its wait would count as latency of the target
        Received: Promise { { path: '/' } }
        Fix:      write, for example, data: await users(), request: ({ vu }) => ({ path: \`/api/users/\${vu.data.id}\` })"
  `)
})

test('accepts every valid key, including undefined values', async () => {
  const spec = {
    path: '/',
    method: 'POST',
    headers: undefined,
    body: 'a',
    expectStatus: [200],
    check: { text: 'ok' },
    tag: 't',
  }
  expect(await runWith(() => spec)).toMatchObject({ error: { completed: 20 }, sent: 20 })
})

test('reads files and async iterables of a request function before each send', async () => {
  const bodies: string[] = []
  const server = createServer((incoming, outgoing) => {
    let body = ''
    incoming.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    incoming.on('end', () => {
      bodies.push(body)
      outgoing.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { http } = engineFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  async function* slowly() {
    await sleep(20)
    yield 'late'
  }
  const run = await http.run({
    load: sharedIterations({ iterations: 3, vus: 1 }),
    record: true,
    steps: [
      { name: 'blob', request: () => ({ method: 'POST', path: '/', body: new Blob(['blob']) }) },
      { name: 'slow', request: () => ({ method: 'POST', path: '/', body: slowly() }) },
      { name: 'value', request: { method: 'POST', path: '/', body: slowly() } },
    ],
  })
  server.close()
  expect(bodies).toEqual(['blob', 'late', 'late', 'blob', 'late', 'late', 'blob', 'late', 'late'])
  expect(run.errors.size).toBe(0)
  const slow = run.step('slow')
  if (slow.state !== 'measured') throw new Error('nothing measured')
  expect(slow.latency.minMs).toBeGreaterThanOrEqual(19)
  expect(slow.serviceTime.minMs).toBeLessThan(slow.latency.minMs)
})

test('an unreadable body ends the run with the reason', async () => {
  async function* broken() {
    yield 'a'
    throw new Error('disk gone')
  }
  const { error } = await runWith(() => ({ method: 'POST', path: '/', body: broken() }))
  expect((error as Error).message).toBe('disk gone')
})

test('a body that takes longer than the time-out ends the run', async () => {
  async function* late() {
    await sleep(60_000, undefined, { ref: false })
    yield 'x'
  }
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
  const { http } = engineFor(server.url)
  const request = () => ({ method: 'POST', path: '/', body: late() })
  await expect(http.run({ load, timeout: '50ms', request })).rejects.toThrow('must end within the time-out of 50 ms')
})
