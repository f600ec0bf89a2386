import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { evidenceOf, type RequestEvidence } from '../evidence/evidence.ts'
import { constantArrivalRate, constantVus, sharedIterations } from '../load/builders.ts'
import type { Load } from '../load/load.ts'
import { setHostPolicy } from '../machine/allowed-hosts.ts'
import { parseBaseUrl } from '../machine/base-url.ts'
import { response, engineFor, scriptedServer } from '../testing/scripted-server.ts'
import type { FailureKind } from './connection.ts'
import { addressesOf, connect, endpointOf } from './endpoint.ts'

/** Every name has two addresses, of which only the second listens, however this machine resolves names. */
vi.mock(import('node:dns/promises'), async (importActual) => ({
  ...(await importActual()),
  lookup: (async () => [
    { address: '::1', family: 6 },
    { address: '127.0.0.1', family: 4 },
  ]) as never,
}))

const once1 = sharedIterations({ iterations: 1, vus: 1 })
const request = { path: '/x' }

/** Sends one request to a server that writes its response in these pieces. */
async function oneResponse(pieces: readonly string[], options: { method?: string; end?: boolean } = {}) {
  await using server = await scriptedServer({
    onRequest(socket) {
      writeAll(socket, [...pieces], options.end === true)
    },
  })
  const { http } = engineFor(server.url)
  return await http.run({ load: once1, request: { ...request, method: options.method ?? 'GET' }, timeout: '1s' })
}

/** Writes each piece separately, so that it usually arrives in a separate read. */
function writeAll(socket: Socket, pieces: string[], end: boolean): void {
  const piece = pieces.shift()
  if (piece === undefined) {
    if (end) socket.end()
    return
  }
  socket.write(piece, () => setImmediate(() => writeAll(socket, pieces, end)))
}

test.each<[string, string[], { method?: string; end?: boolean }, number]>([
  ['a response in one piece', [response()], {}, 200],
  ['a response in many pieces', response('some body').split(''), {}, 200],
  ['chunked', ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', '2\r\nde\r\n0\r\n\r\n'], {}, 200],
  ['chunked with trailers', ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\n\r\n'], {}, 200],
  ['a body that ends with the connection', ['HTTP/1.1 200 OK\r\n\r\nall of it'], { end: true }, 200],
  ['HTTP/1.0 without a length', ['HTTP/1.0 200 OK\r\n\r\nall of it'], { end: true }, 200],
  ['HTTP/1.0 with a length', ['HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'], {}, 200],
  ['204 without a length', ['HTTP/1.1 204 No Content\r\n\r\n'], {}, 204],
  ['204 that states a length', ['HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n'], {}, 204],
  ['304 that states a length', ['HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n'], {}, 304],
  ['HEAD whose response states a length', ['HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n'], { method: 'HEAD' }, 200],
  ['HEAD whose response states nothing', ['HTTP/1.1 200 OK\r\n\r\n'], { method: 'HEAD' }, 200],
  ['an interim response before the response', ['HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' + response()], {}, 200],
  [
    'interim responses in separate pieces',
    ['HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 102 Processing\r\n\r\n', response()],
    {},
    200,
  ],
  ['a redirect, which is not followed', [response('', { status: '302 Found', headers: 'Location: /y\r\n' })], {}, 302],
  ['Connection: close', [response('ok', { headers: 'Connection: close\r\n' })], { end: true }, 200],
  ['an unregistered status', [response('', { status: '299 Whatever' })], {}, 299],
])('reads one response without an error: %s', async (_, pieces, options, status) => {
  const run = await oneResponse(pieces, options)
  expect({ statuses: [...run.statuses], errors: [...run.errors], completed: run.completed }).toEqual({
    statuses: [[status, 1]],
    errors: [],
    completed: 1,
  })
})

test.each<[string, string[], { end?: boolean }, string, RegExp]>([
  ['half a head', ['HTTP/1.1 200 OK\r\nContent-'], { end: true }, 'reset', /middle of the response/],
  [
    'half a body',
    ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'],
    { end: true },
    'reset',
    /middle of the response/,
  ],
  ['half a chunk', ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab'], { end: true }, 'reset', /middle/],
  ['nothing at all', [], { end: true }, 'reset', /without a response/],
  [
    'another protocol',
    ['SSH-2.0-OpenSSH_9.2\r\n'],
    {},
    'body',
    /not a valid HTTP response: its status line is malformed/,
  ],
  [
    'contradictory lengths',
    ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    {},
    'body',
    /not a valid HTTP response: it has more than one Content-Length/,
  ],
  [
    'two responses to one request',
    [response() + response()],
    {},
    'body',
    /\(1 × the target sent more than the response\)/,
  ],
  [
    'half a body on an open connection',
    ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'],
    {},
    'timeout',
    /middle of the response/,
  ],
])('counts an error of the right kind: %s', async (_, pieces, options, kind, detail) => {
  const run = await oneResponse(pieces, options)
  expect([...run.errors]).toEqual([[kind, 1]])
  expect(run.completed).toBe(1)
  expect(run.statuses.size).toBe(0)
  expect(JSON.stringify(evidenceText(run))).toMatch(detail)
})

test('reuses a connection after each kind of response that allows it', async () => {
  const kinds = [
    response(),
    'HTTP/1.1 204 No Content\r\n\r\n',
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok',
  ]
  await using server = await scriptedServer({
    onRequest: (socket, _, number) => socket.write(kinds[number % kinds.length]!),
  })
  const { http } = engineFor(server.url)
  const run = await http.run({ load: sharedIterations({ iterations: 20, vus: 1 }), request })
  expect(run.errors.size).toBe(0)
  expect(run.connections).toMatchObject({ opened: 1, closedIdle: 0, openAtEnd: 1 })
})

test('opens a connection for each request, without errors, if the target sends Connection: close', async () => {
  await using server = await scriptedServer({
    onRequest: (socket) => socket.end(response('ok', { headers: 'Connection: close\r\n' })),
  })
  const { http } = engineFor(server.url)
  const run = await http.run({ load: sharedIterations({ iterations: 10, vus: 2 }), request })
  expect(run.completed).toBe(10)
  expect(run.errors.size).toBe(0)
  expect(run.connections.opened).toBe(10)
})

const JSON_TYPE = 'Content-Type: application/json\r\n'
const BODY = '{"user":"ann"}'

test.each<[string, string[]]>([
  ['Connection: close', [response(BODY, { headers: `${JSON_TYPE}Connection: close\r\n` })]],
  [
    'Connection: close in pieces',
    response(BODY, { headers: `${JSON_TYPE}Connection: close\r\n` })
      .split('\n')
      .map((line, at, all) => (at < all.length - 1 ? `${line}\n` : line)),
  ],
  ['HTTP/1.0', [`HTTP/1.0 200 OK\r\n${JSON_TYPE}Content-Length: ${BODY.length}\r\n\r\n${BODY}`]],
  ['a body that ends with the connection', [`HTTP/1.1 200 OK\r\n${JSON_TYPE}\r\n`, BODY.slice(0, 5), BODY.slice(5)]],
  [
    'chunks and Connection: close',
    [
      `HTTP/1.1 200 OK\r\n${JSON_TYPE}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n`,
      `e\r\n${BODY}\r\n0\r\n\r\n`,
    ],
  ],
])('passes the last response of a connection to check, extract and record: %s', async (_, pieces) => {
  await using server = await scriptedServer({ onRequest: (socket) => writeAll(socket, [...pieces], true) })
  const { http } = engineFor(server.url)
  const recorded: string[] = []
  const run = await http.run({
    load: sharedIterations({ iterations: 6, vus: 2 }),
    steps: [
      { name: 'first', request, check: { json: { user: 'ann' } }, extract: { user: '$.user' } },
      {
        name: 'second',
        request: ({ vu }) => ({ path: `/${String(vu.vars['user'])}` }),
        check: ({ headers }) => headers['content-type'] === 'application/json',
      },
    ],
    record: { response: (seen) => (recorded.push(seen.text()), seen.text()) },
  })
  expect([...run.errors]).toEqual([])
  expect(recorded).toEqual(Array.from({ length: 12 }, () => BODY))
  expect(server.requests.filter((head) => head.startsWith('GET /ann '))).toHaveLength(6)
  expect(run.connections).toMatchObject({ opened: 12, maxOpen: 2, openAtEnd: 0 })
})

test('reopens an idle connection that the server closed only when the next request is due', async () => {
  const closes: Promise<unknown>[] = []
  const openWhenDue: number[] = []
  await using server = await scriptedServer({
    onRequest(socket, _, number) {
      socket.write(response())
      // All except the last are closed right after the response.
      if (number < 4) closes.push(once(socket.end(), 'close'))
    },
  })
  const { http } = engineFor(server.url)
  const run = await http.run({
    load: constantArrivalRate({ rate: 5, vus: 1, duration: '1s' }),
    request: () => {
      openWhenDue.push(server.open)
      return request
    },
  })
  await Promise.all(closes)
  expect(openWhenDue).toEqual([1, 0, 0, 0, 0])
  expect(run.completed).toBe(5)
  expect(run.errors.size).toBe(0)
  expect(run.connections).toMatchObject({ opened: 5, closedIdle: 4, replaced: 0 })
  // The sixth connection is that of the preflight.
  expect(server.accepted).toBe(6)
})

const OVERRUNS: [string, string, string][] = [
  ['a second response', response(), response()],
  ['the beginning of a second response', response(), 'HTTP/1.1 2'],
  ['a body with 204', 'HTTP/1.1 204 No Content\r\n\r\n', 'hello'],
  ['a body with 304', 'HTTP/1.1 304 Not Modified\r\n\r\n', 'hello'],
  ['more bytes than Content-Length states', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', '!'],
  ['bytes after the last chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'x'],
]

describe.each(OVERRUNS)('%s', (_, overrun, excess) => {
  test.each<[string, Load, boolean]>([
    ['in one piece, without think time', sharedIterations({ iterations: 30, vus: 3 }), false],
    ['in a separate piece, without think time', sharedIterations({ iterations: 30, vus: 3 }), true],
    ['in a separate piece, with think time', constantVus({ vus: 3, duration: '400ms', thinkTime: '40ms' }), true],
  ])('is an error of the request that it responds to, %s', async (__, load, isSeparate) => {
    await using server = await scriptedServer({
      onRequest(socket, head) {
        if (!head.startsWith('GET /faulty')) socket.write(response())
        else if (!isSeparate) socket.write(overrun + excess)
        else socket.write(overrun, () => setImmediate(() => socket.write(excess)))
      },
    })
    const { http } = engineFor(server.url)
    const run = await http.run({
      load,
      abortWhen: false,
      steps: [
        { name: 'good', request },
        { name: 'faulty', request: { path: '/faulty' }, expectStatus: [200, 204, 304] },
      ],
    })
    const faulty = server.requests.filter((head) => head.startsWith('GET /faulty'))
    expect(run.sent).toBe(server.requests.length)
    expect([...run.errors]).toEqual([['body', faulty.length]])
    expect([...run.step('faulty').errors]).toEqual([['body', faulty.length]])
    expect(run.step('good').errors.size).toBe(0)
  })
})

test('bytes left over from a response, which arrive after the next request was written, are named as a possible cause', async () => {
  await using server = await scriptedServer({
    onRequest: (socket, _head, number) => socket.write(number === 2 ? 'left over' : response()),
  })
  const { http } = engineFor(server.url)
  const run = await http.run({ load: sharedIterations({ iterations: 3, vus: 1 }), request, abortWhen: false })
  expect(evidenceText(run)).toContain(
    '1 × not a valid HTTP response: its status line is malformed, or the target sent more than the previous response',
  )
})

test('a surplus response after the next request was written is detected by the response left over at the end', async () => {
  let last: NodeJS.Timeout | undefined
  await using server = await scriptedServer({
    onRequest(socket, _head, number) {
      last = setTimeout(() => {
        socket.write(response())
        if (number === 5) setTimeout(() => socket.write(response()), 40)
      }, 80)
    },
  })
  const { http } = engineFor(server.url)
  const run = await http.run({ load: constantVus({ vus: 1, duration: '1200ms' }), request })
  clearTimeout(last)
  expect([...run.errors]).toEqual([['body', 1]])
})

describe('a target that responds before a request', () => {
  test.each<[string, Load]>([
    ['at a rate', constantArrivalRate({ rate: 50, vus: 5, duration: '500ms' })],
    ['with more connections than requests', constantArrivalRate({ rate: 50, vus: 40, duration: '500ms' })],
    ['without think time', sharedIterations({ iterations: 10, vus: 2 })],
  ])('makes each request an error, %s', async (_, load) => {
    await using server = await scriptedServer({ onConnection: (socket) => socket.end(response()), onRequest() {} })
    const { http } = engineFor(server.url)
    const run = await http.run({ load, request: { ...request, method: 'POST' }, abortWhen: false })
    expect(run.statuses.size).toBe(0)
    expect([...run.errors]).toEqual([['body', run.offered]])
    expect(evidenceText(run)).toContain('the target sent a response before the request')
  })
})

describe('a target that has sent a response before a request, and then', () => {
  const LAST = 'Connection: close\r\n'
  const VUS = 4
  /** Connections of the preflight and of the VUs: these are opened before the first request, and get a response at once. */
  const PREPARED = 1 + VUS

  async function runWhere(onConnection: (socket: Socket, number: number) => void) {
    await using server = await scriptedServer({
      onConnection(socket, number) {
        if (number >= PREPARED) onConnection(socket, number - PREPARED)
        else if (number > 0) socket.end(response('', { headers: LAST }))
      },
      onRequest: (socket) => socket.end(response('ok', { headers: LAST })),
    })
    const { http } = engineFor(server.url)
    const load = sharedIterations({ iterations: 20, vus: VUS })
    return await http.run({ load, request, timeout: '300ms', abortWhen: false })
  }

  test('closes most connections without a response makes as many requests errors', async () => {
    const run = await runWhere((socket, number) => number % 5 !== 0 && socket.end())
    expect({ errors: [...run.errors], statuses: [...run.statuses] }).toEqual({
      errors: [['reset', 16]],
      statuses: [[200, 4]],
    })
    expect(run.connections.opened).toBe(VUS + 20)
    expect(evidenceText(run)).toContain('closed before the request was sent')
  })

  test.each<[string, FailureKind, (socket: Socket) => void]>([
    ['closes every connection', 'reset', (socket) => socket.end()],
    [
      'sends a 408 on every connection',
      'body',
      (socket) => socket.end(response('', { status: '408 Request Timeout', headers: LAST })),
    ],
  ])('%s makes each request an error after one connection', async (_, kind, onConnection) => {
    const run = await runWhere(onConnection)
    expect(run.errorRate).toBe(1)
    expect(run.errors.get(kind)).toBeGreaterThan(10)
    expect(run.connections.opened).toBe(VUS + 20)
  })
})

test('the time-out of a request includes its redirect if the target closes each connection after a response', async () => {
  await using server = await scriptedServer({
    onRequest(socket, head) {
      const redirect = response('', { status: '302 Found', headers: 'Location: /to\r\n' })
      if (head.startsWith('GET /from ')) setTimeout(() => socket.end(redirect), 150)
      else if (head.startsWith('GET /to ')) setTimeout(() => socket.end(response()), 150)
      else socket.end(response())
    },
  })
  const { http } = engineFor(server.url)
  const run = await http.run({ load: once1, request: { path: '/from' }, redirects: 1, timeout: '250ms' })
  expect([...run.errors]).toEqual([['timeout', 1]])
})

describe('a 408 on an idle connection', () => {
  const TIMED_OUT = response('', { status: '408 Request Timeout', headers: 'Connection: close\r\n' })

  test.each<[string, number]>([
    ['after a response', 60],
    ['also before the first request', 0],
  ])('counts as an idle close, %s', async (_, afterMs) => {
    await using server = await scriptedServer({
      onConnection(socket, number) {
        // The first connection is that of the preflight.
        if (afterMs === 0 && number > 0 && number < 4) socket.end(TIMED_OUT)
      },
      onRequest(socket) {
        socket.write(response())
        setTimeout(() => socket.end(TIMED_OUT), 60)
      },
    })
    const { http } = engineFor(server.url)
    const run = await http.run({ load: constantArrivalRate({ rate: 20, vus: 4, duration: '1s' }), request })
    expect(run.errors.size).toBe(0)
    expect(run.statuses.get(200)).toBe(20)
    expect(run.connections.closedIdle).toBeGreaterThan(3)
  })

  test('is an error of kind body if it comes together with the response', async () => {
    await using server = await scriptedServer({ onRequest: (socket) => socket.end(response() + TIMED_OUT) })
    const { http } = engineFor(server.url)
    expect([...(await http.run({ load: once1, request })).errors]).toEqual([['body', 1]])
  })
})

const NO_RESPONSE: [string, (socket: Socket) => void][] = [
  ['resets', (socket) => socket.resetAndDestroy()],
  ['closes', (socket) => socket.end()],
]

describe.each(NO_RESPONSE)('a target that %s a used connection when it receives a request', (_, end) => {
  async function underLoad(load: Load, method: string) {
    const used = new Set<Socket>()
    let ended = 0
    await using server = await scriptedServer({
      onRequest(socket) {
        if (used.has(socket)) {
          ended++
          end(socket)
        } else {
          used.add(socket)
          socket.write(response())
        }
      },
    })
    const { http } = engineFor(server.url)
    const run = await http.run({
      load,
      abortWhen: false,
      request: ({ iteration, vu }) => ({ path: '/x', method, headers: { 'idempotency-key': `${vu.id}-${iteration}` } }),
      record: true,
    })
    expect(server.requests).toHaveLength(run.sent)
    return { run, ended }
  }

  test.each<[string, Load, string]>([
    ['without think time', sharedIterations({ iterations: 60, vus: 10 }), 'GET'],
    ['with a short think time', constantVus({ vus: 10, duration: '600ms', thinkTime: '40ms' }), 'GET'],
    ['with a think time', constantVus({ vus: 10, duration: '1200ms', thinkTime: '150ms' }), 'GET'],
    ['at a rate', constantArrivalRate({ rate: 50, vus: 10, duration: '1200ms' }), 'GET'],
    ['with posts', constantVus({ vus: 10, duration: '600ms', thinkTime: '40ms' }), 'POST'],
  ])('makes each such request an error of kind reset, %s', async (__, load, method) => {
    const { run, ended } = await underLoad(load, method)
    expect(ended).toBeGreaterThan(run.sent / 3)
    expect([...run.errors]).toEqual([['reset', ended]])
    expect(run.statuses.get(200)).toBe(run.sent - ended)
    expect(run.connections.resetAfterUse).toBe(ended)
    expect([...run.history.operations()].filter(({ outcome }) => outcome === 'unknown')).toHaveLength(ended)
  })
})

test('a reset of the first request on a connection is not counted as one after use', async () => {
  await using server = await scriptedServer({ onRequest: (socket) => socket.resetAndDestroy() })
  const { http } = engineFor(server.url)
  const run = await http.run({ load: sharedIterations({ iterations: 10, vus: 1 }), request })
  expect([...run.errors]).toEqual([['reset', 10]])
  expect(run.connections).toMatchObject({ resetAfterUse: 0 })
})

test('a refused connection is an error of each due request, and closed models back off', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  const { http } = engineFor(`http://127.0.0.1:${port}`)

  const open = await http.run({ load: constantArrivalRate({ rate: 50, vus: 5, duration: '1s' }), request })
  expect([...open.errors]).toEqual([['connect', 50]])
  expect(open.dropped).toBe(0)
  expect(evidenceText(open)).toMatch(/50 × ECONNREFUSED/)

  const closed = await http.run({ load: constantVus({ vus: 2, duration: '1s' }), request })
  // Pauses of 100, 200, 400 ms and so on: two VUs cannot try more than a few times.
  expect(closed.errors.get('connect')).toBeGreaterThanOrEqual(2)
  expect(closed.errors.get('connect')).toBeLessThanOrEqual(10)
})

test('the time-out applies only while a request is in flight', async () => {
  const kept = response('ok', { headers: 'Keep-Alive: timeout=60\r\n' })
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(kept) })
  const { http } = engineFor(server.url)
  const load = constantArrivalRate({ rate: 2, vus: 1, duration: '2s' })
  const run = await http.run({ load, request, timeout: '200ms' })
  expect(run.errors.size).toBe(0)
  expect(run.connections.opened).toBe(1)
})

test('a timed-out request has the latency until the time-out, and its VU continues on a new connection', async () => {
  await using server = await scriptedServer({
    onRequest: (socket, _, number) => void (number === 0 ? undefined : socket.write(response())),
  })
  const { http } = engineFor(server.url)
  const run = await http.run({ load: sharedIterations({ iterations: 3, vus: 1 }), request, timeout: '100ms' })
  expect([...run.errors]).toEqual([['timeout', 1]])
  expect(run.completed).toBe(3)
  const { failed } = run
  expect(failed.state === 'measured' && failed.latency.maxMs).toBeGreaterThanOrEqual(100)
  expect(run.state === 'measured' && run.latency.p99Ms).toBe(Infinity)
})

test('a handshake without a response times out, before the load and during it', async () => {
  await using silent = await scriptedServer({ onRequest: () => {} })
  const { http } = engineFor(silent.url.replace('http:', 'https:'))
  const run = await http.run({ load: sharedIterations({ iterations: 2, vus: 1 }), request, timeout: '200ms' })
  expect([...run.errors]).toEqual([['connect', 2]])
  expect(evidenceText(run)).toMatch(/2 × no connection in time/)
})

test('an abort ends the opening of connections immediately', async () => {
  const stop = new AbortController()
  await using silent = await scriptedServer({
    onConnection: (_, number) => void (number === 1 && stop.abort(new Error('enough'))),
    onRequest: () => {},
  })
  const { http } = engineFor(silent.url.replace('http:', 'https:'), { signal: stop.signal })
  const tls = { rejectUnauthorized: false }
  const startMs = performance.now()
  const run = await http.run({ load: sharedIterations({ iterations: 2, vus: 1 }), request, tls, timeout: '2s' })
  expect(run.aborted).toBe('enough')
  expect(run.sent).toBe(0)
  // The handshake of the preflight takes all of its two seconds, another one would take as long.
  expect(performance.now() - startMs).toBeLessThan(3_900)
})

test('connects to the address that listens if a host has several', async () => {
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
  const url = server.url.replace('127.0.0.1', 'localhost')
  expect(await addressesOf(endpointOf(parseBaseUrl(url)!, {}, undefined))).toEqual(['::1', '127.0.0.1'])
  const { http } = engineFor(url)
  const run = await http.run({ load: sharedIterations({ iterations: 4, vus: 2 }), request })
  expect(run).toMatchObject({ completed: 4, errorRate: 0 })
  expect(server.requests[0]).toMatch(/^GET \/x HTTP\/1\.1\r\nHost: localhost:\d+\r\n/)
})

test('every request has the path and the credentials of the base URL', async () => {
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
  const { http } = engineFor(server.url.replace('//', '//user:p%40ss@') + '/v1/')
  await http.run({ load: once1, request })
  expect(server.requests[0]).toMatch(/^GET \/v1\/x HTTP\/1\.1\r\n/)
  expect(server.requests[0]).toContain(`\r\nauthorization: Basic ${Buffer.from('user:p@ss').toString('base64')}`)
})

test.runIf(process.platform === 'linux')('connects from any address of the loopback network', async () => {
  const from: (string | undefined)[] = []
  await using server = await scriptedServer({
    onConnection: (socket) => from.push(socket.remoteAddress),
    onRequest: () => {},
  })
  const endpoint = endpointOf(parseBaseUrl(server.url)!, {}, undefined)
  const socket = connect(endpoint, { address: '127.0.0.1', localAddress: '127.0.0.3' }, () => {})
  await once(socket, 'connect')
  while (from.length === 0) await new Promise((resolve) => setImmediate(resolve))
  socket.destroy()
  expect(from).toEqual(['127.0.0.3'])
})

test('connects to a Unix socket', async () => {
  const path = join(tmpdir(), `slo-${process.pid}.sock`)
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(response()) }, { path })
  setHostPolicy({ allowRemote: ['app.internal'] })
  onTestFinished(() => setHostPolicy({ allowRemote: [] }))
  const { http } = engineFor('http://app.internal')
  const run = await http.run({
    load: sharedIterations({ iterations: 4, vus: 2 }),
    request,
    connectTo: { socketPath: path },
  })
  expect(run.completed).toBe(4)
  expect(run.errors.size).toBe(0)
  expect(server.requests[0]).toMatch(/^GET \/x HTTP\/1\.1\r\nHost: app\.internal\r\n/)
})

function evidenceText(run: { [evidenceOf](): RequestEvidence }): string {
  return run[evidenceOf]().evidenceLines.join('\n')
}
