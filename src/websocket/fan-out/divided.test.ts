import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { faultCount } from '../../../fixtures/truth-websocket/fault-plan.ts'
import type { FanOutRecord } from '../../evidence/fan-out-record.ts'
import { DEFAULT_LIMITS } from '../../execution/generator-limits.ts'
import { Random } from '../../load/random.ts'
import { AssignedRows } from '../../load/rows/assigned-rows.ts'
import { Histogram } from '../../stats/histogram.ts'
import { divisions } from '../../testing/divisions.ts'
import { start, UNLIMITED } from '../../testing/truth-websocket.ts'
import { place } from '../sockets/read-socket-options.ts'
import type { FanOutOptions } from './fan-out-options.ts'
import { summarize } from './fan-out-summary.ts'
import { FanOut } from './fan-out.ts'
import { readFanOutOptions } from './read-fan-out-options.ts'

/** The records of generators that divide a fan-out. */
function divided(
  url: string,
  generators: number,
  options: (index: number) => FanOutOptions,
): Promise<readonly FanOutRecord[]> {
  return Promise.all(
    divisions(generators).map(async (division, index) => {
      const [scale, tls] = [{ name: 'full', users: 1, time: 1 }, undefined]
      const plan = { ...readFanOutOptions(options(index), { target: { urls: [url], tls }, scale }), name: 'fan-out 1' }
      const placement = await place('ws.fanOut()', plan, plan.clients, division.share)
      const fanOut = new FanOut({ ...plan, ...placement }, new AssignedRows([undefined], {}, new Random(1)), {
        ...{ seed: 1, division, signal: new AbortController().signal },
        limits: { ...DEFAULT_LIMITS, ...UNLIMITED },
      })
      const { measurement, scenarioError } = await fanOut.run()
      if (scenarioError !== undefined) throw scenarioError.error
      return summarize(measurement)
    }),
  )
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0)
}

const byClient = {
  path: '/',
  subscribe: ({ id }) => ({ type: 'subscribe', client: id }),
  isSubscribed: (message) => message.json<{ type?: string }>().type === 'SUBSCRIBED',
  identify: (message) => message.json<{ id: string; sequence: number }>(),
} satisfies Partial<FanOutOptions>

describe('a fan-out divided among generators', () => {
  test('accounts for every delivery of a server that drops, delays and duplicates', async () => {
    const [clients, publications, rate, delayMs] = [50, 20, 5, 1500]
    const server = await start('faulty', String(delayMs))
    const sentBy = new Map<number, number>()
    const records = await divided(server.url, 3, (index) => ({
      ...byClient,
      connections: clients,
      publish: {
        rate,
        send: ({ id, sequence }) => {
          sentBy.set(sequence, index)
          return server.publish({ id, sequence })
        },
      },
      duration: (publications / rate) * 1000,
      lateThreshold: delayMs - 50,
      drainDuration: delayMs + 2000,
    }))

    const total = clients * publications
    const count = (of: (deliveries: FanOutRecord['deliveries']) => number) =>
      sum(records, ({ deliveries }) => of(deliveries))
    expect(records.flatMap(({ invalidities }) => invalidities)).toEqual([])
    expect(records.map(({ sockets }) => sockets.requested)).toEqual([17, 17, 16])
    expect([...sentBy].toSorted(([a], [b]) => a - b).map(([, index]) => index)).toEqual(
      Array.from({ length: publications }, (_, at) => at % 3),
    )
    expect(count(({ expected }) => expected)).toBe(total)
    expect(count(({ missing }) => missing)).toBe(faultCount('drop', total))
    expect(count(({ late }) => late)).toBe(faultCount('delay', total))
    expect(count(({ duplicate }) => duplicate)).toBe(faultCount('duplicate', total))
    expect(count(({ unexpected }) => unexpected)).toBe(0)
    for (const [at, { id }] of records[0]!.publications.entries()) {
      const parts = records.map((record) => record.publications[at]!)
      expect(new Set(parts.map((part) => part.id)).size).toBe(1)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      expect(new Set(parts.map(({ atMs }) => Math.round(atMs))).size).toBe(1)
      expect(sum(parts, ({ expected }) => expected)).toBe(clients)
      const lags = Histogram.merged(parts.map(({ lag }) => lag!))
      expect(lags.count).toBe(sum(parts, ({ onTime, late }) => onTime + late))
    }
  }, 60_000)

  test('rejects ids that the target assigns', async () => {
    const server = createServer()
    const sockets = new WebSocketServer({ server })
    let last = 0
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      for (const socket of sockets.clients) socket.terminate()
      server.close()
    })
    const records = divided(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 2, () => ({
      path: '/',
      connections: 5,
      joinDelay: 50,
      identify: (message) => message.json<{ id: number }>(),
      publish: {
        rate: 10,
        send: ({ sequence }) => {
          if (sequence === 4) throw new Error('refused')
          const id = 100 + last++
          for (const socket of sockets.clients) socket.send(JSON.stringify({ id }))
          return { id }
        },
      },
      duration: 1000,
      lateThreshold: '1s',
      drainDuration: '1s',
    }))
    await expect(records).rejects.toThrow(
      /^fan-out 1: publish\.send returned ids that the target assigns, which 2 generators cannot match yet\nFix: make/,
    )
  })

  test('publishes nothing if no socket of any generator is subscribed, and everything if one is', async () => {
    const server = await start('faulty', '0')
    const options = (connections: number): FanOutOptions => ({
      ...byClient,
      connections,
      publish: { rate: 10, send: ({ id, sequence }) => server.publish({ id, sequence }) },
      duration: 500,
      lateThreshold: 500,
      drainDuration: 500,
    })
    const records = await divided(server.url, 2, () => options(1))
    expect(records.map(({ sockets, deliveries }) => [sockets.requested, deliveries.expected])).toEqual([
      [1, 5],
      [0, 0],
    ])
    const refused = await divided(server.url, 2, () => ({
      ...options(2),
      isSubscribed: () => false,
      subscribeTimeout: 100,
    }))
    expect(refused.map(({ publications }) => publications.length)).toEqual([0, 0])
  })
})
