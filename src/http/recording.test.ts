import { expect, test } from 'vitest'
import { digestOf } from '../history/digest.ts'
import { constantArrivalRate, sharedIterations } from '../load/builders.ts'
import { response, engineFor, scriptedServer } from '../testing/scripted-server.ts'
import type { RecordedRequest } from './types.ts'

const one = sharedIterations({ iterations: 1, vus: 1 })

test('records every operation with its key and outcome', async () => {
  const statuses = ['201 Created', '409 Conflict', '503 Busy', '429 Slow Down']
  await using server = await scriptedServer({
    onRequest: (socket, _, number) => socket.write(response('body', { status: statuses[number]! })),
  })
  const { http } = engineFor(server.url, { runId: 'r1' })
  const run = await http.run({
    load: sharedIterations({ iterations: 4, vus: 1 }),
    request: ({ iteration }) => ({
      method: 'POST',
      path: '/votes',
      headers: { 'Idempotency-Key': `key-${iteration}` },
      body: { stars: iteration },
    }),
    expectStatus: [201, 429],
    record: true,
  })
  expect(run.history.runId).toBe('r1')
  expect(run.history.steps).toEqual(['request'])
  const operations = [...run.history.operations()]
  expect(
    operations.map(({ key, outcome, status, vu, expected: effect }) => ({
      key,
      outcome,
      status,
      vu,
      expected: effect,
    })),
  ).toEqual([
    { key: 'key-0', outcome: 'ok', status: 201, vu: 0, expected: 'applied' },
    { key: 'key-1', outcome: 'failed', status: 409, vu: 0, expected: 'applied' },
    { key: 'key-2', outcome: 'unknown', status: 503, vu: 0, expected: 'applied' },
    { key: 'key-3', outcome: 'failed', status: 429, vu: 0, expected: 'applied' },
  ])
  expect(operations[2]!.payload).toBe(digestOf('{"stars":2}'))
  expect(operations[2]!.response).toBeUndefined()
  for (const { intendedStartUs, startUs, endUs } of operations) {
    expect(startUs).toBeGreaterThanOrEqual(intendedStartUs)
    expect(endUs).toBeGreaterThanOrEqual(startUs)
  }
})

test('records the key, payload, response, outcome and expected outcome that the functions of the scenario return', async () => {
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(response('{"id":5,"at":1}')) })
  const { http } = engineFor(server.url)
  const run = await http.run({
    load: sharedIterations({ iterations: 2, vus: 1 }),
    request: ({ iteration }) => ({ path: `/x/${iteration}`, method: 'PUT', headers: { 'X-Key': 'k' }, body: 'b' }),
    record: {
      key: ({ headers, path }) => (path === '/x/0' ? undefined : headers['x-key']),
      payload: ({ method, body }) => `${method} ${String(body)}`,
      response: (response) => String(response.json<{ id: number }>().id),
      outcome: () => 'unknown',
      expected: () => 'ignored',
    },
  })
  expect([...run.history.operations()]).toMatchObject([
    { key: 'k', payload: digestOf('PUT b'), response: digestOf('5'), outcome: 'unknown', expected: 'ignored' },
  ])
})

test('the outcome without a response is unknown, or failed if nothing was sent', async () => {
  await using silent = await scriptedServer({ onRequest: () => {} })
  const request = { path: '/', method: 'POST' }
  const silenced = await engineFor(silent.url).http.run({ load: one, request, record: true, timeout: '50ms' })
  expect([...silenced.history.operations()]).toMatchObject([{ key: '0-0-0', outcome: 'unknown', status: 0 }])

  const { url } = silent
  await silent[Symbol.asyncDispose]()
  const refused = await engineFor(url).http.run({ load: one, request, record: true })
  expect([...refused.history.operations()]).toMatchObject([{ outcome: 'failed', status: 0 }])
})

test('the outcome of a response that fails its check is unknown', async () => {
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(response('half')) })
  const run = await engineFor(server.url).http.run({
    load: one,
    request: { path: '/', check: { text: 'whole' } },
    record: true,
  })
  expect([...run.history.operations()]).toMatchObject([{ outcome: 'unknown', status: 200 }])
})

test('the outcome of a request in flight when a run is aborted is unknown', async () => {
  await using server = await scriptedServer({ onRequest: () => {} })
  const stop = new AbortController()
  const { http } = engineFor(server.url, { signal: stop.signal })
  const run = await http.run({
    load: constantArrivalRate({ rate: 50, vus: 10, duration: '1m' }),
    request: ({ iteration, vu }) => {
      if (vu.id === 2) stop.abort()
      return { path: `/${iteration}` }
    },
    record: true,
  })
  expect(run.completed).toBe(0)
  expect(new Set([...run.history.operations()].map(({ outcome }) => outcome))).toEqual(new Set(['unknown']))
  expect(run.history.size).toBe(run.sent)
})

test('the history of a run that recorded nothing throws an error that names the option', async () => {
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
  const run = await engineFor(server.url).http.run({ load: one, request: { path: '/' } })
  expect(() => run.history).toThrow('http 1 recorded no history\nFix: set record: true in http.run()')
})

test('rejects a key that is not a string', async () => {
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
  const record = { key: () => 5 as unknown as string }
  await expect(engineFor(server.url).http.run({ load: one, request: { path: '/' }, record })).rejects.toThrow(
    'record.key: the function must return a non-empty string, an array of them, or undefined, it returned 5',
  )
})

test('a key may include the data of its user', async () => {
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(response('ok')) })
  const { http } = engineFor(server.url)
  const run = await http.run({
    load: sharedIterations({ iterations: 2, vus: 2 }),
    data: [{ name: 'ann' }, { name: 'bob' }],
    request: { path: '/', method: 'POST', headers: { 'idempotency-key': 'shared' } },
    record: { key: ({ vu, headers }) => `${vu.data.name} ${headers['idempotency-key']}` },
  })
  const keys = [...run.history.operations()].map(({ vu, key }) => `${vu}: ${key}`)
  expect(keys.toSorted()).toEqual(['0: ann shared', '1: bob shared'])
})

test('records a key as the target receives it, without surrounding whitespace, and its parts as one', async () => {
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
  const { http } = engineFor(server.url)
  const request = { path: '/', headers: { 'Idempotency-Key': ' a-7 ', 'x-tenant': 'shop-1\t' } }
  const keyOf = async (record: true | { key: (sent: RecordedRequest) => readonly string[] }) =>
    [...(await http.run({ load: one, request, record })).history.operations()][0]!.key
  expect(await keyOf(true)).toBe('a-7')
  expect(await keyOf({ key: ({ headers }) => [headers['x-tenant']!, headers['idempotency-key']!] })).toBe(
    '["shop-1","a-7"]',
  )
  await expect(keyOf({ key: () => ['a', ''] })).rejects.toThrow(
    'record.key: the function must return an array of non-empty strings, it returned',
  )
})
