import { execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { faultCount } from '../../../fixtures/truth-websocket/fault-plan.ts'
import { startServer, type TruthServer } from '../../../fixtures/truth-websocket/start.ts'
import { evidenceOf } from '../../evidence/evidence.ts'
import type { GeneratorLimits } from '../../execution/generator-limits.ts'
import type { RunResult } from '../../results/result.ts'
import type { RunSnapshot } from '../../results/snapshot.ts'
import type { FanOutRun } from '../../runs/fan-out-run.ts'
import { createWebSocket, type WebSocketLoad } from '../websocket.ts'
import type { FanOutOptions, PublishOptions } from './fan-out-options.ts'
import '../../matchers/register.ts'

const FULL = { name: 'full', users: 1, time: 1 }
/** No limits, so that other work on the machine does not decide these tests. */
const UNLIMITED = { scheduleDelayP99Ms: 60_000, eventLoopDelayP99Ms: 60_000, busyUtilization: 2 }

function load(
  server: TruthServer,
  signal = new AbortController().signal,
  limits: Partial<GeneratorLimits> = UNLIMITED,
): WebSocketLoad & { results: RunResult[] } {
  const results: RunResult[] = []
  const onRun = (result: RunResult) => void results.push(result)
  return { ...createWebSocket({ baseUrl: server.url, signal, scale: FULL, seed: 1, limits, onRun }), results }
}

/** Process ids of the generator processes that this process started. */
function generatorPids(): number[] {
  const lines = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' }).split(
    '\n',
  )
  return lines.filter((line) => line.includes('pool-process')).map((line) => Number.parseInt(line, 10))
}

async function start(...args: Parameters<typeof startServer>): Promise<TruthServer> {
  const server = await startServer(...args)
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

function toServer(server: TruthServer): Pick<FanOutOptions, 'path' | 'subscribe' | 'isSubscribed' | 'identify'> & {
  send: PublishOptions['send']
} {
  return {
    path: '/',
    subscribe: ({ id }) => ({ type: 'subscribe', client: id }),
    isSubscribed: (message) => message.json<{ type?: string }>().type === 'SUBSCRIBED',
    identify: (message) => message.json<{ id: string; sequence: number }>(),
    send: ({ id, sequence }) => server.publish({ id, sequence }),
  }
}

/** Counts from the server's own list of messages. */
function countTruth(sent: readonly (readonly number[])[], publications: number) {
  return sent.map((sequences) => {
    const firsts = [...new Set(sequences)]
    const outOfOrder = firsts.filter((sequence, at) => firsts.slice(0, at).some((earlier) => earlier > sequence)).length
    return {
      missing: publications - firsts.length,
      duplicate: sequences.length - firsts.length,
      outOfOrder,
    }
  })
}

function sumOf(counts: readonly { missing: number; duplicate: number; outOfOrder: number }[]) {
  const sum = { missing: 0, duplicate: 0, outOfOrder: 0 }
  for (const { missing, duplicate, outOfOrder } of counts) {
    sum.missing += missing
    sum.duplicate += duplicate
    sum.outOfOrder += outOfOrder
  }
  return sum
}

describe('a server that drops 2%, delays 2.5% by 1.5 s, duplicates 1% and swaps neighbours', () => {
  test.each([
    { clients: 50, processes: 1, publications: 20, rate: 20, delayMs: 1500 },
    { clients: 50, processes: 3, publications: 20, rate: 20, delayMs: 1500 },
    // A longer delay, which a slow machine does not reach for the other deliveries.
    { clients: 5000, processes: 1, publications: 5, rate: 2, delayMs: 5000 },
  ])('is accounted for to the message: $clients clients, $processes processes', async (options) => {
    const { clients, processes, publications, rate, delayMs } = options
    const server = await start('faulty', String(delayMs))
    const ws = load(server)
    const { send, ...target } = toServer(server)

    const run = await ws.fanOut({
      ...target,
      connections: clients,
      processes,
      publish: { rate, send },
      duration: (publications / rate) * 1000,
      // Deliveries that the server delays are always late; those that it swaps arrive well before the limit.
      lateThreshold: delayMs - 50,
      drainDuration: delayMs + 1500,
    })

    const truth = await server.truth<{ deliveries: number; delayed: number; sent: number[][] }>()
    const perClient = countTruth(truth.sent, publications)
    const total = clients * publications
    expect(truth).toMatchObject({ deliveries: total, delayed: faultCount('delay', total) })
    expect(sumOf(perClient)).toMatchObject({
      missing: faultCount('drop', total),
      duplicate: faultCount('duplicate', total),
    })
    expect(run.deliveries).toEqual({
      ...sumOf(perClient),
      expected: total,
      received: total - faultCount('drop', total),
      onTime: total - faultCount('drop', total) - faultCount('delay', total),
      late: faultCount('delay', total),
      racing: 0,
      optional: 0,
      unexpected: 0,
      unidentified: 0,
    })
    const faulty = perClient.flatMap((counts, client) => (isFaulty(counts) ? [{ client, ...counts }] : []))
    const named = run.worstClients(clients).filter(isFaulty)
    expect(named.toSorted((a, b) => a.client - b.client)).toMatchObject(faulty)
    expect(run).toMatchObject({ state: 'measured', invalidities: [], publications: { count: publications, failed: 0 } })
    expect(run.onTimeRate(delayMs - 50)).toBeCloseTo(1 - 0.02 - 0.025, 5)
  })
})

function isFaulty({ missing, duplicate, outOfOrder }: { missing: number; duplicate: number; outOfOrder: number }) {
  return missing + duplicate + outOfOrder > 0
}

describe('a server that closes a third of its sockets before the third of five publications', () => {
  async function fanOut(reconnect: boolean | number) {
    const server = await start('closing')
    const { send, ...target } = toServer(server)
    const run = await load(server).fanOut({
      ...target,
      connections: 30,
      publish: { rate: 5, send },
      duration: '1s',
      lateThreshold: '1s',
      drainDuration: '1s',
      reconnect,
    })
    return { run, truth: await server.truth<{ closed: number; sent: number[] }>() }
  }

  test('counts the later deliveries of those clients as missing, and reports the closed sockets', async () => {
    const { run, truth } = await fanOut(false)

    expect(truth.closed).toBe(10)
    expect(run.sockets).toEqual({ requested: 30, subscribed: 30, failures: {}, closed: 10, reconnected: 0 })
    expect(run.deliveries).toMatchObject({ expected: 150, received: 120, missing: 30 })
    expect(run.worstClients(100).map(({ client }) => client)).toEqual([0, 3, 6, 9, 12, 15, 18, 21, 24, 27])
    const labels = run.worstClients(2).map(({ label }) => label)
    expect(labels).toEqual([
      'client 0 (closed with code 1012 (service restart): maintenance)',
      'client 3 (closed with code 1006 (connection lost without a closing handshake))',
    ])
    expect(run[evidenceOf]().hint).toMatch(/^most missing deliveries belong to the 10 clients whose socket/)
    expect(run[evidenceOf]().evidenceLines.join('\n')).toContain('30 of 30 sockets subscribed, 10 closed by the target')
  })

  test('delivers to those clients again after they reconnected with reconnect: true', async () => {
    const { run, truth } = await fanOut(50)

    expect(run.sockets).toEqual({ requested: 30, subscribed: 30, failures: {}, closed: 10, reconnected: 10 })
    expect(run[evidenceOf]().connect.histogram.count).toBe(30)
    const received = truth.sent.reduce((sum, count) => sum + count, 0)
    expect(received).toBeGreaterThan(120)
    expect(run.deliveries).toMatchObject({ expected: 150, received, missing: 150 - received })
  })
})

describe('a server that refuses some sockets', () => {
  /** A fan-out to a server that refuses every nth handshake. */
  async function refusingEvery(nth: number, connections: number, status = '503 Busy'): Promise<FanOutRun> {
    const http = createServer()
    const webSockets = new WebSocketServer({ noServer: true })
    let handshakes = 0
    http.on('upgrade', (request, socket, head) => {
      if (++handshakes % nth === 0) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`)
      else webSockets.handleUpgrade(request, socket, head, () => {})
    })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void http.close())
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
    return load({ url } as TruthServer).fanOut({
      path: '/',
      connections,
      publish: {
        rate: 4,
        send: ({ id }) => {
          for (const socket of webSockets.clients) socket.send(JSON.stringify({ id }))
        },
      },
      identify: (message) => message.json<{ id: string }>(),
      duration: '1s',
    })
  }

  test('fails if it refuses two in a hundred, also under .not', async () => {
    const run = await refusingEvery(50, 100)
    expect(run.sockets).toMatchObject({ subscribed: 98, failures: { 'status 503': 2 } })
    const words = /Received: only 98 of 100 sockets \(98%\) were subscribed: 2 × status 503\n *until then: /
    expect(() => expect(run).toHaveMissingRateBelow(0.5)).toThrow(words)
    expect(() => expect(run).not.toHaveMissingRateBelow(0.5)).toThrow(words)
  })

  test('fails if it limits the rate of connections', async () => {
    const run = await refusingEvery(50, 100, '429 Too Many\r\nRetry-After: 20')
    expect(run.sockets).toMatchObject({ subscribed: 98, failures: { 'status 429 (Retry-After up to 30 s)': 2 } })
    const words =
      /Received: only 98 of 100 sockets [^]* 2 × status 429 \(Retry-After up to 30 s\)[^]*the target limits the rate of connections/
    expect(() => expect(run).toHaveMissingRateBelow(0.5)).toThrow(words)
    expect(() => expect(run).not.toHaveMissingRateBelow(0.5)).toThrow(words)
  })

  test('is judged by what the others received if it refuses one in two hundred', async () => {
    const run = await refusingEvery(200, 200)
    expect(run.sockets).toMatchObject({ subscribed: 199, failures: { 'status 503': 1 } })
    expect(run.invalidities).toEqual([])
    expect(run).toHaveMissingRateBelow(0.5)
  })
})

describe('a run without a subscribed socket is invalid', () => {
  async function failures(server: TruthServer, options: Partial<FanOutOptions> = {}): Promise<FanOutRun> {
    const { send: _, ...target } = toServer(server)
    let published = 0
    const publish = { rate: 2, send: () => void published++ }
    const run = await load(server).fanOut({ ...target, connections: 5, publish, duration: '1s', ...options })
    expect(published).toBe(0)
    expect(run.state).toBe('empty')
    expect(run.deliveries.expected).toBe(0)
    expect(run.invalidities).toMatchObject([{ reason: 'no-samples' }])
    expect(run.invalidities[0]!.finding).toMatch(/^none of 5 sockets was subscribed \(5 × .*\); nothing was published$/)
    return run
  }

  test.each([
    ['bytes', 'response is not HTTP'],
    ['page', 'status 200'],
    ['refusal', 'status 503'],
    ['accept', 'response is no WebSocket handshake'],
    [
      'frames',
      /^closed by this client with code 1002 \(protocol error\), as the target broke the protocol: RSV2 and RSV3 must be clear, before it was ready$/,
    ],
  ])('if the server sends garbage: %s', async (kind, words) => {
    const run = await failures(await start('garbage', kind))
    expect(Object.keys(run.sockets.failures)).toEqual([expect.stringMatching(words)])
  })

  test.each(['silent', 'dribble'])(
    'if the server accepts the connection and never responds to the handshake: %s',
    async (kind) => {
      const run = await failures(await start('mute', kind), { handshakeTimeout: 300 })
      expect(run.sockets.failures).toEqual({ 'handshake timeout': 5 })
    },
  )

  test('if the server is not running', async () => {
    const server = await startServer('mute')
    await server[Symbol.asyncDispose]()
    const run = await failures(server)
    expect(run.sockets.failures).toEqual({ refused: 5 })
    const words =
      /Received: none of 5 sockets was subscribed \(5 × refused\); nothing was published[^]*check that it runs/
    expect(() => expect(run).toHaveP95Below(100)).toThrow(words)
    expect(() => expect(run).not.toHaveP95Below(100)).toThrow(words)
  })

  test('if the server never acknowledges a subscription', async () => {
    const run = await failures(await start('faulty'), { isSubscribed: () => false, subscribeTimeout: 200 })
    expect(run.sockets.failures).toEqual({ 'not acknowledged': 5 })
  })
})

describe('a server with rooms that numbers and stamps messages for each client separately', () => {
  interface Event {
    readonly id: string
    readonly sequence: number
    readonly stampedAtMs: number
  }

  function toRooms(server: TruthServer): FanOutOptions & { readonly publish: PublishOptions } {
    return {
      path: '/rooms?token=abc',
      connections: 20,
      subprotocols: ['slo.v1'],
      headers: (vu) => ({ authorization: `Bearer client-${vu.id}` }),
      group: (vu) => `room ${vu.id % 2}`,
      subscribe: (vu) => (vu.id < 10 ? Uint8Array.of(vu.id % 2) : `room ${vu.id % 2}`),
      isSubscribed: (message) => message.toString() === 'welcome',
      publish: { rate: 20, send: ({ id, sequence, group }) => server.publish({ id, sequence, room: group }) },
      identify(message) {
        const { id, sequence, stampedAtMs } = message.json<Event>()
        return { id, sequence, publishedAtMs: stampedAtMs }
      },
      duration: '1s',
    }
  }

  test('delivers only to the clients of each room, in the order of each client', async () => {
    const server = await start('rooms')
    const options = toRooms(server)
    const groups: (string | undefined)[] = []
    const run = await load(server).fanOut({
      ...options,
      warmup: 500,
      lateThreshold: '2s',
      publish: {
        rate: 20,
        send(publication) {
          groups.push(publication.group)
          return options.publish.send(publication)
        },
      },
    })

    expect(groups).toEqual(Array.from({ length: 30 }, (_, index) => `room ${index % 2}`))

    const truth = await server.truth<{ requests: { url: string; authorization: string }[] }>()
    expect(truth.requests).toHaveLength(20)
    expect(new Set(truth.requests.map(({ url }) => url))).toEqual(new Set(['/rooms?token=abc']))
    expect(new Set(truth.requests.map(({ authorization }) => authorization)).size).toBe(20)
    expect(run.invalidities).toEqual([])
    expect(run.publications).toMatchObject({ count: 20, failed: 0 })
    expect(run.deliveries).toEqual({
      expected: 200,
      received: 200,
      onTime: 200,
      late: 0,
      missing: 0,
      duplicate: 0,
      outOfOrder: 0,
      racing: 0,
      optional: 0,
      unexpected: 0,
      unidentified: 0,
    })
  })

  test('has a clock whose offset is estimated from round trips', async () => {
    const server = await start('rooms')
    const run = await load(server).fanOut(toRooms(server))

    const { aheadMs, uncertaintyMs } = run.publisherClock!
    // Date.now() of both sides is truncated to milliseconds.
    expect(Math.abs(aheadMs - 3_600_000)).toBeLessThanOrEqual(uncertaintyMs + 2)
    expect(run[evidenceOf]().evidenceLines.join('\n')).toMatch(
      /publisher's clock: 36\d\d(\.\d)? s ahead of that of the generator/,
    )
  })

  test('may number messages from 1 again after a reconnection without disorder', async () => {
    const server = await start('rooms')
    const options = toRooms(server)
    const run = await load(server).fanOut({
      ...options,
      reconnect: 50,
      drainDuration: '1s',
      publish: {
        rate: 20,
        send: (publication) =>
          publication.index === 10
            ? server.publish({ ...publication, sequence: -1 })
            : options.publish.send(publication),
      },
    })
    expect(run.sockets).toMatchObject({ subscribed: 20, closed: 20, reconnected: 20 })
    expect(run.deliveries.received).toBeGreaterThan(100)
    expect(run.deliveries.outOfOrder).toBe(0)
  })

  test('makes deliveries unexpected if it subscribes a client to another room', async () => {
    const server = await start('rooms')
    const options = toRooms(server)
    const run = await load(server).fanOut({
      ...options,
      publish: { rate: 20, send: ({ id, sequence }) => server.publish({ id, sequence }) },
    })
    expect(run.deliveries).toMatchObject({ expected: 200, received: 200, missing: 0, unexpected: 200 })
  })

  test('may send messages that are not identified, which are counted, with one shown without its secret', async () => {
    const server = await start('rooms')
    const run = await load(server).fanOut({
      ...toRooms(server),
      publish: {
        rate: 5,
        async send({ id, sequence, group }) {
          await server.publish({ id, sequence: 0 })
          await server.publish({ id, sequence, room: group })
        },
      },
    })
    expect(run.deliveries).toMatchObject({ expected: 50, received: 50, unidentified: 100 })
    const lines = run[evidenceOf]().evidenceLines.join('\n')
    expect(lines).toMatch(
      /100 messages not identified, the first: text, 39 bytes: "who goes there\? password=\*\*\*" \(identify threw SyntaxError/,
    )
    expect(lines).not.toContain('hunter2')
  })

  test('misses the deliveries of a publication whose send failed', async () => {
    const server = await start('rooms')
    const options = toRooms(server)
    const run = await load(server).fanOut({
      ...options,
      drainDuration: '1s',
      publish: {
        rate: 4,
        async send(publication) {
          if (publication.index === 1) throw new Error('no such room')
          await options.publish.send(publication)
        },
      },
    })
    expect(run.publications).toMatchObject({ count: 4, failed: 1 })
    expect(run.deliveries).toMatchObject({ expected: 40, received: 30, missing: 10 })
    expect(run[evidenceOf]().evidenceLines).toContain('1 of 4 publications failed to be sent: Error: no such room')
    expect(run[evidenceOf]().hint).toBe(
      'find out why publish.send failed: most missing deliveries belong to its 1 failed publication',
    )
  })

  test.each(['headers', 'subscribe', 'isSubscribed', 'group', 'identify'] as const)(
    'has no open socket after %s of the scenario threw',
    async (option) => {
      const server = await start('rooms')
      const broken = () => {
        throw new RangeError(`broken ${option}`)
      }
      const ws = load(server)
      await expect(ws.fanOut({ ...toRooms(server), [option]: broken })).rejects.toThrow(`broken ${option}`)
      // `group` is called before the run begins.
      const begun =
        option === 'group' ? [] : [{ state: 'aborted', abortReason: `the scenario failed: broken ${option}` }]
      expect(ws.results).toMatchObject(begun)
    },
  )

  test('rejects a subprotocol that it does not support', async () => {
    const server = await start('rooms')
    const run = await load(server).fanOut({ ...toRooms(server), subprotocols: ['other.v1'] })
    expect(run.sockets.failures).toEqual({ 'subprotocol not agreed': 20 })
  })

  test('has its sockets closed, and counted as closed, if it freezes and does not respond to pings', async () => {
    const server = await start('rooms')
    onTestFinished(() => void process.kill(server.pid, 'SIGCONT'))
    const options = toRooms(server)
    const run = await load(server).fanOut({
      ...options,
      pingInterval: 400,
      duration: '2s',
      publish: {
        rate: 4,
        async send(publication) {
          if (publication.index < 3) await options.publish.send(publication)
          else process.kill(server.pid, 'SIGSTOP')
        },
      },
    })
    expect(run.sockets).toMatchObject({ subscribed: 20, closed: 20 })
    expect(run.deliveries).toMatchObject({ expected: 80, received: 30, missing: 50 })
    expect(run.worstClients(1)[0]!.label).toMatch(
      /^client \d+ \(closed with code 1006 .*: a ping got no response in time\)$/,
    )
  })

  test('is not blamed for a generator that is busy with other things', async () => {
    const server = await start('rooms')
    const hog = setInterval(() => {
      const endMs = performance.now() + 400
      while (performance.now() < endMs);
    }, 10)
    onTestFinished(() => clearInterval(hog))
    const ws = load(server, new AbortController().signal, {})
    const run = await ws.fanOut({ ...toRooms(server), lateThreshold: '500ms' })
    expect(run.invalidities.map(({ reason }) => reason)).toContain('generator-saturated')
    expect(run.invalidities.map(({ finding }) => finding).join()).toMatch(/event-loop delay p99 \d+ ms, limit 125 ms/)
  })

  test('is not blamed for a generator process that died', async () => {
    const server = await start('rooms')
    const options = toRooms(server)
    const run = await load(server).fanOut({
      ...options,
      processes: 2,
      drainDuration: '1s',
      publish: {
        rate: 5,
        async send(publication) {
          if (publication.index === 2) process.kill(generatorPids()[0]!, 'SIGKILL')
          await options.publish.send(publication)
        },
      },
    })
    expect(run.sockets).toMatchObject({ subscribed: 20, closed: 10 })
    expect(run.invalidities).toContainEqual(
      expect.objectContaining({
        reason: 'generator-saturated',
        finding: expect.stringMatching(/^generator process [12] of 2 ended with SIGKILL$/),
      }),
    )
    expect(run[evidenceOf]().connect.invalidities).toHaveLength(1)
    expect(generatorPids()).toEqual([])
  })

  test('has no open socket after a run, which leaves no process behind', async () => {
    const server = await start('rooms')
    await load(server).fanOut({ ...toRooms(server), processes: 2 })
    await expect.poll(async () => (await server.truth<{ protocols: string[] }>()).protocols).toEqual([])
    expect(generatorPids()).toEqual([])
  })

  test('is observed by a snapshot once a second and at the end of the run', async () => {
    const server = await start('rooms')
    const snapshots: RunSnapshot[] = []
    const ws = createWebSocket({
      baseUrl: server.url.replace('http', 'ws'),
      signal: new AbortController().signal,
      scale: FULL,
      seed: 1,
      onRun: () => {},
      onSnapshot: (snapshot) => snapshots.push(snapshot),
    })
    await ws.fanOut({ ...toRooms(server), name: 'rooms', duration: '2200ms', warmup: 100 })
    expect(snapshots.length).toBeGreaterThanOrEqual(3)
    expect(snapshots.at(-2)).toMatchObject({
      run: 'rooms',
      kind: 'fanOut',
      state: 'running',
      plannedMs: 2300,
      users: 20,
    })
    expect(snapshots.at(-1)).toMatchObject({
      state: 'ended',
      phase: 'steady',
      counts: { offered: 460, sent: 46, completed: 460, dropped: 0, errors: {} },
      inFlight: 0,
    })
  })
})

describe('an aborted fan-out', () => {
  test('stops immediately, keeps its measurements, and does not count deliveries in flight', async () => {
    const server = await start('faulty')
    const stop = new AbortController()
    const ws = load(server, stop.signal)
    const { send, ...target } = toServer(server)
    const run = await ws.fanOut({
      ...target,
      connections: 50,
      publish: {
        rate: 10,
        async send(publication) {
          await send(publication)
          if (publication.index === 4) stop.abort(new Error('enough'))
        },
      },
      duration: '60s',
    })

    expect(run.abortReason).toBe('enough')
    expect(run.invalidities).toMatchObject([{ reason: 'aborted', finding: 'stopped before its end: enough' }])
    expect(run.durationMs).toBeLessThan(30_000)
    expect(run.state).toBe('measured')
    expect(run.deliveries.received).toBeGreaterThan(0)
    expect(run.deliveries).toMatchObject({ expected: run.deliveries.received, missing: 0 })
    expect(ws.results).toMatchObject([{ kind: 'fanOut', state: 'aborted', abortReason: 'enough' }])
  })

  test('stops while its sockets are being opened', async () => {
    const server = await start('mute', 'silent')
    const { send, ...target } = toServer(server)
    const signal = AbortSignal.timeout(200)
    const run = await load(server, signal).fanOut({
      ...target,
      connections: 50,
      publish: { rate: 1, send },
      duration: '60s',
    })
    expect(run).toMatchObject({ state: 'empty', durationMs: 0 })
    expect(run.invalidities.map(({ reason }) => reason)).toEqual(['aborted', 'no-samples'])
  })
})

test('spreads sockets evenly over the instances of a target, and accounts for the deliveries of each', async () => {
  const [first, second] = [await start('rooms'), await start('rooms')]
  const ws = createWebSocket({
    baseUrl: first.url,
    otherInstances: [second.url],
    signal: new AbortController().signal,
    scale: FULL,
    seed: 1,
    onRun: () => {},
  })
  // Even sockets belong to the first instance, odd ones to the second: only the first publishes.
  const run = await ws.fanOut({
    path: '/',
    connections: 9,
    processes: 2,
    subscribe: () => 'room',
    isSubscribed: (message) => message.toString() === 'welcome',
    publish: { rate: 20, send: (publication) => first.publish({ ...publication, room: undefined }) },
    identify: (message) => message.json<{ id: string }>(),
    duration: '500ms',
    lateThreshold: '1s',
    drainDuration: '1s',
  })
  expect(run).toMatchObject({
    sockets: { requested: 9, subscribed: 9 },
    publications: { count: 10 },
    deliveries: { expected: 90, received: 50, missing: 40 },
  })
})

test('opens fewer sockets for less time at a reduced scale, at the same rate, and reports the scale', async () => {
  const server = await start('rooms')
  const ws = createWebSocket({
    baseUrl: server.url,
    signal: new AbortController().signal,
    scale: { name: 'tiny', users: 0.1, time: 0.5 },
    seed: 1,
    onRun: () => {},
  })
  const run = await ws.fanOut({
    path: '/',
    connections: 95,
    subscribe: () => 'room',
    isSubscribed: (message) => message.toString() === 'welcome',
    publish: { rate: 10, send: (publication) => server.publish({ ...publication, room: undefined }) },
    identify: (message) => message.json<{ id: string }>(),
    duration: '2s',
  })
  expect(run).toMatchObject({ sockets: { requested: 10 }, publications: { count: 10 }, deliveries: { received: 100 } })
  expect(run[evidenceOf]().reducedTo).toBe('tiny')
})

test('rejects invalid options in one error, before any socket is opened', async () => {
  const ws = createWebSocket({
    baseUrl: 'http://127.0.0.1:1',
    signal: new AbortController().signal,
    scale: FULL,
    seed: 1,
    onRun: () => {},
  })
  const options = {
    path: 'ws',
    connections: 0,
    connectRate: -1,
    headers: 'Bearer hunter2hunter2',
    publish: { rate: 0, arrivals: 'often' },
    duration: 'long',
    lateThreshold: '10s',
    conections: 5,
  } as unknown as FanOutOptions
  const message = await ws.fanOut(options).catch((error: unknown) => String(error))
  expect(message).toContain('ws.fanOut() received 11 invalid options')
  for (const path of ['path', 'connections', 'connectRate', 'headers', 'publish.rate', 'publish.arrivals'])
    expect(message).toContain(`\n  ${path}: must be`)
  for (const path of ['publish.send', 'identify', 'duration', 'drainDuration', 'conections'])
    expect(message).toContain(`\n  ${path}: `)
  expect(message).not.toContain('hunter2')
})
