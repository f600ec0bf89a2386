import { describe, expect, test } from 'vitest'
import { evidenceOf } from '../../evidence/evidence.ts'
import { ScenarioError } from '../../execution/scenario-error.ts'
import { load, start } from '../../testing/truth-websocket.ts'
import { DeliveryLedger } from './delivery-ledger.ts'
import { nowUs } from '../sockets/clock.ts'
import { Feed } from './feed.ts'
import { sightingOf } from './target-ids.ts'

interface Tick {
  readonly id: number
  readonly sequence: number
  readonly stampedAtMs: number
}

describe('ids made by the target', () => {
  test('are taken from what send resolves to, for messages that came before it did', async () => {
    const server = await start('feed', 'asked')
    const run = await load(server).fanOut({
      path: '/',
      connections: 20,
      joinDelay: 200,
      publish: { rate: 20, send: ({ id, sequence }) => server.publish({ id, sequence }) },
      identify: (message) => ({ id: message.json<Tick>().id }),
      duration: '1s',
      lateAfter: '5s',
      settle: '6s',
    })
    expect(run.deliveries).toMatchObject({ expected: 400, received: 400, missing: 0, unexpected: 0, optional: 0 })
    expect(run[evidenceOf]().evidenceLines).toContain(
      'joining is not acknowledged: clients were taken to be joined 200ms after subscribing',
    )
  })

  test('unknown because send does not resolve to them: unexpected, and the hint says what to do', async () => {
    const server = await start('feed', 'asked')
    const run = await load(server).fanOut({
      path: '/',
      connections: 5,
      publish: { rate: 10, send: async ({ id, sequence }) => void (await server.publish({ id, sequence })) },
      identify: (message) => ({ id: message.json<Tick>().id }),
      duration: '500ms',
      settle: '1s',
    })
    expect(run.deliveries).toMatchObject({ expected: 25, received: 0, missing: 25, unexpected: 25 })
    expect(run[evidenceOf]().hint).toBe(
      '25 messages had ids that no publication of the run has (client 0 received the id "1", which no publication of the run has): ' +
        'see which id identify returns; if the target makes the ids, have publish.send resolve to the one it gave',
    )
  })
})

describe('a feed that publishes by itself', () => {
  test('misses what others received, and what was left out for everybody', async () => {
    const server = await start('feed', 'ticking')
    const run = await load(server).fanOut({
      path: '/',
      connections: 10,
      joinDelay: 200,
      identify: (message) => {
        const { id, sequence, stampedAtMs } = message.json<Tick>()
        return { id, sequence, publishedAtMs: stampedAtMs }
      },
      warmup: '1s',
      duration: '3s',
      lateAfter: '1s',
      settle: '1s',
    })
    expect(run.invalidities).toEqual([])
    const { deliveries } = run
    // Every publication stands in the account once: those that one client missed, and those that all did.
    const points = run.worstPublications(1000)
    const ofOne = points.filter(({ missing }) => missing === 1)
    const ofAll = points.filter(({ missing }) => missing === 10)
    expect(points.filter(({ missing }) => missing > 0)).toHaveLength(ofOne.length + ofAll.length)
    for (const { id } of ofOne) expect(Number(id) % 7).toBe(0)
    for (const { id } of ofAll) expect(Number(id.replace('left out #', '')) % 11).toBe(0)
    expect(ofOne.length).toBeGreaterThanOrEqual(2)
    expect(ofAll.length).toBeGreaterThanOrEqual(1)
    expect(deliveries.missing).toBe(ofOne.length + 10 * ofAll.length)
    expect(deliveries.expected).toBe(10 * points.length)
    expect(deliveries).toMatchObject({ duplicate: 0, outOfOrder: 0, unexpected: 0, unidentified: 0 })
    expect(run.state === 'measured' && run.lag.maxMs).toBeLessThan(900)
    expect(run[evidenceOf]().evidenceLines.join('\n')).toMatch(
      /a feed: lag counts from its time stamps, less -?\d.* from stamp to receipt of the fastest of \d+ deliveries/,
    )
  })

  test('that falls silent is invalid: nobody knows what it did not send', async () => {
    const server = await start('feed', 'ticking', '30')
    const run = await load(server).fanOut({
      path: '/',
      connections: 3,
      identify: (message) => ({ id: message.json<Tick>().id }),
      warmup: '1s',
      duration: '6s',
      settle: '1s',
    })
    expect(run.deliveries.missing).toBeGreaterThan(0)
    expect(run.invalidities).toMatchObject([
      { reason: 'undecided', finding: expect.stringMatching(/^nothing was published in the last .* s of the run/) },
    ])
    expect(run[evidenceOf]().orderUnknown).toMatchObject({ reason: 'undecided' })
  })
})

describe('the account of a feed', () => {
  const MS = 1000

  /** Two members; counting from 1 s to 3 s after `t`. */
  function feed(options: Partial<{ hasGroups: boolean }> = {}) {
    const ledger = new DeliveryLedger({ clients: 2, lateAfterMs: 100, underWayMs: 100 })
    for (const client of [0, 1]) ledger.join(client, ledger.group(options.hasGroups === true ? 'a' : undefined))
    const source = new Feed(ledger, { hasGroups: false, lateAfterMs: 100, ...options })
    const t = nowUs() - 4000 * MS
    source.count(t + 1000 * MS, t + 3000 * MS)
    const epochMs = Date.now() - nowUs() / MS
    const receive = (
      client: number,
      atMs: number,
      id: number,
      more: { sequence?: number; stampMs?: number; group?: string } = {},
    ) => {
      const { stampMs, ...rest } = more
      const stamp = stampMs === undefined ? {} : { publishedAtMs: epochMs + t / MS + stampMs - 60_000 }
      source.receive(client, sightingOf({ id, ...rest, ...stamp }), t + atMs * MS)
    }
    return { ledger, source, receive }
  }

  test('takes lag from the stamps, less what the fastest delivery took', () => {
    const { ledger, source, receive } = feed()
    receive(0, 505, 1, { stampMs: 500 })
    receive(1, 540, 1, { stampMs: 500 })
    receive(0, 1520, 2, { stampMs: 1500 })
    receive(1, 1720, 2, { stampMs: 1500 })
    const figures = source.close()
    expect(ledger.counts(0)).toMatchObject({ expected: 2, onTime: 1, late: 1 })
    expect([...ledger.clientTable().maxUs].map((us) => Math.round(us / MS))).toEqual([15, 215])
    expect(figures).toMatchObject({ stamped: 4, isClockUnsteady: false, orderedBy: 'time stamps', driftMs: 0 })
    expect(Math.round(figures.fastestMs!)).toBe(60_005)
  })

  test('is unsteady if a delivery was much faster than all before counting began', () => {
    const { source, receive } = feed()
    receive(0, 560, 1, { stampMs: 500 })
    receive(0, 1510, 2, { stampMs: 1500 })
    expect(source.close()).toMatchObject({ isClockUnsteady: true })
  })

  test('leaves out what was published before counting began, also if shown again', () => {
    const { ledger, source, receive } = feed()
    receive(0, 500, 7, { sequence: 7 })
    receive(0, 1500, 8, { sequence: 8 })
    receive(1, 1501, 8, { sequence: 8 })
    receive(0, 1600, 5, { sequence: 5 })
    expect(source.close()).toMatchObject({ leftOut: 0, orderedBy: 'sequence' })
    expect(ledger.counts(0)).toMatchObject({ expected: 2, missing: 0, outOfOrder: 0 })
  })

  test('counts a number that nobody received as missing for all, between warm-up and the last', () => {
    const { ledger, source, receive } = feed()
    for (const [at, sequence] of [500, 1500, 1700].entries()) {
      receive(0, sequence, at, { sequence: [1, 3, 6][at]! })
      receive(1, sequence, at, { sequence: [1, 3, 6][at]! })
    }
    expect(source.close()).toMatchObject({ leftOut: 3, isNumbered: true })
    expect(ledger.counts(0)).toMatchObject({ expected: 10, received: 4, missing: 6 })
  })

  test('is not numbered one by one if most numbers are left out: nothing is missing for it', () => {
    const { ledger, source, receive } = feed()
    for (const [at, sequence] of [1000, 2000, 1_000_000_000].entries())
      for (const client of [0, 1]) receive(client, 1200 + at * 100, at, { sequence })
    expect(source.close()).toMatchObject({ isNumbered: false })
    expect(ledger.counts(0)).toMatchObject({ expected: 6, missing: 0 })
  })

  test('has groups by what identify says, and must be told', () => {
    const { ledger, source, receive } = feed({ hasGroups: true })
    receive(0, 1500, 1, { group: 'a' })
    receive(1, 1500, 1, { group: 'b' })
    source.close()
    expect(ledger.counts(0)).toMatchObject({ expected: 2, received: 1, missing: 1, unexpected: 1 })
    expect(() => receive(0, 1600, 2)).toThrow(ScenarioError)
  })
})
