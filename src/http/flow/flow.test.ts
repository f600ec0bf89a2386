import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { evidenceOf } from '../../evidence/evidence.ts'
import { constantArrivalRate, constantVus, sharedIterations } from '../../load/builders.ts'
import type { Load } from '../../load/load.ts'
import { response, engineFor, scriptedServer, type ScriptedServer } from '../../testing/scripted-server.ts'
import type { HttpResponse } from '../response.ts'
import type { Flow, HttpLoadOptions } from '../types.ts'
import { RequestFailedError, RunEndedError } from './request-failed-error.ts'

const one = sharedIterations({ iterations: 1, vus: 1 })
/** Empty for bytes that are no request: a target that never responded is probed. */
const pathOf = (head: string) => head.split(' ')[1] ?? ''

/** A server that responds to each path with a text, or after a delay; 404 for any other path. */
function pathServer(responses: Readonly<Record<string, string | ((nth: number) => string)>>, delayMs = 0) {
  const counts = new Map<string, number>()
  return scriptedServer({
    onRequest(socket, head) {
      const path = pathOf(head).split('?')[0]!
      const nth = counts.get(path) ?? 0
      counts.set(path, nth + 1)
      const text = responses[path] ?? response('', { status: '404 Not Found' })
      const send = () => socket.write(typeof text === 'function' ? text(nth) : text)
      if (delayMs === 0) send()
      else setTimeout(send, delayMs)
    },
  })
}

const quick = () => pathServer({ '/a': response('{"id":7}'), '/b': response('b'), '/c': response('c') })

/** Runs a flow. @returns the run, or the error with which `http.run()` rejected */
async function runFlow(
  server: ScriptedServer,
  flow: Flow<undefined>,
  options: Partial<HttpLoadOptions> & { load?: Load } = {},
) {
  const engine = engineFor(server.url)
  return { ...engine, run: await engine.http.run({ load: one, ...options, flow }) }
}

/** @returns the message of the error with which `http.run()` rejected */
async function errorOf(flow: unknown, load = one): Promise<string> {
  await using server = await quick()
  const { http } = engineFor(server.url)
  const error: unknown = await http.run({ load, flow: flow as Flow<undefined> }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return error instanceof Error ? error.message : `no error: ${String(error)}`
}

test('a flow sends requests with values of earlier responses, in loops and conditions', async () => {
  await using server = await pathServer({
    '/login': response('{"id":7}'),
    '/orders/7': (nth) => response(JSON.stringify({ status: nth < 2 ? 'pending' : 'paid' })),
  })
  const { run } = await runFlow(server, async ({ request, sleep }) => {
    const login = await request({ method: 'POST', path: '/login', body: { user: 1 } })
    const { id } = login.json<{ id: number }>()
    const poll = async () => (await request({ name: 'order', path: `/orders/${id}` })).json().status
    while ((await poll()) === 'pending') await sleep('10ms')
    expect(login.json()).toEqual({ id: 7 })
  })
  expect(server.requests.map(pathOf)).toEqual(['/login', '/orders/7', '/orders/7', '/orders/7'])
  expect(run).toMatchObject({ offered: 4, completed: 4, errorRate: 0 })
  expect(run.step('POST /login').completed).toBe(1)
  expect(run.step('order').completed).toBe(3)
  expect(run.iterations).toMatchObject({ offered: 1, completed: 1, errorRate: 0 })
  expect(run.result().steps.map(({ name, completed }) => [name, completed])).toEqual([
    ['POST /login', 1],
    ['order', 3],
  ])
})

test('passes the row, the variables, the iteration and seeded random numbers', async () => {
  const seen = async () => {
    const found: unknown[] = []
    await using server = await quick()
    const { http } = engineFor(server.url)
    await http.run({
      load: sharedIterations({ iterations: 2, vus: 1 }),
      data: [{ user: 'ann' }],
      flow: async ({ request, vu, iteration, random }) => {
        vu.vars['visits'] = Number(vu.vars['visits'] ?? 0) + 1
        found.push([vu.id, vu.data.user, vu.vars['visits'], iteration, random.int(1, 1e9)])
        await request({ path: '/a' })
      },
    })
    return found
  }
  const first = await seen()
  expect(first).toMatchObject([
    [0, 'ann', 1, 0, expect.any(Number)],
    [0, 'ann', 2, 1, expect.any(Number)],
  ])
  expect(await seen()).toEqual(first)
})

test('an error rejects request() with its kind, is counted once, and ends the iteration but not the run', async () => {
  await using server = await pathServer({ '/a': response('no', { status: '503 Busy' }), '/b': response() })
  let thrown: unknown
  const { run } = await runFlow(
    server,
    async ({ request }) => {
      try {
        await request({ path: '/a?token=x' })
      } catch (error) {
        thrown = error
        throw error
      }
      await request({ path: '/b' })
    },
    { load: sharedIterations({ iterations: 3, vus: 1 }) },
  )
  expect(thrown).toBeInstanceOf(RequestFailedError)
  expect(thrown).toMatchObject({
    message: 'GET /a ended in an error of kind status: 503',
    ...{ kind: 'status', detail: '503', request: 'GET /a' },
  })
  expect((thrown as RequestFailedError).response?.text()).toBe('no')
  expect([...run.errors]).toEqual([['status', 3]])
  expect(run).toMatchObject({ offered: 3, sent: 3, errorRate: 1 })
  expect(run.iterations).toMatchObject({ offered: 3, completed: 3, errorRate: 1 })
  expect(server.requests).toHaveLength(3)
})

test('a flow that catches an error goes on; its iteration counts as failed', async () => {
  await using server = await pathServer({ '/b': response() })
  const { run } = await runFlow(server, async ({ request, group }) => {
    await group('search', async () => {
      await request({ path: '/a' }).catch(() => {})
    })
    await group('open', async () => void (await request({ path: '/b' })))
  })
  expect(server.requests.map(pathOf)).toEqual(['/a', '/b'])
  expect([...run.errors]).toEqual([['status', 1]])
  expect([...run.iterations.errors]).toEqual([['status', 1]])
  expect(run.group('search').errorRate).toBe(1)
  expect(run.group('open').errorRate).toBe(0)
  expect(() => run.group('pay')).toThrow('http 1 has no group "pay"; it has search, open')
})

test.each<[string, HttpLoadOptions['timeout'], string, string]>([
  ['a timeout', '50ms', '/slow', 'timeout'],
  ['a reset', '5s', '/reset', 'reset'],
  ['a failed check', '5s', '/a', 'body'],
])('%s rejects request()', async (_, timeout, path, kind) => {
  await using server = await scriptedServer({
    onRequest(socket, head) {
      if (pathOf(head) === '/a') socket.write(response())
      else if (pathOf(head) === '/reset') socket.destroy()
    },
  })
  const kinds: string[] = []
  const { run } = await runFlow(
    server,
    async ({ request }) => {
      const check = path === '/a' ? { check: { text: 'missing' } } : {}
      await request({ path, ...check }).catch((error: RequestFailedError) => kinds.push(error.kind))
    },
    { timeout: timeout! },
  )
  expect(kinds).toEqual([kind])
  expect([...run.errors]).toEqual([[kind, 1]])
})

test('a target that is down rejects request() with kind connect', async () => {
  const server = await quick()
  await server[Symbol.asyncDispose]()
  const kinds: string[] = []
  const { run } = await runFlow(server, async ({ request }) => {
    await request({ path: '/a' }).catch((error: RequestFailedError) => kinds.push(`${error.kind} ${error.detail}`))
  })
  expect(kinds).toEqual(['connect ECONNREFUSED'])
  expect([...run.errors]).toEqual([['connect', 1]])
})

test('a failed assertion and an unreadable body are errors of the last request, as in a check', async () => {
  await using server = await pathServer({ '/a': response('<html>'), '/b': response() })
  const { run } = await runFlow(
    server,
    async ({ request, iteration }) => {
      await request({ path: '/b' })
      const page = await request({ path: '/a' })
      // oxlint-disable-next-line vitest/no-conditional-expect
      if (iteration === 0) expect(page.status).toBe(201)
      else page.json()
    },
    { load: sharedIterations({ iterations: 2, vus: 1 }) },
  )
  expect([...run.step('GET /a').errors]).toEqual([['body', 2]])
  expect(run.step('GET /b').errors.size).toBe(0)
  expect(run).toMatchObject({ offered: 4, completed: 4 })
  expect([...run.iterations.errors]).toEqual([['body', 2]])
})

test('an unreadable body is an error of its request, once, also if the flow catches it', async () => {
  await using server = await pathServer({ '/a': response('<html>'), '/b': response() })
  const { run } = await runFlow(
    server,
    async ({ request, group }) => {
      await request({ path: '/b' })
      const read = () => group('read', async () => (await request({ path: '/a' })).json<unknown>())
      await read().catch(() => {})
      const [page] = await request.all([{ name: 'page', path: '/a' }, { path: '/b' }])
      for (let time = 0; time < 2; time++) {
        try {
          page!.json()
        } catch {}
      }
    },
    { load: sharedIterations({ iterations: 3, vus: 1 }), abortWhen: false },
  )
  expect([...run.step('GET /a').errors]).toEqual([['body', 3]])
  expect([...run.step('page').errors]).toEqual([['body', 3]])
  expect(run.step('GET /b').errors.size).toBe(0)
  expect([...run.group('read').errors]).toEqual([['body', 3]])
  expect([...run.iterations.errors]).toEqual([['body', 3]])
})

test('a body that only a check cannot read is judged by the check', async () => {
  await using server = await pathServer({ '/a': response('ready') })
  const check = (page: HttpResponse) => {
    try {
      return page.json<boolean>()
    } catch {
      return page.text() === 'ready'
    }
  }
  const { run } = await runFlow(server, async ({ request }) => void (await request({ path: '/a', check })))
  expect(run.errorRate).toBe(0)
})

test.each([false, true, 'wrong total'])('a flow that returns %o ends the run with an error', async (value) => {
  const message = await errorOf(async ({ request }: Parameters<Flow<undefined>>[0]) => {
    await request({ path: '/a' })
    return value
  })
  expect(message)
    .toBe(`flow: the function returned ${value === 'wrong total' ? 'a string' : value}, which would be ignored: a flow returns nothing
Fix: assert on the response, expect(response.status).toBe(200), or set check of the request`)
})

test('a flow may return a response, as a function without a block does', async () => {
  await using server = await quick()
  const { run } = await runFlow(server, ({ request }) => request({ path: '/a' }))
  expect(run.iterations).toMatchObject({ completed: 1, errorRate: 0 })
})

test('a run is invalid if its flow never returns, also if it catches the end of the run', async () => {
  await using server = await quick()
  const load = constantVus({ vus: 2, duration: '100ms' })
  const looping: Flow<undefined> = async ({ request }) => {
    for (;;) await request({ path: '/a' })
  }
  const catching: Flow<undefined> = async ({ request, sleep }) => {
    for (;;) {
      try {
        await request({ path: '/a' })
        await sleep('5ms')
      } catch {}
    }
  }
  for (const flow of [looping, catching]) {
    const { run } = await runFlow(server, flow, { load, timeout: '100ms' })
    expect(run[evidenceOf]().invalidities).toContainEqual({
      reason: 'no-samples',
      finding: 'no iteration of the flow completed: 2 began, and none had ended when the run did',
      fix: 'end the flow after one iteration, which the load repeats; if iterations take that long, lengthen the load or raise timeout',
    })
  }
})

test('a run whose flow never returns is not invalid if the target is down', async () => {
  const server = await quick()
  await server[Symbol.asyncDispose]()
  const { run } = await runFlow(
    server,
    async ({ request, sleep }) => {
      for (;;) {
        await request({ path: '/a' }).catch(() => {})
        await sleep('5ms')
      }
    },
    { load: constantVus({ vus: 2, duration: '100ms' }), timeout: '100ms', abortWhen: false },
  )
  expect(run.errorRate).toBe(1)
  expect(run[evidenceOf]().invalidities).toEqual([])
})

test('expectStatus, check, tags and headers apply to each request', async () => {
  await using server = await pathServer({ '/a': response('', { status: '429 Slow Down' }) })
  const { run } = await runFlow(
    server,
    async ({ request }) => {
      await request({ path: '/a', expectStatus: 429, tag: 'limited', headers: { 'x-id': '5' } })
      await request({ path: '/a', check: ({ status }) => status === 429 })
    },
    { expectStatus: [200, 429] },
  )
  expect(run.errorRate).toBe(0)
  expect(run.tag('limited').offered).toBe(1)
  expect(server.requests[0]).toContain('x-id: 5')
})

test('the first request counts from the intended start, later ones from when the flow asks', async () => {
  await using server = await pathServer({ '/a': response(), '/b': response() }, 60)
  const { run } = await runFlow(
    server,
    async ({ request, sleep }) => {
      await request({ path: '/a' })
      await sleep('100ms')
      await request({ path: '/b' })
    },
    // 3 iterations are due at once for one VU: the second waits for the first, and so on.
    { load: constantArrivalRate({ rate: 30, vus: 1, duration: '100ms' }) },
  )
  const [a, b] = [run.step('GET /a'), run.step('GET /b')]
  if (a.state === 'empty' || b.state === 'empty') throw new Error('nothing measured')
  expect(a.latency.minMs).toBeLessThan(100)
  expect(run.offered).toBeGreaterThanOrEqual(2)
  expect(b.latency.maxMs).toBeLessThan(150)
})

test('a sleep before the first request moves its intended start', async () => {
  await using server = await quick()
  const { run } = await runFlow(server, async ({ request, sleep }) => {
    await sleep('150ms')
    await request({ path: '/a' })
  })
  if (run.state === 'empty') throw new Error('nothing measured')
  expect(run.latency.maxMs).toBeLessThan(100)
  expect(run.iterations.time!.minMs).toBeGreaterThanOrEqual(149)
})

test('request.all() sends requests at the same time, over connections that are kept', async () => {
  await using server = await scriptedServer({
    onRequest: (socket, head) => void setTimeout(() => socket.write(response(pathOf(head))), 50),
  })
  const found: string[][] = []
  const { run } = await runFlow(
    server,
    async ({ request }) => {
      const paths = Array.from({ length: 8 }, (_, at) => `/${at}`)
      const responses = await request.all(paths.map((path) => ({ name: 'item', path })))
      found.push(responses.map((each) => each.text()))
      expect(await request.all([])).toEqual([])
    },
    { load: sharedIterations({ iterations: 2, vus: 1 }) },
  )
  const expected = Array.from({ length: 8 }, (_, at) => `/${at}`)
  expect(found).toEqual([expected, expected])
  expect(run.connections).toMatchObject({ opened: 6, maxOpen: 6, openAtEnd: 6 })
  expect(run.step('item')).toMatchObject({ completed: 16, errorRate: 0 })
  // Six at a time: two of eight wait for a connection, which counts from the call.
  if (run.state === 'empty') throw new Error('nothing measured')
  expect(run.latency.maxMs).toBeGreaterThanOrEqual(100)
  expect(run.latency.maxMs).toBeGreaterThan(run.serviceTime.maxMs)
})

test('request.all() waits for all requests, and rejects with the first error in their order', async () => {
  await using server = await pathServer({ '/b': response() }, 20)
  let thrown: unknown
  const { run } = await runFlow(server, async ({ request }) => {
    await request.all([{ path: '/b' }, { path: '/x' }, { path: '/y' }]).catch((error: unknown) => (thrown = error))
    await request({ path: '/b' })
  })
  expect(thrown).toMatchObject({ kind: 'status', request: 'GET /x' })
  expect(run).toMatchObject({ offered: 4, completed: 4 })
  expect([...run.errors]).toEqual([['status', 2]])
})

test('groups take the time of their function, nested ones included, and return its result', async () => {
  await using server = await quick()
  const { run, results } = await runFlow(server, async ({ request, group, sleep }) => {
    const id = await group('checkout', async () => {
      const login = await request({ path: '/a' })
      await group('pay', async () => await sleep('40ms'))
      await sleep({ min: '40ms', max: '50ms' })
      return login.json().id as number
    })
    expect(id).toBe(7)
    await request({ path: '/b' })
  })
  expect(run.group('checkout').time!.minMs).toBeGreaterThanOrEqual(80)
  expect(run.group('pay').time!.minMs).toBeGreaterThanOrEqual(40)
  expect(run.group('pay').time!.maxMs).toBeLessThan(run.group('checkout').time!.minMs)
  expect(run.iterations.time!.minMs).toBeGreaterThanOrEqual(run.group('checkout').time!.minMs)
  expect(results[0]!.groups!.map(({ name, completed }) => [name, completed])).toEqual([
    ['checkout', 1],
    ['pay', 1],
  ])
  expect(() => run.step('GET /a').iterations).toThrow('select requests, not iterations or groups')
})

test('steps have iterations and groups, too', async () => {
  await using server = await pathServer({ '/a': response(), '/b': response(), '/c': response() }, 20)
  const { http } = engineFor(server.url)
  const run = await http.run({
    load: sharedIterations({ iterations: 3, vus: 3 }),
    steps: [
      { name: 'home', request: { path: '/a' } },
      { name: 'cart', request: { path: '/b' }, group: 'checkout', thinkTime: '50ms' },
      {
        name: 'pay',
        request: ({ vu }) => ({ path: vu.id === 2 ? '/x' : '/c' }),
        group: 'checkout',
        // The think time after the last step is not part of an iteration or group.
        thinkTime: '5s',
      },
    ],
  })
  expect(Math.max(run.iterations.time!.p50Ms, run.group('checkout').time!.p50Ms)).toBeLessThan(5_000)
  expect(run.group('checkout')).toMatchObject({ offered: 3, completed: 3 })
  expect([...run.group('checkout').errors]).toEqual([['status', 1]])
  expect([...run.iterations.errors]).toEqual([['status', 1]])
  const { minMs } = run.group('checkout').time!
  expect(minMs).toBeGreaterThanOrEqual(88)
  expect(run.iterations.time!.minMs).toBeGreaterThan(minMs)
})

test('the iterations of a single request are its requests', async () => {
  await using server = await quick()
  const { http } = engineFor(server.url)
  const run = await http.run({ load: sharedIterations({ iterations: 30, vus: 2 }), request: { path: '/a' } })
  if (run.state === 'empty') throw new Error('nothing measured')
  expect(run.iterations.time).toEqual(run.latency)
  expect(run.result().iterations).toBeUndefined()
})

test('records every operation with a key of its own, also in loops', async () => {
  await using server = await quick()
  const { run } = await runFlow(
    server,
    async ({ request }) => {
      for (let at = 0; at < 3; at++) await request({ method: 'POST', path: '/a', body: { at } })
    },
    { record: true, load: sharedIterations({ iterations: 2, vus: 1 }) },
  )
  const operations = [...run.history.operations()]
  expect(operations.map(({ key, outcome }) => `${key} ${outcome}`)).toEqual([
    ...['0-0-0 ok', '0-0-1 ok', '0-0-2 ok'],
    ...['0-1-0 ok', '0-1-1 ok', '0-1-2 ok'],
  ])
  expect(run.history.steps).toEqual(['POST /a'])
})

test('reads files and streams before they are sent', async () => {
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
  async function* slowly() {
    await sleep(20)
    yield ''
  }
  const { run } = await runFlow(server, async ({ request }) => {
    await request({ method: 'POST', path: '/', body: slowly() })
    await request({ method: 'POST', path: '/', body: new Blob([]) })
  })
  expect(run).toMatchObject({ completed: 2, errorRate: 0 })
})

test('dropped iterations count as dropped requests and as dropped iterations', async () => {
  await using server = await pathServer({ '/a': response(), '/b': response() }, 100)
  const { run } = await runFlow(
    server,
    async ({ request }) => {
      await request({ path: '/a' })
      await request({ path: '/b' })
    },
    { load: constantArrivalRate({ rate: 50, vus: 1, duration: '600ms' }), maxQueueTime: '10ms' },
  )
  expect(run.dropped).toBeGreaterThan(10)
  expect(run.step('GET /a')).toMatchObject({ offered: 30, dropped: run.dropped })
  expect(run.step('GET /b').dropped).toBe(0)
  expect(run.iterations).toMatchObject({ offered: 30, dropped: run.dropped })
  expect(run.iterations.errorRate).toBeGreaterThan(0.3)
})

test('all requests, groups and iterations that began in the warm-up are counted there', async () => {
  await using server = await pathServer({ '/a': response(), '/b': response() }, 15)
  const { run } = await runFlow(
    server,
    async ({ request, group }) => {
      await request({ path: '/a' })
      await group('end', async () => void (await request({ path: '/b' })))
    },
    { load: sharedIterations({ iterations: 30, vus: 6 }), warmup: '100ms' },
  )
  expect([run.iterations.offered, run.step('GET /a').offered, run.step('GET /b').offered]).toEqual([30, 30, 30])
  expect(run.group('end').offered).toBe(30)
  expect(run.iterations.phase('warmup').offered).toBe(run.phase('warmup').step('GET /a').offered)
})

test('iterations end with the load after the grace time, and sleeping ones count as unfinished', async () => {
  await using server = await quick()
  const errors: unknown[] = []
  const startMs = performance.now()
  const { run } = await runFlow(
    server,
    async ({ request, group, sleep }) => {
      await request({ path: '/a' })
      await group('wait', async () => {
        try {
          await sleep('1h')
        } catch (error) {
          errors.push(error)
          throw error
        }
      })
      await request({ path: '/b' })
    },
    { load: constantVus({ vus: 2, duration: '300ms' }), timeout: '200ms' },
  )
  expect(performance.now() - startMs).toBeLessThan(5_000)
  expect(errors).toEqual([expect.any(RunEndedError), expect.any(RunEndedError)])
  expect(run).toMatchObject({ offered: 2, completed: 2, errorRate: 0 })
  expect(run.iterations).toMatchObject({ offered: 2, completed: 0, unfinished: 2, errorRate: 1 })
  expect(run.group('wait')).toMatchObject({ offered: 2, completed: 0, unfinished: 2 })
})

test('an abort ends sleeps and requests, also of flows that catch every error in a loop', async () => {
  await using server = await scriptedServer({
    onRequest: (socket, head) => void (pathOf(head) === '/a' && socket.write(response())),
  })
  const abort = new AbortController()
  const { http, results } = engineFor(server.url, { signal: abort.signal })
  let caught = 0
  const reached = new Set<number>()
  const unhandled: unknown[] = []
  const onUnhandled = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', onUnhandled)
  const pending = http.run({
    load: constantVus({ vus: 3, duration: '1m' }),
    timeout: '1m',
    flow: async ({ request, sleep, vu }) => {
      await request({ path: '/a' })
      reached.add(vu.id)
      if (reached.size === 3) setImmediate(() => abort.abort('interrupted'))
      if (vu.id === 0) await sleep('1h')
      else if (vu.id === 1) await request({ path: '/never' })
      else
        for (;;) {
          try {
            await sleep('1h')
            await request({ path: '/a' })
          } catch {
            caught++
          }
        }
    },
  })
  const run = await pending
  await sleep(20)
  process.off('unhandledRejection', onUnhandled)
  expect(unhandled).toEqual([])
  expect(run.aborted).toBe('interrupted')
  expect(results).toHaveLength(1)
  expect(caught).toBeGreaterThan(0)
  expect(caught).toBeLessThan(200)
  expect(run.iterations.unfinished).toBe(3)
})

const forgotten = (what: string) => `flow: an iteration ended before ${what} had
Fix: await every request(), group() and sleep(), and every function that calls them`
test.each<[string, Flow<undefined>, string]>([
  ['a request', async ({ request }) => void request({ path: '/a' }), forgotten('the request GET /a')],
  [
    'a sleep',
    async ({ request, sleep }) => {
      await request({ path: '/a' })
      void sleep('1ms')
      await request({ path: '/b' })
    },
    forgotten('sleep()'),
  ],
  [
    'a group',
    async ({ request, group }) => {
      await request({ path: '/a' })
      void group('x', async () => {})
      await request({ path: '/b' })
    },
    forgotten('group()'),
  ],
])('a forgotten await of %s ends the run with an error', async (_, flow, message) => {
  expect(await errorOf(flow)).toBe(message)
})

test('a second request while one is in flight ends the run with an error', async () => {
  expect(
    await errorOf(({ request }: Parameters<Flow<undefined>>[0]) =>
      Promise.all([request({ path: '/a' }), request({ path: '/b' })]),
    ),
  ).toMatchInlineSnapshot(`
      "flow: request() was called while GET /a was in flight: a VU sends one request after another
      Fix: await each request(), or send several at the same time by request.all([…])"
    `)
})

test('a request after the end of the iteration ends the run with an error', async () => {
  const later: (() => Promise<unknown>)[] = []
  const flow: Flow<undefined> = async ({ request, iteration }) => {
    if (iteration === 1) await later[0]!().catch(() => {})
    later.push(() => request({ path: '/b' }))
    await request({ path: '/a' })
  }
  expect(await errorOf(flow, sharedIterations({ iterations: 3, vus: 1 }))).toMatchInlineSnapshot(`
    "flow: request() was called after the iteration had ended
    Fix: await every request(), group() and sleep(), and every function that calls them"
  `)
})

test.each<[string, unknown]>([
  ['sends no request', async () => {}],
  ['is not async and returns nothing', () => {}],
])('a flow that %s ends the run with an error', async (_, flow) => {
  expect(await errorOf(flow)).toBe(
    'flow: an iteration sent no request, so nothing was measured\nFix: send at least one request in each iteration: await request({ path: … })',
  )
})

test('an exception of the flow itself is the error of the run, also after an error of the target', async () => {
  const broken: Flow<undefined> = async ({ request }) => {
    await request({ path: '/missing' }).catch(() => {})
    throw new TypeError('a mistake')
  }
  expect(await errorOf(broken)).toBe('a mistake')
  expect(
    await errorOf(() => {
      throw new Error('at once')
    }),
  ).toBe('at once')
})

test('an assertion before any request is the error of the run', async () => {
  expect(await errorOf(async () => expect(1).toBe(2))).toContain('expected 1 to be 2')
})

test('an invalid request ends the run with every mistake', async () => {
  const flow = async ({ request }: Parameters<Flow<undefined>>[0]) => {
    await request({ path: 'a', method: 'get', nam: 'x' } as never)
  }
  expect(await errorOf(flow)).toMatchInlineSnapshot(`
    "flow received 3 invalid options:

      request().nam: unknown option; did you mean name? Valid options: path, method, headers, body, expectStatus, check, softChecks, redirects, host, tag, name
        Received: 'x'
        Fix:      write name: 'x'
      request().path: must begin with '/' and be percent-encoded: '/api/search?query=' + encodeURIComponent(text), received "a"
        Received: 'a'
        Fix:      write, for example, path: '/api/me'
      request().method: must be uppercase, received "get"
        Received: 'get'
        Fix:      write, for example, method: 'GET'"
  `)
  const all = async ({ request }: Parameters<Flow<undefined>>[0]) => {
    await request.all([{ path: '/a' }, { path: '/a', name: '' }])
  }
  expect(await errorOf(all)).toMatchInlineSnapshot(`
    "flow received an invalid option:

      request.all()[1].name: must be a string
        Received: ''
        Fix:      write, for example, name: 'order'"
  `)
})

test('invalid sleeps and groups end the run with an error', async () => {
  expect(await errorOf(async ({ sleep }: Parameters<Flow<undefined>>[0]) => sleep('soon' as never)))
    .toMatchInlineSnapshot(`
    "sleep() received an invalid option:

      duration: must be a duration ('2m', '1.5s', '500ms', or a number of milliseconds), or { min, max }
        Received: 'soon'
        Fix:      write, for example, sleep('200ms')"
  `)
  expect(
    await errorOf(async ({ group }: Parameters<Flow<undefined>>[0]) => group('', async () => {})),
  ).toMatchInlineSnapshot(`"group(): the name must be a non-empty string, as in group('checkout', async () => { … })"`)
})

test('more than 100 names of requests or groups end the run with an error', async () => {
  const load = sharedIterations({ iterations: 200, vus: 1 })
  const names: Flow<undefined> = async ({ request, iteration }) =>
    void (await request({ path: `/a?x=1`, name: `order ${iteration}` }))
  expect(await errorOf(names, load)).toMatchInlineSnapshot(`
    "request(): more than 100 different names, the last one "order 100"; without a name, requests are counted by method and path
    Fix: name requests whose path contains an id: request({ name: 'order', path: … })"
  `)
  const groups: Flow<undefined> = async ({ request, group, iteration }) => {
    await group(`order ${iteration}`, async () => void (await request({ path: '/a' })))
  }
  expect(await errorOf(groups, load)).toMatchInlineSnapshot(
    `"group: more than 100 different names; a name is that of a part of an iteration, not of one iteration"`,
  )
})

test('expect.soft works like expect in a flow', async () => {
  await using server = await quick()
  const { run } = await runFlow(server, async ({ request }) => {
    const { status } = await request({ path: '/a' })
    expect.soft(status).toBe(200)
  })
  expect(run.errorRate).toBe(0)
})
