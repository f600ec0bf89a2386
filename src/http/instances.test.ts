import { expect, test } from 'vitest'
import { evidenceOf } from '../evidence/evidence.ts'
import { constantVus, sharedIterations } from '../load/builders.ts'
import { response, engineFor, scriptedServer } from '../testing/scripted-server.ts'

const hostOf = (head: string) => /^Host: (.*)$/m.exec(head)?.[1]?.trim()
const pathOf = (head: string) => head.split(' ')[1] ?? ''

test('spreads VUs over the instances round-robin, and sends the Host of each instance', async () => {
  await using first = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
  await using second = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
  const { http } = engineFor(`${first.url}/one`, { otherInstances: [`${second.url}/two`] })
  const run = await http.run({
    load: sharedIterations({ iterations: 5, vus: 5 }),
    steps: [
      { name: 'constant', request: { path: '/' } },
      { name: 'made', request: ({ vu }) => ({ path: `/${vu.id}` }) },
    ],
  })
  expect(run.completed).toBe(10)
  expect(new Set(first.requests.map(pathOf))).toEqual(new Set(['/one/', '/one/0', '/one/2', '/one/4']))
  expect(new Set(second.requests.map(pathOf))).toEqual(new Set(['/two/', '/two/1', '/two/3']))
  expect(new Set(first.requests.map(hostOf))).toEqual(new Set([`127.0.0.1:${first.port}`]))
  expect(new Set(second.requests.map(hostOf))).toEqual(new Set([`127.0.0.1:${second.port}`]))
  expect([first.requests.length, second.requests.length]).toEqual([6, 4])
  // One more connection each, from the preflight.
  expect([first.accepted, second.accepted]).toEqual([4, 3])
})

test('a run with its own base URL sends requests only there', async () => {
  await using first = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
  await using second = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
  const { http } = engineFor(first.url, { otherInstances: [second.url] })
  await http.run({ load: sharedIterations({ iterations: 4, vus: 4 }), baseUrl: first.url, request: { path: '/' } })
  expect([first.requests.length, second.requests.length]).toEqual([4, 0])
})

test('an instance that is down is measured: its part of the requests fails, and the message names it', async () => {
  await using first = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
  const gone = await scriptedServer({ onRequest: () => {} })
  await gone[Symbol.asyncDispose]()
  const { http } = engineFor(first.url, { otherInstances: [gone.url] })
  const run = await http.run({
    load: constantVus({ vus: 4, duration: '300ms', thinkTime: '20ms' }),
    request: { path: '/' },
    abortWhen: false,
  })
  expect(run.errors.get('connect')).toBeGreaterThanOrEqual(2)
  expect(run.statuses.get(200)).toBe(first.requests.length)
  expect(run[evidenceOf]().hint).toContain(gone.url)
})
