import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { startServer, type TruthServer } from '../../../fixtures/truth-websocket/start.ts'
import { evidenceOf } from '../../evidence/evidence.ts'
import { createMetricFactory } from '../../execution/custom-metrics/metric.ts'
import { constantArrivalRate, constantVus, rampingVus, sharedIterations } from '../../load/builders.ts'
import { rows } from '../../load/data.ts'
import { descriptorLimit } from '../../machine/descriptors.ts'
import type { RunResult } from '../../results/result.ts'
import type { RunSnapshot } from '../../results/snapshot.ts'
import { socketIo } from '../protocols/socket-io.ts'
import { createWebSocket, type WebSocketLoad } from '../websocket.ts'
import type { ConversationOptions, ConversationStep } from './conversation-options.ts'

interface Response {
  readonly re?: number
  readonly error?: string
  readonly ids?: readonly number[]
}

/** No limits, so that other work on the machine does not decide these tests. */
const UNLIMITED = { scheduleDelayP99Ms: 60_000, eventLoopDelayP99Ms: 60_000, serviceTimeRatio: 1, busyUtilization: 2 }

type Load = WebSocketLoad & { readonly results: RunResult[]; readonly snapshots: RunSnapshot[] }

function load(url: string, signal = new AbortController().signal): Load {
  const results: RunResult[] = []
  const snapshots: RunSnapshot[] = []
  const ws = createWebSocket({
    baseUrl: url,
    signal,
    scale: { name: 'full', users: 1, time: 1 },
    seed: 1,
    limits: UNLIMITED,
    onRun: (result) => void results.push(result),
    onSnapshot: (snapshot) => void snapshots.push(snapshot),
  })
  return { ...ws, results, snapshots }
}

async function start(): Promise<TruthServer> {
  const server = await startServer('responding')
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

let lastId = 0

/** A step that takes the given time at the server. */
function ask(more: Record<string, unknown> = {}): ConversationStep<unknown> {
  return {
    send: () => ({ id: ++lastId, ...more }),
    isResponse: (message, { sent }) => message.json<Response>().re === (sent as { id: number }).id,
    check: (message) => message.json<Response>().error ?? true,
  }
}

const options = (more: Partial<ConversationOptions<unknown>> = {}): ConversationOptions<unknown> => ({
  path: '/',
  load: sharedIterations({ iterations: 40, vus: 4 }),
  steps: ask(),
  abortWhen: false,
  ...more,
})

describe('with a server whose response times are known', () => {
  test('sends as many requests as the load requires, and measures the time of each response', async () => {
    const server = await start()
    const ws = load(server.url)
    const run = await ws.run(
      options({
        load: constantArrivalRate({ rate: 50, vus: 20, duration: '2s' }),
        steps: ask({ afterMs: 30 }),
      }),
    )
    expect(run).toMatchObject({ kind: 'conversation', state: 'measured', offered: 100, sent: 100, completed: 100 })
    expect(run.errors.size).toBe(0)
    expect(run.state === 'measured' && run.latency.minMs).toBeGreaterThanOrEqual(29)
    expect(run.connections).toMatchObject({ opened: 20, refused: 0, closedIdle: 0, maxOpen: 20 })
    expect(await server.truth()).toMatchObject({ connections: 20, asks: 100 })
    const evidence = run[evidenceOf]()
    expect(evidence).toMatchObject({ kind: 'conversation', quantity: 'latency', offered: 100, offeredRatePerSec: 50 })
    expect(evidence.histogram.count).toBe(100)
    expect(ws.results).toMatchObject([
      { kind: 'conversation', name: 'conversation 1', completed: 100, state: 'completed' },
    ])
    expect(ws.snapshots.at(-1)).toMatchObject({ kind: 'conversation', state: 'ended', counts: { completed: 100 } })
  })

  test('counts latency from the instant at which a message was due, not from the one at which a VU was free', async () => {
    const server = await start()
    const run = await load(server.url).run(
      options({
        load: constantArrivalRate({ rate: 20, vus: 1, duration: '1s' }),
        steps: ask({ afterMs: 100 }),
      }),
    )
    // Twenty are due in a second in which one VU can send ten: the last of those sent waited for half a second.
    expect(run.sent + run.dropped).toBe(20)
    expect(run.state === 'measured' && run.latency.maxMs - run.serviceTime.maxMs).toBeGreaterThan(250)
  })

  test('drops an iteration that waited longer than maxQueueTime', async () => {
    const server = await start()
    const run = await load(server.url).run(
      options({
        load: constantArrivalRate({ rate: 40, vus: 1, duration: '500ms' }),
        steps: ask({ afterMs: 100 }),
        maxQueueTime: 0,
      }),
    )
    expect(run).toMatchObject({ offered: 20, dropped: 20 - run.sent })
    // While one is in flight, others become due, and none of them is sent.
    expect(run.sent).toBeLessThanOrEqual(10)
  })

  test('assigns a row to each iteration, and none to a VU before its first one', async () => {
    const server = await start()
    const list = Array.from({ length: 12 }, (_, n) => ({ n }))
    const seen: number[] = []
    const options: ConversationOptions<{ n: number }> = {
      path: '/',
      load: sharedIterations({ iterations: 12, vus: 3 }),
      data: rows(list, { assignment: 'per-iteration', unique: true }),
      steps: {
        send: ({ vu }) => ({ id: vu.data.n }),
        isResponse: (message, { vu }) => message.json<Response>().re === vu.data.n,
        check: (_, { vu, iterationInTest }) => seen.push(vu.data.n) > 0 && vu.data.n === iterationInTest,
      },
    }
    expect(await load(server.url).run(options)).toMatchObject({ completed: 12, errorRate: 0 })
    expect(seen.toSorted((a, b) => a - b)).toEqual(list.map(({ n }) => n))
    const early = load(server.url).run({ ...options, onOpen: (vu) => ({ login: vu.data.n }) })
    await expect(early).rejects.toThrow('vu.data was read before the first iteration of the VU')
  })

  test('gives each VU its own data, onOpen message, headers and variables', async () => {
    const server = await start()
    const seen: unknown[] = []
    const run = await load(server.url).run<{ name: string }>({
      path: '/',
      load: sharedIterations({ iterations: 6, vus: 3 }),
      data: [{ name: 'ann' }, { name: 'bob' }, { name: 'cid' }],
      onOpen: ({ data }) => ({ login: data.name }),
      isReady: (message, vu) => message.json<{ welcome?: string }>().welcome === vu.data.name,
      steps: [
        {
          name: 'ask',
          send: ({ vu, iteration }) => ({ id: vu.id * 100 + iteration }),
          isResponse: (message, { vu, iteration }) => message.json<Response>().re === vu.id * 100 + iteration,
          check(message, { vu }) {
            vu.vars['last'] = message.json<Response>().re
            return true
          },
        },
        {
          name: 'log',
          send: { id: -1, do: 'log' },
          isResponse: (message) => message.json<Response>().re === -1,
          check(message, { vu }) {
            const { ids } = message.json<Response>()
            seen.push(vu.vars['last'])
            return (
              ids!.includes(vu.vars['last'] as number) &&
              ids!.every((id) => id === -1 || Math.floor(id / 100) === vu.id)
            )
          },
        },
      ],
    })
    expect(run).toMatchObject({ offered: 12, completed: 12, errorRate: 0 })
    expect(run.step('log').completed).toBe(6)
    expect(seen).toHaveLength(6)
    expect((await server.truth<{ logins: string[] }>()).logins.toSorted()).toEqual(['ann', 'bob', 'cid'])
  })

  test('accepts the first message, here a binary one, as the response without isResponse', async () => {
    const server = await start()
    const run = await load(server.url).run(
      options({
        steps: {
          send: Uint8Array.of(1, 2, 3),
          check: ({ data, isBinary }) => isBinary && data.equals(Buffer.from([3, 2, 1])),
        },
      }),
    )
    expect(run).toMatchObject({ completed: 40, errorRate: 0 })
  })

  test('holds its connections in several processes', async () => {
    const server = await start()
    const run = await load(server.url).run(options({ processes: 2 }))
    expect(run).toMatchObject({ completed: 40, errorRate: 0, connections: { opened: 4 }, warnings: [] })
    expect(run.generator.descriptorLimit).toBe(2 * descriptorLimit())
  })

  test('counts all steps of an iteration that began in the warm-up as warm-up', async () => {
    const server = await start()
    const run = await load(server.url).run(
      options({
        load: sharedIterations({ iterations: 30, vus: 6 }),
        warmup: '100ms',
        steps: [
          { name: 'first', ...ask({ afterMs: 15 }) },
          { name: 'second', ...ask({ afterMs: 15 }) },
        ],
      }),
    )
    expect(['first', 'second'].map((name) => run.step(name).offered)).toEqual([30, 30])
  })

  test('does not count the warm-up', async () => {
    const server = await start()
    const run = await load(server.url).run(
      options({ load: constantArrivalRate({ rate: 40, vus: 5, duration: '500ms' }), warmup: '500ms' }),
    )
    expect(run.offered).toBe(20)
    expect(await server.truth()).toMatchObject({ asks: 40 })
  })
})

describe('errors of ws.run()', () => {
  test.each([
    ['nothing', { timeout: 1 }, 'timeout'],
    ['garbage', { body: 1 }, 'check threw SyntaxError'],
    ['refuse', { body: 1 }, 'check: no'],
    ['close', { reset: 1 }, 'closed with code 1011 (server error): overloaded'],
  ])('counts %s as an error of its kind', async (what, errors, detail) => {
    const server = await start()
    let sent = 0
    const { send: _, ...step } = ask()
    const conversation: ConversationStep<unknown> = {
      ...step,
      send: () => ({ id: ++lastId, ...(sent++ === 2 ? { do: what } : {}) }),
    }
    const run = await load(server.url).run(
      options({ load: sharedIterations({ iterations: 6, vus: 1 }), steps: conversation, timeout: 300 }),
    )
    expect(Object.fromEntries(run.errors)).toEqual(errors)
    expect(run).toMatchObject({ offered: 6, completed: 6 })
    expect(run[evidenceOf]().evidenceLines.join('\n')).toContain(`(1 × ${detail})`)
  })

  test.each<[string, Partial<ConversationStep<unknown>>, string]>([
    [
      'a promise as its check',
      { check: (async () => false) as never },
      'check: the function must return true, false, a text or nothing, it returned a Promise',
    ],
    [
      'a check that throws',
      {
        check: () => {
          throw new TypeError('no such part')
        },
      },
      'no such part',
    ],
    [
      'a promise as its response',
      { isResponse: (async () => true) as never },
      'isResponse: the function must return true or false, it returned a Promise',
    ],
    [
      'a response that throws',
      {
        isResponse: () => {
          throw new TypeError('no such part')
        },
      },
      'no such part',
    ],
  ])('ends the run with an error of the scenario for %s', async (_, wrong, words) => {
    const server = await start()
    const run = load(server.url).run(options({ steps: { ...ask(), ...wrong } }))
    await expect(run).rejects.toThrow(words)
  })

  test('names isResponse in the hint if it rejects every message until the time-out', async () => {
    const server = await start()
    const run = await load(server.url).run(
      options({
        load: sharedIterations({ iterations: 2, vus: 1 }),
        timeout: 200,
        steps: { ...ask(), isResponse: () => false },
      }),
    )
    expect(Object.fromEntries(run.errors)).toEqual({ timeout: 2 })
    // Each received other messages besides the response.
    expect(run[evidenceOf]().hint).toBe(
      '2 requests timed out while 4 messages arrived that did not count as the response: check isResponse and the messages of the target',
    )
  })

  test.each([
    [1, []],
    [
      4,
      [
        {
          reason: 'undecided',
          finding: expect.stringMatching(
            /^\d+ messages arrived beyond the first after each request, more than requests/,
          ),
        },
      ],
    ],
  ])(
    'judges a run without isResponse in which each response is followed by up to %i messages',
    async (messages, invalidities) => {
      const http = createServer()
      new WebSocketServer({ server: http }).on('connection', (socket) => {
        socket.send('hello')
        socket.on('message', () => {
          for (let nth = 0; nth < messages; nth++) socket.send(`tick ${nth}`)
        })
      })
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
      onTestFinished(() => void http.close())
      const run = await load(`http://127.0.0.1:${(http.address() as AddressInfo).port}`).run(
        options({
          load: sharedIterations({ iterations: 10, vus: 1 }),
          steps: { send: 'say', thinkTime: 20 },
        }),
      )
      expect(run).toMatchObject({ completed: 10, errorRate: 0 })
      expect(run[evidenceOf]().invalidities).toMatchObject(invalidities)
    },
  )

  test('does not count a response after its time-out for a later step if isResponse checks only the type', async () => {
    const http = createServer()
    new WebSocketServer({ server: http }).on('connection', (socket) => {
      socket.on('message', (data: Buffer) => void setTimeout(() => socket.send(`re ${data.toString()}`), 300))
    })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void http.close())
    const run = await load(`http://127.0.0.1:${(http.address() as AddressInfo).port}`).run(
      options({
        load: sharedIterations({ iterations: 4, vus: 1 }),
        timeout: 200,
        steps: { send: 'say', isResponse: (message) => message.toString().startsWith('re') },
      }),
    )
    expect(Object.fromEntries(run.errors)).toEqual({ timeout: 4 })
    expect(run.connections.opened).toBe(4)
  })

  test('counts heartbeats, and those without a response', async () => {
    const server = await start()
    const ws = load(server.url)
    const run = await ws.run(
      options({
        load: constantArrivalRate({ rate: 10, vus: 1, duration: '1s' }),
        heartbeat: { every: 200, message: () => ({ id: -1 }), response: () => false },
      }),
    )
    expect(run.heartbeats!.sent).toBeGreaterThan(1)
    expect(run.heartbeats!.withoutResponse).toBeGreaterThan(0)
    expect(ws.results).toMatchObject([{ heartbeats: run.heartbeats }])
    expect(run[evidenceOf]().evidenceLines.at(-1)).toMatch(/^\d+ of \d+ application heartbeats got no response$/)
    expect((await ws.run(options())).heartbeats).toBeUndefined()
    expect(ws.results[1]).not.toHaveProperty('heartbeats')
  })

  /** A server that responds to every message, and once sends another message with the response. */
  async function pushing(at: number, when: 'before' | 'after'): Promise<string> {
    const http = createServer()
    new WebSocketServer({ server: http }).on('connection', (socket, request) => {
      let nth = 0
      socket.on('message', (data: Buffer) => {
        const isPushed = ++nth === at
        const respond = () => socket.send(`re ${data.toString()}`)
        if (when === 'before') {
          if (isPushed) socket.send('push')
          setTimeout(respond, 40)
          return
        }
        // Both in one segment, so that the next message of the client cannot arrive between them.
        request.socket.cork()
        respond()
        if (isPushed) socket.send('push')
        request.socket.uncork()
      })
    })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void http.close())
    return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  }

  const says = (url: string, iterations: number, more: Partial<ConversationStep<unknown>>) =>
    load(url).run(
      options({
        load: sharedIterations({ iterations, vus: 1 }),
        steps: { send: ({ iteration }) => `say ${iteration}`, ...more },
      }),
    )

  test.each([
    ['a step follows at once', 0],
    ['it pauses', 30],
  ])('is invalid without isResponse if a push came while a response was awaited, and %s', async (_, thinkTime) => {
    // An odd number, so that the surplus response arrives 40 ms after the last step.
    const blind = await says(await pushing(5, 'before'), 21, { thinkTime })
    expect(blind).toMatchObject({ completed: 21, errorRate: 0 })
    expect(blind[evidenceOf]().invalidities).toMatchObject([
      {
        reason: 'undecided',
        finding: expect.stringMatching(
          /^the target also sends messages by itself, 1 beyond the first .*: \d+ of 21 responses \([\d.]+%\) may be such messages, limit 1%$/,
        ),
      },
    ])
    const isResponse: ConversationStep<unknown>['isResponse'] = (message, { iteration }) =>
      message.toString() === `re say ${iteration}`
    const seeing = await says(await pushing(5, 'before'), 21, { thinkTime, isResponse })
    expect(seeing[evidenceOf]().invalidities).toEqual([])
    expect(seeing.connections).not.toHaveProperty('firstMessages')
  })

  test('is invalid, too, if the process is blocked until the time in which the last response may arrive is over', async () => {
    const block = () => {
      const untilMs = performance.now() + 600
      while (performance.now() < untilMs);
    }
    const check: ConversationStep<unknown>['check'] = (_, { iteration }) => {
      if (iteration === 20) setTimeout(block, 10)
    }
    const blind = await says(await pushing(5, 'before'), 21, { check })
    expect(blind[evidenceOf]().invalidities).toMatchObject([
      { reason: 'undecided', finding: expect.stringMatching(/^the target also sends messages by itself, 1 beyond/) },
    ])
  })

  test('warns without isResponse if at most 1% of the responses may be a push', async () => {
    const run = await says(await pushing(1, 'after'), 150, { thinkTime: 1 })
    expect(run[evidenceOf]().invalidities).toEqual([])
    expect(run.connections.firstMessages).toEqual({ taken: 150, surplus: 1, doubtful: 1 })
    expect(run.warnings).toEqual([
      'the target also sends messages by itself, 1 beyond the first after each request, which counts as the response ' +
        'without isResponse: 1 of 150 responses (0.67%) may be such messages: give isResponse',
    ])
  })

  test('passes a check that returns nothing, and fails one whose expect failed', async () => {
    const server = await start()
    const check = ({ re }: Response) => expect(re! % 2).toBe(0)
    const run = await load(server.url).run(
      options({
        load: sharedIterations({ iterations: 4, vus: 1 }),
        steps: { ...ask(), check: (message) => check(message.json<Response>()) },
      }),
    )
    expect(Object.fromEntries(run.errors)).toEqual({ body: 2 })
    expect(run[evidenceOf]().evidenceLines.join('\n')).toContain('check: expected 1 to be +0')
  })

  test('records custom metrics, and makes soft checks that do not fail the step', async () => {
    const server = await start()
    const metric = createMetricFactory()
    const [size, sent] = [metric.trend('size', { unit: 'B' }), metric.counter('sent')]
    const [step] = [ask()].flat()
    const run = await load(server.url).run(
      options({
        load: sharedIterations({ iterations: 20, vus: 1 }),
        steps: {
          ...step!,
          send: (context) => {
            sent.add()
            return typeof step!.send === 'function' ? step!.send(context) : step!.send
          },
          check: (message) => {
            size.add(message.toString().length)
          },
          softChecks: {
            'has a number': (message) => typeof message.json<Response>().re === 'number',
            'is of the first iteration': (_, { iteration }) => iteration === 0 || 'a later one',
            'is text': (message) => {
              JSON.parse(`${message.toString()}]`)
            },
          },
        },
      }),
    )
    expect(run.errorRate).toBe(0)
    expect(run.metric(sent).figures?.total).toBe(20)
    expect(run.metric(size)).toMatchObject({ count: 20 })
    expect(run.softCheck('has a number').figures?.rate).toBe(1)
    expect(run.softCheck('is of the first iteration').figures).toEqual({
      hits: 1,
      rate: 0.05,
      reasons: new Map([['check: a later one', 19]]),
    })
    expect(run.softCheck('is text').figures?.reasons).toEqual(new Map([['check threw SyntaxError', 20]]))
  })

  test('fails the soft checks of steps without a response', async () => {
    const server = await start()
    const [step] = [ask()].flat()
    const run = await load(server.url).run(
      options({
        load: sharedIterations({ iterations: 2, vus: 1 }),
        timeout: '50ms',
        steps: { ...step!, isResponse: () => false, softChecks: { 'is a response': () => true } },
      }),
    )
    expect(run.softCheck('is a response').figures).toMatchObject({ hits: 0, reasons: new Map([['timeout', 2]]) })
  })

  test('does not mistake a late response for the next one, even if both are equal', async () => {
    const server = await start()
    let sent = 0
    const run = await load(server.url).run(
      options({
        load: sharedIterations({ iterations: 3, vus: 1 }),
        timeout: 200,
        steps: {
          // Other messages are sent immediately, but to a login only the response.
          send: () => ({ login: `user ${++sent}`, afterMs: sent === 1 ? 300 : 0 }),
          check: (message) => message.json<{ welcome: string }>().welcome === `user ${sent}`,
        },
      }),
    )
    expect(Object.fromEntries(run.errors)).toEqual({ timeout: 1 })
    expect(run.connections.opened).toBe(2)
  })

  test.each([
    ['without think time', constantVus({ vus: 20, duration: '900ms' })],
    ['with think time', constantVus({ vus: 20, duration: '900ms', thinkTime: { min: 5, max: 60 } })],
    ['with a backlog', constantArrivalRate({ rate: 200, vus: 15, duration: '900ms' })],
  ])('counts a response after 160 ms as a time-out of 100 ms %s', async (_, shape) => {
    const server = await start()
    const run = await load(server.url).run(options({ load: shape, steps: ask({ afterMs: 160 }), timeout: '100ms' }))
    expect(Object.fromEntries(run.errors)).toEqual({ timeout: run.sent })
    expect(run.sent).toBeGreaterThan(50)
  })

  test('counts connect errors if the target is not running', async () => {
    const server = await startServer('responding')
    await server[Symbol.asyncDispose]()
    const run = await load(server.url).run(options({ load: constantVus({ vus: 2, duration: '500ms' }) }))
    expect([...run.errors.keys()]).toEqual(['connect'])
    expect(run[evidenceOf]().hint).toContain(`could not connect to ${server.url.replace('http', 'ws')} (ECONNREFUSED)`)
  })

  test('counts connect errors if nothing acknowledges onOpen', async () => {
    const server = await start()
    const run = await load(server.url).run(
      options({
        load: sharedIterations({ iterations: 2, vus: 2 }),
        onOpen: () => ({ login: 'nobody' }),
        isReady: () => false,
        readyTimeout: 200,
      }),
    )
    expect(Object.fromEntries(run.errors)).toEqual({ connect: 2 })
    expect(run[evidenceOf]().evidenceLines.join('\n')).toContain('2 × not acknowledged')
  })

  test('reopens a connection that was closed between two steps, and counts it', async () => {
    const server = await start()
    const run = await load(server.url).run(
      options({
        load: constantArrivalRate({ rate: 2, vus: 1, duration: '2s' }),
        // Closes after its response, when no step is waiting.
        steps: [
          ask(),
          {
            name: 'hang up',
            send: { id: -1, do: 'close', afterMs: 20 },
            isResponse: (message) => 'chatter' in message.json<object>(),
          },
        ],
      }),
    )
    expect(run.connections.closedIdle).toBeGreaterThanOrEqual(1)
    expect(run.connections.opened).toBeGreaterThanOrEqual(2)
    expect(run.statuses.size + (run.errors.get('connect') ?? 0)).toBe(0)
  })
})

describe('mistakes of a scenario', () => {
  const broken = () => {
    throw new RangeError('broken')
  }

  test.each<[string, Partial<ConversationOptions<unknown>>]>([
    ['send', { steps: { send: broken } }],
    ['onOpen', { onOpen: broken }],
    ['isReady', { onOpen: () => ({ login: 'x' }), isReady: broken }],
    ['headers', { headers: broken }],
  ])('end the run immediately with the error of the scenario: %s', async (_, more) => {
    const server = await start()
    const ws = load(server.url)
    await expect(ws.run(options({ load: constantVus({ vus: 3, duration: '60s' }), ...more }))).rejects.toThrow('broken')
    expect(ws.results).toMatchObject([{ state: 'aborted', abortReason: 'the scenario failed: broken' }])
  })

  test('in options are all named in one error, before any socket is opened', async () => {
    const wrong = {
      path: '/',
      load: { kind: 'many' },
      steps: [{ send: 5 }, { send: 'x', anser: broken }, {}],
      data: [],
      onOpen: 'hello',
      timeout: -1,
    } as unknown as ConversationOptions
    const message = await load('http://127.0.0.1:1').run(wrong).catch(String)
    expect(message).toContain('ws.run() received 7 invalid options')
    for (const path of ['load', 'data', 'onOpen', 'timeout', 'steps[0].send', 'steps[1].anser', 'steps[2].send'])
      expect(message).toContain(`\n  ${path}: `)
  })

  test.each([
    ['constantVus', constantVus({ vus: 1, duration: '1s' })],
    ['rampingVus', rampingVus({ stages: [{ duration: '1s', target: 1 }] })],
    ['sharedIterations', sharedIterations({ iterations: 1, vus: 1 })],
  ])('in options include a maxQueueTime with %s(), where it has no effect', async (name, closed) => {
    const message = await load('http://127.0.0.1:1')
      .run(options({ load: closed, maxQueueTime: '5s' }))
      .catch(String)
    expect(message).toBe(`OptionsError: ws.run() received an invalid option:

  maxQueueTime: must be left out with ${name}(), whose iterations never wait for a VU
    Received: '5s'
    Fix:      write, for example, load: constantArrivalRate({ rate: 50, vus: 100, duration: '2m' })`)
  })
})

test('stops immediately on an abort, and keeps its measurements', async () => {
  const server = await start()
  const stop = new AbortController()
  let sent = 0
  const { send: _, ...step } = ask()
  const run = await load(server.url, stop.signal).run(
    options({
      load: constantVus({ vus: 2, duration: '60s' }),
      steps: {
        ...step,
        send() {
          if (++sent === 20) stop.abort(new Error('enough'))
          return { id: ++lastId }
        },
      },
    }),
  )
  expect(run).toMatchObject({ state: 'measured', aborted: 'enough' })
  expect(run.durationMs).toBeLessThan(30_000)
  expect(run[evidenceOf]().invalidities.map(({ reason }) => reason)).toEqual(['aborted'])
})

test('runs a step whose response is an acknowledgement of Socket.IO', async () => {
  const server = await startServer('socket-io')
  onTestFinished(() => server[Symbol.asyncDispose]())
  const run = await load(server.url).run({
    path: '/socket.io/',
    framing: socketIo({ namespace: '/rooms', auth: { user: 'user x' } }),
    load: sharedIterations({ iterations: 20, vus: 2 }),
    steps: {
      send: ({ vu, iteration }) => JSON.stringify(['join', `${vu.id}/${iteration}`]),
      isResponse: (message) => message.json<[string]>()[0] === 'joined',
      check: (message, { vu, iteration }) => message.json<[string, string]>()[1] === `${vu.id}/${iteration}`,
    },
  })
  expect(run).toMatchObject({ completed: 20, errorRate: 0 })
})
