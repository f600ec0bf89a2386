import { beforeEach, describe, expect, test, vi } from 'vitest'
import { constantArrivalRate, sharedIterations } from '../load/builders.ts'
import { setHostPolicy } from '../machine/allowed-hosts.ts'
import { OptionsError } from '../options/problems.ts'
import { messageOf } from '../testing/message-of.ts'
import { response, engineFor, scriptedServer } from '../testing/scripted-server.ts'
import { readRunOptions } from './options.ts'
import type { HttpRunOptions } from './types.ts'

const load = constantArrivalRate({ rate: 1, vus: 1, duration: '1s' })
const request = { path: '/' }
const target = { baseUrl: 'http://127.0.0.1:1' }

function problemsOf(options: Record<string, unknown>): string[] {
  try {
    readRunOptions({ load, ...('steps' in options ? {} : { request }), ...options }, target)
    return []
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error
    return error.problems.map(({ path, rule, fix }) => (rule === '' || fix === '' ? `${path} without advice` : path))
  }
}

test('fills in the defaults', () => {
  expect(readRunOptions({ load, request }, target)).toMatchObject({
    timeoutMs: 10_000,
    warmupMs: 0,
    maxQueueTimeMs: Number.POSITIVE_INFINITY,
    record: undefined,
    baseUrl: undefined,
    steps: [{ name: 'request', request }],
    abortWhen: [{ errorRateAbove: 0.9, forMs: 5_000, delayMs: undefined }],
  })
})

test.each<[Record<string, unknown>, string[]]>([
  [
    { load: { kind: 'constantArrivalRate', ratePerSec: -1, vus: 0, durationMs: 1, arrivals: 'uniform' } },
    ['load.ratePerSec', 'load.vus'],
  ],
  [{ load: 'fast' }, ['load']],
  [{ lod: load }, ['lod']],
  [{ request: undefined }, ['request']],
  [{ request, steps: [{ name: 'a', request }] }, ['request']],
  [{ request, flow: async () => {} }, ['request']],
  [{ request: undefined, flow: 'x' }, ['flow']],
  [{ request: 'x' }, ['request']],
  [{ request: { path: 'api' } }, ['request.path']],
  [
    { request: { path: 5, method: 1, tag: '', pth: 1 } },
    ['request.pth', 'request.path', 'request.method', 'request.tag'],
  ],
  [{ request: { path: '/', method: 'GE T' } }, ['request.method']],
  [{ request: { path: '/', headers: { 'a b': 1, 'content-length': 2 } } }, ['request.headers', 'request.headers']],
  [{ request: { path: '/#a', method: 'get', body: new Map() } }, ['request.path', 'request.method', 'request.body']],
  [{ request: { path: '/', headers: { a: null, b: new Date(), c: Number.NaN } } }, Array(3).fill('request.headers')],
  [{ request: { path: '/', headers: null } }, ['request.headers']],
  [{ request: { path: '/', headers: new Headers({ a: 'b' }) } }, ['request.headers']],
  [{ request: { path: '/', body: new FormData(), headers: { 'content-type': 'a/b' } } }, ['request.headers']],
  [{ headers: new Map([['a', 'b']]) }, ['headers']],
  [{ request: { path: '/', check: { text: '' } } }, ['request.check']],
  [{ request: { path: '/', check: { text: /.*/ } } }, ['request.check']],
  [{ request: { path: '/', check: { json: {} } } }, ['request.check']],
  [{ request: { path: '/', expectStatus: 20, check: {} } }, ['request.expectStatus', 'request.check']],
  [
    {
      request: {
        path: '/',
        check: (response: Response) => {
          // oxlint-disable-next-line no-unused-expressions -- that is the mistake
          response.status === 200
        },
      },
    },
    ['request.check'],
  ],
  [{ steps: [] }, ['steps']],
  [{ steps: [1, { name: '', request: {} }] }, ['steps[0]', 'steps[1].name', 'steps[1].request.path']],
  [
    {
      steps: [
        { name: 'a', request },
        { name: 'a', request },
      ],
    },
    ['steps[1].name'],
  ],
  [
    { steps: [{ name: 'a', request, weight: 0, thinkTime: { min: '2s', max: '1s' } }] },
    ['steps[0].weight', 'steps[0].thinkTime'],
  ],
  [
    { steps: [{ name: 'a', request, extract: { t: 'access.token', u: 5 } }] },
    ['steps[0].extract.t', 'steps[0].extract.u'],
  ],
  [{ timeout: 0, warmup: -1, maxQueueTime: 'soon' }, ['timeout', 'warmup', 'maxQueueTime']],
  [{ load: sharedIterations({ iterations: 1, vus: 1 }), maxQueueTime: '1s' }, ['maxQueueTime']],
  [{ timeout: Number.NaN }, ['timeout']],
  [{ timeout: '11m' }, ['timeout']],
  [{ expectStatus: [] }, ['expectStatus']],
  [{ expectStatus: [200, '429'] }, ['expectStatus']],
  [{ data: [] }, ['data']],
  [{ data: 7 }, ['data']],
  [{ record: 'yes' }, ['record']],
  [{ record: { key: 'id', payload: true, keys: 1 } }, ['record.keys', 'record.key', 'record.payload']],
  [{ headers: { bad: 'a\nb' } }, ['headers']],
  [{ baseUrl: 'ftp://x' }, ['baseUrl']],
  [{ baseUrl: 'unix:app.sock' }, ['baseUrl']],
  [{ baseUrl: 'http://x/?a=b' }, ['baseUrl']],
  [{ connectTo: { socketPath: '' } }, ['connectTo.socketPath']],
  [{ connectTo: { host: 'localhost', port: 0 } }, ['connectTo.port']],
  [{ connectTo: {} }, ['connectTo']],
  [{ tls: { cert: 'x', rejectUnauthorised: false } }, ['tls.rejectUnauthorised', 'tls.cert']],
  [{ abortWhen: { errorRateAbove: 50, duration: '5s' } }, ['abortWhen.errorRateAbove']],
  [{ abortWhen: { errorRateAbove: 0.5 } }, ['abortWhen.duration']],
  [{ abortWhen: true }, ['abortWhen']],
  [{ name: '' }, ['name']],
  [{ traceparent: 'yes' }, ['traceparent']],
  [{ traceparent: { sampledRatio: 50, ratio: 1 } }, ['traceparent.ratio', 'traceparent.sampledRatio']],
])('names the mistakes in %j', (options, paths) => {
  expect(problemsOf(options)).toEqual(paths)
})

test('reports all mistakes of one call in one error, before any connection', async () => {
  const { http, results } = engineFor('http://127.0.0.1:1')
  const options = { load, request: { path: 'x' }, timeout: -1, warmup: 'long', data: [] } as unknown as HttpRunOptions
  const error = await http.run(options).catch((error: unknown) => error)
  expect((error as Error).message).toBe(
    `http.run() received 4 invalid options:

  request.path: must begin with '/' and be percent-encoded: '/api/search?query=' + encodeURIComponent(text), received "x"
    Received: 'x'
    Fix:      write, for example, path: '/api/me'
  data: must have at least one row
    Received: []
    Fix:      write, for example, data: [{ token: 'a' }], or data: csv('users.csv')
  timeout: must be a duration above 0 ms and at most 600000 ms: '2m', '1.5s', '500ms', or a number of milliseconds
    Received: -1
    Fix:      write, for example, timeout: '2m'
  warmup: must be a duration at least 0 ms: '2m', '1.5s', '500ms', or a number of milliseconds
    Received: 'long'
    Fix:      write, for example, warmup: '2m'`,
  )
  expect(results).toEqual([])
})

test('shows no password or key in an error', () => {
  const message = (options: Record<string, unknown>) => {
    try {
      readRunOptions({ load, request, ...options }, target)
    } catch (error) {
      return (error as Error).message
    }
    throw new Error('nothing was wrong')
  }
  expect(message({ baseUrl: 'http://user:s3cret@host/?x' })).not.toContain('s3cret')
  expect(message({ tls: { key: 's3cret', kye: 's3cret' } })).not.toContain('s3cret')
  expect(message({ headers: { authorization: 's3cret\n' } })).not.toContain('s3cret')
})

test('rejects data without rows before any load', async () => {
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
  const { http, results } = engineFor(server.url)
  const iterations = sharedIterations({ iterations: 1, vus: 1 })
  await expect(http.run({ load: iterations, data: new Set(), request: { path: '/' } })).rejects.toThrow(
    'data: there are no rows',
  )
  expect([server.accepted, results.length]).toEqual([0, 0])
})

test.each([
  'perf:hunter2Secret@127.0.0.1:3000',
  'http:perf:hunter2Secret@127.0.0.1:3000?x',
  'http://perf:a/hunter2Secret@127.0.0.1:3000',
  '//perf:hunter2Secret@127.0.0.1:3000',
])('does not print the password of an invalid base URL: %s', async (baseUrl) => {
  const { http } = engineFor('http://127.0.0.1:1')
  const load = sharedIterations({ iterations: 1, vus: 1 })
  const error = (await http.run({ baseUrl, load, request: { path: '/' } }).catch((thrown: unknown) => thrown)) as Error
  expect(error.message).toContain('baseUrl: must be an http or https URL')
  expect(`${error.message}${JSON.stringify(error)}`).not.toContain('hunter2Secret')
})

describe('a WebSocket base URL', () => {
  const refusalOf = (baseUrl: string) => {
    try {
      readRunOptions({ load, request, baseUrl }, {})
    } catch (error) {
      return (error as Error).message
    }
    throw new Error('it was accepted')
  }

  test('is rejected, with the HTTP URL as the example', () => {
    expect(refusalOf('ws://127.0.0.1:3000/socket')).toMatchInlineSnapshot(`
      "http.run() received an invalid option:

        baseUrl: must be an HTTP URL; for WebSocket, use ws.run() or ws.fanOut()
          Received: 'ws://127.0.0.1:3000/socket'
          Fix:      write, for example, baseUrl: 'http://127.0.0.1:3000/socket'"
    `)
    expect(refusalOf('WSS://api.example.com')).toContain(
      "Fix:      write, for example, baseUrl: 'https://api.example.com'",
    )
  })

  test('is rejected without showing its password', () => {
    expect(refusalOf('ws://ann:hunter2Secret@127.0.0.1:3000')).not.toContain('hunter2Secret')
  })

  test('is accepted with the scheme http', () => {
    expect(readRunOptions({ load, request, baseUrl: 'http://127.0.0.1:3000/socket' }, {}).baseUrl).toBe(
      'http://127.0.0.1:3000/socket',
    )
  })
})

describe('a host for which the environment names a proxy', () => {
  const read = (
    options: Partial<HttpRunOptions>,
    target: { baseUrl?: string; otherInstances?: readonly string[] } = {},
  ) => readRunOptions({ load, request, ...options } as HttpRunOptions, target)
  const messageFor = (...args: Parameters<typeof read>) => messageOf(() => void read(...args))

  beforeEach(() => {
    vi.stubEnv('HTTPS_PROXY', 'http://ann:hunter2Secret@proxy.example.com:3128')
    for (const name of ['https_proxy', 'http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY', 'no_proxy', 'NO_PROXY'])
      vi.stubEnv(name, undefined)
    setHostPolicy({ allowRemote: ['staging.example.com', 'login.example.com'] })
    return () => {
      vi.unstubAllEnvs()
      setHostPolicy({ allowRemote: [] })
    }
  })

  test('is refused, with every other mistake, and without the credentials of the proxy', () => {
    expect(
      messageFor({
        baseUrl: 'https://staging.example.com/api',
        hosts: { identity: 'https://login.example.com' },
        timeout: -1,
      }),
    ).toMatchInlineSnapshot(`
      "OptionsError: http.run() received 3 invalid options:

        timeout: must be a duration above 0 ms and at most 600000 ms: '2m', '1.5s', '500ms', or a number of milliseconds
          Received: -1
          Fix:      write, for example, timeout: '2m'
        baseUrl: must not be a host for which HTTPS_PROXY names a proxy: load is not sent through proxies
          Received: 'https://staging.example.com'
          Fix:      add staging.example.com to NO_PROXY, or set proxy: false, if this machine reaches the host without the proxy; otherwise run the load where none is needed
        hosts.identity: must not be a host for which HTTPS_PROXY names a proxy: load is not sent through proxies
          Received: 'https://login.example.com'
          Fix:      add login.example.com to NO_PROXY, or set proxy: false, if this machine reaches the host without the proxy; otherwise run the load where none is needed"
    `)
    expect(messageFor({}, { baseUrl: 'https://staging.example.com' })).toContain('baseUrl: must not be a host')
    const instances = { baseUrl: 'http://127.0.0.1:3000', otherInstances: ['https://staging.example.com'] }
    expect(messageFor({}, instances)).toContain('baseUrl: must not be a host')
  })

  test('is accepted if NO_PROXY contains it, with proxy: false, and where connectTo says where to connect', () => {
    const baseUrl = 'https://staging.example.com'
    expect(read({ baseUrl, proxy: false }).baseUrl).toBe(baseUrl)
    expect(read({ baseUrl, connectTo: { host: '127.0.0.1', port: 3000 } }).baseUrl).toBe(baseUrl)
    expect(read({ baseUrl: 'http://staging.example.com' }).baseUrl).toBe('http://staging.example.com')
    expect(messageFor({ baseUrl, proxy: true as never })).toContain('proxy: must be false')
    vi.stubEnv('NO_PROXY', 'example.com')
    expect(read({ baseUrl }).baseUrl).toBe(baseUrl)
  })
})
