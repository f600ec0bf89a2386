import { expect, test } from 'vitest'
import { sharedIterations } from '../load/builders.ts'
import { WHOLE } from '../load/share.ts'
import { parseBaseUrl } from '../machine/base-url.ts'
import { engineFor, response, scriptedServer, type ScriptedServer } from '../testing/scripted-server.ts'
import { basicAuth } from './auth/auth.ts'
import { endpointOf } from './endpoint.ts'
import { planConnections } from './preflight.ts'
import type { HttpRunOptions } from './types.ts'

/** A server that responds to each path with a text; 404 for any other path. */
function serverOf(responses: Readonly<Record<string, string>>): Promise<ScriptedServer> {
  return scriptedServer({
    onRequest(socket, head) {
      socket.write(responses[head.split(' ')[1]!] ?? response('', { status: '404 Not Found' }))
    },
  })
}

const redirectTo = (url: string) => response('', { status: '302 Found', headers: `Location: ${url}\r\n` })
const heads = ({ requests }: ScriptedServer) => requests.map((head) => head.split(' HTTP')[0])
const load = sharedIterations({ iterations: 4, vus: 2 })

async function messageOf(options: Partial<HttpRunOptions>): Promise<string> {
  const { http } = engineFor('http://127.0.0.1:1')
  const error: unknown = await http.run({ load, request: { path: '/' }, ...options } as HttpRunOptions).then(
    () => 'no error',
    (thrown: unknown) => thrown,
  )
  return error instanceof Error ? error.message : String(error)
}

test('a flow sends requests to a host of the run, over a connection for each VU', async () => {
  await using target = await serverOf({ '/me': response() })
  await using identity = await serverOf({ '/auth/token': response('{"token":"t"}') })
  const { http } = engineFor(target.url)
  const run = await http.run({
    load,
    flow: async ({ request }) => {
      await request({ host: 'identity', path: '/token' })
      await request({ path: '/me' })
    },
    auth: basicAuth({ username: 'ann', password: 'password-1' }),
    headers: { 'x-run': '1', cookie: 'a=1' },
    hosts: { identity: `${identity.url}/auth` },
  })
  expect(run).toMatchObject({ offered: 8, errorRate: 0 })
  expect(run.step('GET identity/token').completed).toBe(4)
  expect(new Set(heads(identity))).toEqual(new Set(['GET /auth/token']))
  expect([identity.accepted <= 3, target.accepted <= 3]).toEqual([true, true])
  expect(run.connections.maxOpen).toBe(4)
  expect(identity.requests.filter((head) => /authorization|cookie/i.test(head))).toEqual([])
  expect(identity.requests[0]).toContain(`Host: 127.0.0.1:${identity.port}`)
  expect(identity.requests[0]).toContain('x-run: 1')
  expect(target.requests[0]).toMatch(/authorization: Basic/i)
})

test('steps send constant requests and request functions to a host', async () => {
  await using target = await serverOf({ '/me': response() })
  await using identity = await serverOf({ '/a': response(), '/b': response() })
  const { http } = engineFor(target.url)
  const run = await http.run({
    load: sharedIterations({ iterations: 1, vus: 1 }),
    steps: [
      { name: 'a', request: { host: 'identity', path: '/a' } },
      { name: 'me', request: { path: '/me' } },
      { name: 'b', request: () => ({ host: 'identity', path: '/b' }) },
    ],
    hosts: { identity: identity.url },
  })
  expect(run.errorRate).toBe(0)
  expect([heads(target), heads(identity)]).toEqual([['GET /me'], ['GET /a', 'GET /b']])
})

test('redirects are followed to a host of the run and back, without credentials of the target', async () => {
  await using identity = await scriptedServer({
    onRequest: (socket) => void socket.write(redirectTo(`${target.url}/home?code=1`)),
  })
  await using target: ScriptedServer = await serverOf({
    '/login': redirectTo(`${identity.url}/authorize`),
    '/home?code=1': response('home'),
  })
  const { http } = engineFor(target.url)
  const urls: (readonly string[])[] = []
  const run = await http.run({
    load: sharedIterations({ iterations: 1, vus: 1 }),
    flow: async ({ request }) => {
      const home = await request({ path: '/login', headers: { authorization: 'Bearer own', accept: '*/*' } })
      urls.push(home.redirects)
    },
    redirects: 5,
    hosts: { identity: identity.url },
  })
  expect(run).toMatchObject({ offered: 1, errorRate: 0, connections: { redirects: 2 } })
  expect(urls).toEqual([[`${identity.url}/authorize`, `${target.url}/home?code=1`]])
  expect(identity.requests[0]).toContain('accept: */*')
  expect(identity.requests[0]).not.toContain('authorization')
  expect(target.requests[1]).not.toContain('authorization')
})

test('secret headers of the run are for its target only, unless a request has them', async () => {
  await using target = await serverOf({ '/me': response() })
  await using other = await serverOf({ '/a': response(), '/b': redirectTo(`${target.url}/me`) })
  const { http } = engineFor(target.url)
  const run = await http.run({
    load: sharedIterations({ iterations: 1, vus: 1 }),
    flow: async ({ request }) => {
      await request({ path: '/me' })
      await request({ host: 'other', path: '/a' })
      await request({ host: 'other', path: '/b', headers: { 'x-api-key': 'key-of-other' } })
    },
    headers: { 'x-api-key': 'key-of-target', 'X-Auth-Token': 'token-of-target', 'x-idempotency-key': '1' },
    redirects: 1,
    hosts: { other: other.url },
  })
  expect(run.errorRate).toBe(0)
  const secretsOf = (head: string) => head.split('\r\n').filter((line) => /key|token/i.test(line))
  const ofTarget = ['x-api-key: key-of-target', 'X-Auth-Token: token-of-target', 'x-idempotency-key: 1']
  expect(target.requests.map(secretsOf)).toEqual([ofTarget, ofTarget])
  expect(other.requests.map(secretsOf)).toEqual([
    ['x-idempotency-key: 1'],
    ['x-idempotency-key: 1', 'x-api-key: key-of-other'],
  ])
})

test('a host that is down is an error of its requests', async () => {
  await using target = await serverOf({ '/me': response() })
  const { http } = engineFor(target.url)
  const run = await http.run({
    load: sharedIterations({ iterations: 2, vus: 1 }),
    request: ({ iteration }) => (iteration === 0 ? { host: 'down', path: '/' } : { path: '/me' }),
    hosts: { down: 'http://127.0.0.1:1' },
  })
  expect([...run.errors]).toEqual([['connect', 1]])
  expect(run.statuses.get(200)).toBe(1)
})

test('rejects unknown hosts, invalid URLs and hosts that are not allowed', async () => {
  const messages = [
    await messageOf({ request: { host: 'identiy', path: '/' }, hosts: { identity: 'http://127.0.0.1:1' } }),
    await messageOf({
      hosts: { 'a b': 'http://127.0.0.1', b: 'ws://127.0.0.1', c: 'https://login.example.com', d: 1 as never },
    }),
    await messageOf({ hosts: ['http://127.0.0.1'] as never }),
  ]
  expect(messages.join('\n\n')).toMatchInlineSnapshot(`
    "request.host: "identiy" is not a host of the run: the run has identity
    Fix: add it, for example hosts: { identity: 'https://login.example.com' }

    http.run() received 4 invalid options:

      hosts: must have names of letters, digits, - and _
        Received: 'a b'
        Fix:      write, for example, hosts: { identity: 'https://login.example.com' }
      hosts.b: must be an http or https URL without query and fragment
        Received: 'ws://127.0.0.1'
        Fix:      write, for example, hosts: { identity: 'https://login.example.com' }
      hosts.c: login.example.com is not this machine, and it is not among the hosts allowed (allowRemote: nothing)
        Received: 'login.example.com'
        Fix:      to allow it, add definePerfConfig({ allowRemote: ['login.example.com'] }); otherwise change the option or unset the variable that contains it
      hosts.d: must be an http or https URL without query and fragment
        Received: 1
        Fix:      write, for example, hosts: { identity: 'https://login.example.com' }

    http.run() received an invalid option:

      hosts: must be an object of names and URLs
        Received: [ 'http://127.0.0.1' ]
        Fix:      write, for example, hosts: { identity: 'https://login.example.com' }"
  `)
})

test('the preflight counts a connection to each host for each VU', async () => {
  const endpoint = endpointOf(parseBaseUrl('http://127.0.0.1:1')!, {}, undefined)
  const hosts = Array.from({ length: 999 }, (_, at) => [`host-${at}`, endpoint] as const)
  await expect(planConnections([endpoint], 1_000_000, 100, WHOLE, hosts)).rejects.toThrow(
    '1,000,000,000 connections need',
  )
})
