import { describe, expect, onTestFinished, test } from 'vitest'
import { startServer, type TruthServer } from '../../../fixtures/truth-websocket/start.ts'
import { ScenarioError } from '../../execution/scenario-error.ts'
import { sharedIterations } from '../../load/builders.ts'
import { parseBaseUrl } from '../../machine/base-url.ts'
import { Problems } from '../../options/problems.ts'
import { redactText } from '../../options/redact.ts'
import { messageOf } from '../../testing/message-of.ts'
import { createWebSocket } from '../websocket.ts'
import { readHandshake } from './read-handshake.ts'
import type { SocketOptions } from './socket-options.ts'

const vu = { id: 7, data: { token: 'a b' }, vars: {} }
const BASE = 'https://shop.test/api/'

function handshakeOf(options: Partial<SocketOptions<{ token: string }>>, base = BASE) {
  const problems = new Problems()
  const handshake = readHandshake(problems, { path: '/ws', ...options }, [parseBaseUrl(base)!])
  return { problems: problems.found.map(({ path, rule }) => `${path} ${rule}`), handshake: () => handshake(vu, 0) }
}

describe('a handshake', () => {
  test('is the same for all VUs if its options are values', () => {
    const { handshake, problems } = handshakeOf({
      path: '/ws?v=1#top',
      query: { room: 'a&b' },
      headers: { Cookie: 'a=1' },
      cookies: { b: '2', c: '3' },
      subprotocols: ['one', 'two'],
      framing: { name: 'none', query: { EIO: '4' }, subprotocols: ['three'], open: () => ({}) as never },
    })
    expect(problems).toEqual([])
    expect(handshake()).toEqual({
      url: 'wss://shop.test/api/ws?v=1&EIO=4&room=a%26b',
      headers: { Cookie: 'a=1; b=2; c=3' },
      subprotocols: ['one', 'two', 'three'],
    })
    expect(handshake()).toBe(handshake())
  })

  test('is made for each VU if its options are functions, which may return promises', async () => {
    const { handshake } = handshakeOf({
      path: ({ id }) => `/users/${id}`,
      query: async ({ data }) => ({ token: data.token }),
      headers: ({ data }) => ({ authorization: data.token }),
      cookies: () => Promise.resolve({ session: 's7' }),
      subprotocols: ({ id }) => [`token.${id}`],
    })
    const pending = handshake()
    if (!('awaited' in pending)) throw new Error('the functions returned no promises')
    expect([...pending.awaited]).toEqual(['query', 'cookies'])
    expect(await pending.request).toEqual({
      url: 'wss://shop.test/api/users/7?token=a+b',
      headers: { authorization: 'a b', cookie: 'session=s7' },
      subprotocols: ['token.7'],
    })
    expect([...pending.awaited]).toEqual([])
  })

  test.each([
    ['path', { path: '//other.test/ws' }],
    ['path', { path: '/\\other.test/ws' }],
    ['path', { path: 'ws' }],
    ['query', { query: { n: 1 } }],
    ['headers', { headers: 'Bearer hunter2hunter2' }],
    ['cookies', { cookies: { session: 'a;b' } }],
    ['headers', { headers: { 'x\n': 'y' } }],
    ['headers', { headers: { 'x-id': 'a\r\nb: c' } }],
    ['subprotocols', { subprotocols: ['two words'] }],
    ['subprotocols', { subprotocols: ['twice', 'twice'] }],
  ])('rejects an invalid %s as a value and from a function: %j', (name, options) => {
    const wrong = options as unknown as Partial<SocketOptions<{ token: string }>>
    expect(handshakeOf(wrong).problems).toEqual([expect.stringMatching(new RegExp(`^${name} must be`))])
    const { handshake } = handshakeOf({ [name]: () => Object.values(options)[0] })
    expect(handshake).toThrow(ScenarioError)
    expect(handshake).toThrow(new RegExp(`^the ${name} function .* returned .*must be .*\nFix: .*\\b${name}\\b`))
    expect(handshake).not.toThrow('hunter2')
  })
})

test.each<[Partial<SocketOptions<{ token: string }>>, string]>([
  [{ query: { room: '7', vu: 7 as never } }, 'a value of type number as "vu"'],
  [{ query: { vu: null as never } }, 'a value of type null as "vu"'],
  [{ query: ['vu'] as never }, 'a value of type object'],
  [{ headers: { 'x-token': undefined as never } }, 'a value of type undefined as "x-token"'],
  [
    { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } },
    'a header of the handshake as "Sec-WebSocket-Extensions"',
  ],
  [{ cookies: { lang: 'a;b' } }, 'a string that no cookie can hold as "lang"'],
])('names what is wrong in %j without showing the value', (options, received) => {
  const [[name, value]] = Object.entries(options) as [[string, unknown]]
  const problems = new Problems()
  readHandshake(problems, { path: '/', ...options } as never, [])
  expect(problems.found).toMatchObject([{ path: name, received }])
  const { handshake } = handshakeOf({ [name]: () => value })
  expect(handshake).toThrow(`the ${name} function of a WebSocket run returned ${received}; the value must be`)
  expect(handshake).toThrow(/\nFix: .+$/)
  expect(redactText(messageOf(() => void handshake()))).not.toContain('***')
})

describe('handshakes with a server', () => {
  async function start(): Promise<TruthServer> {
    const server = await startServer('rooms')
    onTestFinished(() => server[Symbol.asyncDispose]())
    return server
  }

  function load(server: TruthServer) {
    const scale = { name: 'full', users: 1, time: 1 }
    return createWebSocket({ baseUrl: server.url, signal: new AbortController().signal, scale, seed: 1, onRun() {} })
  }

  interface Handshakes {
    readonly requests: readonly { readonly url: string; readonly cookie: string }[]
  }

  const data = [{ token: 'x' }, { token: 'y' }, { token: 'z' }]
  const options: SocketOptions<{ token: string }> = {
    path: async ({ id }) => `/users/${id}`,
    query: ({ data: { token } }) => ({ token }),
    cookies: ({ data: { token } }) => ({ session: token }),
    subprotocols: ({ data: { token } }) => [`token.${token}`],
  }
  const truth = ['x', 'y', 'z'].map((token, id) => ({ url: `/users/${id}?token=${token}`, cookie: `session=${token}` }))

  test.each([1, 2])('are made for every client of a fan-out with %i processes', async (processes) => {
    const server = await start()
    const seen = new Set<object>()
    const run = await load(server).fanOut({
      ...options,
      data,
      connections: 3,
      processes,
      subscribe: (client) => {
        seen.add(client)
        return client.data.token
      },
      isSubscribed: (message, client) => {
        seen.add(client)
        return message.toString() === 'welcome'
      },
      group: (client) => {
        seen.add(client)
        return client.data.token
      },
      publish: { rate: 30, send: ({ id, sequence, group }) => server.publish({ id, sequence, room: group }) },
      identify: (message) => message.json<{ id: string }>(),
      duration: 500,
    })
    expect(run.deliveries).toMatchObject({ expected: 15, received: 15, unexpected: 0 })
    expect(seen.size).toBe(3)
    const { requests } = await server.truth<Handshakes>()
    expect(requests.toSorted((a, b) => a.url.localeCompare(b.url))).toMatchObject(truth)
  })

  test('are made for every VU of a conversation', async () => {
    const server = await start()
    await load(server).run({
      ...options,
      data,
      load: sharedIterations({ iterations: 3, vus: 3, maxDuration: '10s' }),
      steps: { send: 'room' },
    })
    const { requests } = await server.truth<Handshakes>()
    expect(requests.toSorted((a, b) => a.url.localeCompare(b.url))).toMatchObject(truth)
  })

  test('count as failed sockets if a promise of their options rejects', async () => {
    const server = await start()
    const run = await load(server).fanOut({
      path: async ({ id }) => (id === 1 ? Promise.reject(new Error('503 from /ticket?secret=abc')) : '/'),
      connections: 2,
      subscribe: () => 'room',
      publish: { rate: 10, send: ({ id, sequence }) => server.publish({ id, sequence }) },
      identify: (message) => message.json<{ id: string }>(),
      duration: 200,
    })
    expect(run.sockets).toMatchObject({
      subscribed: 1,
      failures: { 'no handshake data: Error: 503 from /ticket?secret=***': 1 },
    })
  })
})
