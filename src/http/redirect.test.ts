import { expect, test } from 'vitest'
import { evidenceOf } from '../evidence/evidence.ts'
import { sharedIterations } from '../load/builders.ts'
import { engineFor, response, scriptedServer, type ScriptedServer } from '../testing/scripted-server.ts'
import { destinationOf, redirected } from './redirect.ts'
import type { HttpRunOptions, RequestSpec } from './types.ts'

const one = sharedIterations({ iterations: 1, vus: 1 })
const to = (status: number, location: string, headers = '') =>
  response('', { status: `${status} Redirect`, headers: `Location: ${location}\r\n${headers}` })

test.each([
  [301, 'POST', 'GET'],
  [302, 'POST', 'GET'],
  [303, 'POST', 'GET'],
  [303, 'PUT', 'GET'],
  [303, 'HEAD', 'HEAD'],
  [302, 'PUT', 'PUT'],
  [307, 'POST', 'POST'],
  [308, 'POST', 'POST'],
  [302, 'GET', 'GET'],
])('a %i after %s is followed by %s, with the body if the method is the same', (status, method, expected) => {
  const headers = { 'Content-Type': 'text/plain', accept: '*/*' }
  const { spec, isRewritten } = redirected(
    { method, path: '/a', body: 'x', headers },
    status,
    new URL('http://h/b?c=1'),
  )
  const isSame = method === expected
  expect(spec).toEqual({
    ...{ method: expected, path: '/b?c=1' },
    ...(isSame ? { body: 'x', headers } : { headers: { accept: '*/*' } }),
  })
  expect(isRewritten).toBe(!isSame)
})

test.each([
  ['/b', 'http://h/b'],
  ['b?x=1#frag', 'http://h/a/b?x=1'],
  ['//other:8080/b', 'http://other:8080/b'],
  ['https://user:secret@h/', 'https://h/'],
  ['/é x', 'http://h/%C3%A9%20x'],
  ['', 'http://h/a/'],
  ['app://callback', 'to a URL of the scheme app, which is not HTTP'],
  ['http://[', 'to a URL that is not valid'],
])('Location %j leads to %s', (location, expected) => {
  expect(String(destinationOf(location, 'http://h/a/'))).toBe(expected)
})

/** Responses by method and path. */
async function serverOf(responses: Readonly<Record<string, string | readonly string[]>>): Promise<ScriptedServer> {
  const counts = new Map<string, number>()
  return scriptedServer({
    onRequest(socket, head) {
      const key = head.split(' ').slice(0, 2).join(' ')
      const nth = counts.get(key) ?? 0
      counts.set(key, nth + 1)
      const found = responses[key] ?? response('', { status: '404 Not Found' })
      socket.write(typeof found === 'string' ? found : found[Math.min(nth, found.length - 1)]!)
    },
  })
}

async function runAgainst(server: ScriptedServer, request: RequestSpec, options: Partial<HttpRunOptions> = {}) {
  const { http } = engineFor(server.url + (options.name === 'prefixed' ? '/api' : ''))
  const run = await http.run({ load: one, redirects: 5, ...options, request } as HttpRunOptions)
  const evidence = run[evidenceOf]()
  const text = [evidence.hint, ...evidence.evidenceLines].join('\n')
  return { run, text, heads: server.requests.map((head) => head.split(' HTTP')[0]) }
}

test('follows redirects as one request, whose latency includes them', async () => {
  await using server = await serverOf({
    'GET /a': to(302, '/b'),
    'GET /b': to(307, `/c?x=1#top`),
    'GET /c?x=1': response('done'),
  })
  const urls: (readonly string[])[] = []
  const check = (it: { redirects: readonly string[]; text(): string }) => {
    urls.push(it.redirects)
    return it.text() === 'done'
  }
  const { run, text, heads } = await runAgainst(server, { path: '/a', check })
  expect(heads).toEqual(['GET /a', 'GET /b', 'GET /c?x=1'])
  expect(run).toMatchObject({ offered: 1, sent: 1, completed: 1, errorRate: 0 })
  expect([...run.statuses]).toEqual([[200, 1]])
  expect(run.connections).toMatchObject({ redirects: 2, opened: 1 })
  expect(text).toContain('redirects: 2 followed, each as a part of its request')
  expect(urls).toEqual([[`${server.url}/b`, `${server.url}/c?x=1`]])
})

test('follows none by default, and none for a request with `redirects: 0`', async () => {
  for (const [ofRun, ofRequest] of [
    [undefined, undefined],
    [5, 0],
  ] as const) {
    await using server = await serverOf({ 'GET /a': to(302, '/b') })
    const request = ofRequest === undefined ? { path: '/a' } : { path: '/a', redirects: ofRequest }
    const { run, heads } = await runAgainst(server, request, { redirects: ofRun } as never)
    expect(heads).toEqual(['GET /a'])
    expect([...run.statuses]).toEqual([[302, 1]])
  }
})

test('latency and service time include the time of each redirect', async () => {
  await using server = await scriptedServer({
    onRequest(socket, head) {
      setTimeout(() => socket.write(head.startsWith('GET /a') ? to(302, '/b') : response()), 40)
    },
  })
  const { run } = await runAgainst(server, { path: '/a' })
  if (run.state !== 'measured') throw new Error('nothing measured')
  expect(run.latency.p50Ms).toBeGreaterThan(75)
  expect(run.serviceTime.p50Ms).toBeGreaterThan(75)
})

test('the time-out is that of the whole request', async () => {
  await using server = await scriptedServer({
    onRequest(socket, head) {
      if (head.startsWith('GET /a')) setTimeout(() => socket.write(to(302, '/b')), 500)
    },
  })
  const { run, text } = await runAgainst(server, { path: '/a' }, { timeout: '1s', redirects: 20 })
  expect([...run.errors]).toEqual([['timeout', 1]])
  expect(text).toContain('no response, after 1 redirect')
  const { failed } = run
  expect(failed.state === 'measured' && failed.latency.maxMs).toBeLessThan(1_450)
})

test('one redirect more than allowed is an error, and so is a loop', async () => {
  await using server = await serverOf({ 'GET /a': to(302, '/a') })
  const { run, text, heads } = await runAgainst(server, { path: '/a' }, { redirects: 3 })
  expect(heads).toHaveLength(4)
  expect([...run.errors]).toEqual([['status', 1]])
  expect(text).toContain('302 after 3 redirects: the limit of this request, or a redirect loop')
  expect(text).toContain('raise redirects, or find out why the target redirects again and again')
})

test('a redirect to another origin is an error with the reason, and nothing is sent there', async () => {
  await using other = await serverOf({ 'GET /b': response() })
  const reasons: [string, string][] = [
    [`${other.url}/b?token=x`, `302 to ${other.url}: it is not a host of this run`],
    ['http://shop.example.com/b', '302 to http://shop.example.com: shop.example.com is not this machine'],
    ['app://callback?code=1', '302 to a URL of the scheme app, which is not HTTP'],
  ]
  for (const [location, reason] of reasons) {
    await using server = await serverOf({ 'GET /a': to(302, location) })
    const { run, text } = await runAgainst(server, { path: '/a', expectStatus: 302 })
    expect([...run.errors]).toEqual([['status', 1]])
    expect(text).toContain(reason)
    expect(text).toContain(
      `add the host to hosts and allowRemote, or set redirects: 0 for a request whose redirect is expected: 1 redirect was not followed, ${reason}`,
    )
  }
  expect(other.accepted).toBe(0)
})

test('a redirect without Location is the response', async () => {
  await using server = await serverOf({ 'GET /a': response('', { status: '302 Found' }), 'GET /b': to(304, '/c') })
  const { run } = await runAgainst(server, { path: '/a', expectStatus: 302 })
  expect(run.errorRate).toBe(0)
  expect([...(await runAgainst(server, { path: '/b' })).run.statuses]).toEqual([[304, 1]])
})

test('an empty Location leads to the URL of the request', async () => {
  await using server = await serverOf({ 'POST /a?b=1': to(303, ''), 'GET /a?b=1': response('done') })
  const { run, heads } = await runAgainst(server, { method: 'POST', path: '/a?b=1', check: { text: 'done' } })
  expect(heads).toEqual(['POST /a?b=1', 'GET /a?b=1'])
  expect(run).toMatchObject({ errorRate: 0, connections: { redirects: 1 } })
  await using looping = await serverOf({ 'GET /a': to(302, '') })
  const loop = await runAgainst(looping, { path: '/a' })
  expect([...loop.run.errors]).toEqual([['status', 1]])
  expect(loop.text).toContain('after 5 redirects: the limit of this request, or a redirect loop')
})

test('the path of the base URL is not added to that of a Location', async () => {
  await using server = await serverOf({ 'GET /api/a': to(302, '/login'), 'GET /login': to(302, 'here') })
  const { heads } = await runAgainst(
    server,
    { path: '/a', headers: { authorization: 'Bearer x' } },
    { name: 'prefixed' },
  )
  expect(heads).toEqual(['GET /api/a', 'GET /login', 'GET /here'])
  expect(server.requests.every((head) => head.includes('authorization: Bearer x'))).toBe(true)
})

test('cookies that a redirect sets are sent with the next request', async () => {
  await using server = await serverOf({
    'POST /login': to(303, '/home', 'Set-Cookie: sid=1; Path=/\r\n'),
    'GET /home': response(),
  })
  const { heads } = await runAgainst(server, { method: 'POST', path: '/login' }, { cookies: true })
  expect(heads).toEqual(['POST /login', 'GET /home'])
  expect(server.requests[1]).toContain('Cookie: sid=1')
})

test('a redirect after which the target closes the connection is followed over a new one', async () => {
  await using server = await scriptedServer({
    onRequest(socket, head) {
      if (head.startsWith('GET /a')) socket.end(to(302, '/b', 'Connection: close\r\n'))
      else socket.write(response())
    },
  })
  const { run } = await runAgainst(server, { path: '/a' })
  expect(run).toMatchObject({ errorRate: 0, connections: { opened: 2, redirects: 1 } })
})

test('in the history, the status after a rewritten request is not that of the operation', async () => {
  await using server = await serverOf({ 'POST /a': to(303, '/gone'), 'POST /b': to(307, '/gone') })
  const outcomes: unknown[] = []
  for (const path of ['/a', '/b']) {
    const { run } = await runAgainst(server, { method: 'POST', path }, { record: true })
    outcomes.push([...run.history.operations()][0]!.outcome)
  }
  expect(outcomes).toEqual(['unknown', 'failed'])
})
