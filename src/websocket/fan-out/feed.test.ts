import { describe, expect, test } from 'vitest'
import { evidenceOf } from '../../evidence/evidence.ts'
import { ScenarioError } from '../../execution/scenario-error.ts'
import { load, start } from '../../testing/truth-websocket.ts'
import { nowUs } from '../sockets/clock.ts'
import { DeliveryTracker } from './delivery-tracker.ts'
import { Feed } from './feed.ts'
import { sightingOf } from './target-ids.ts'

interface Tick {
  readonly id: number
  readonly sequence: number
  readonly stampedAtMs: number
}

describe('ids of the target', () => {
  test('are found in the result of send, also for messages that arrived before it', async () => {
    const server = await start('feed', 'on-request')
    const run = await load(server).fanOut({
      path: '/',
      connections: 20,
      joinDelay: 200,
      publish: { rate: 20, send: ({ id, sequence }) => server.publish({ id, sequence }) },
      identify: (message) => ({ id: message.json<Tick>().id }),
      duration: '1s',
      lateThreshold: '2s',
      drainDuration: '2s',
    })
    expect(run.deliveries).toMatchObject({ expected: 400, received: 400, missing: 0, unexpected: 0, optional: 0 })
    expect(run[evidenceOf]().evidenceLines).toContain(
      'joins are not acknowledged: clients were assumed to have joined 200ms after subscribing',
    )
  })

  test('are unexpected if send does not resolve to them, and the hint names the fix', async () => {
    const server = await start('feed', 'on-request')
    const run = await load(server).fanOut({
      path: '/',
      connections: 5,
      publish: { rate: 10, send: async ({ id, sequence }) => void (await server.publish({ id, sequence })) },
      identify: (message) => ({ id: message.json<Tick>().id }),
      duration: '500ms',
      drainDuration: '1s',
    })
    expect(run.deliveries).toMatchObject({ expected: 25, received: 0, missing: 25, unexpected: 25 })
    expect(run[evidenceOf]().hint).toBe(
      '25 messages had ids that no publication of the run has (client 0 received the id "1", which no publication of the run has): ' +
        'check which id identify returns; if the target generates the ids, resolve publish.send with the id that it returned',
    )
  })
})

describe('a feed that publishes by itself', () => {
  test('counts publications that one client or all clients missed as missing', async () => {
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
      lateThreshold: '1s',
      drainDuration: '1s',
    })
    expect(run.invalidities).toEqual([])
    const { deliveries } = run
    // Every publication is counted once, whether one client or all clients missed it.
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

  test('makes a run invalid if it falls silent', async () => {
    const server = await start('feed', 'ticking', '30')
    const run = await load(server).fanOut({
      path: '/',
      connections: 3,
      identify: (message) => ({ id: message.json<Tick>().id }),
      warmup: '1s',
      duration: '4500ms',
      drainDuration: '1s',
    })
    expect(run.deliveries.missing).toBeGreaterThan(0)
    expect(run.invalidities).toMatchObject([
      { reason: 'undecided', finding: expect.stringMatching(/^nothing was published in the last .* s of the run/) },
    ])
    expect(run[evidenceOf]().orderUnknown).toMatchObject({ reason: 'undecided' })
  })
})

test('makes the run of a feed without sequences invalid if all clients were away at once', async () => {
  const server = await start('feed', 'ticking')
  const run = await load(server).fanOut({
    path: '/',
    connections: 3,
    joinDelay: 100,
    identify: (message) => ({ id: message.json<Tick>().id }),
    heartbeat: { every: '1s', message: 'close all' },
    reconnect: '400ms',
    warmup: '200ms',
    duration: '1600ms',
    lateThreshold: '200ms',
    drainDuration: '200ms',
  })
  expect(run.sockets.reconnected).toBeGreaterThanOrEqual(3)
  expect(run.invalidities).toMatchObject([
    { reason: 'undecided', finding: expect.stringMatching(/^no client was connected for \d+ ms, in which the feed/) },
  ])
})

describe('the account of a feed', () => {
  const MS = 1000

  /** Two members by default; counting from 1 s to 3 s after `t`. */
  function feed({ clients = 2, ...options }: Partial<{ hasGroups: boolean; clients: number }> = {}) {
    const ledger = new DeliveryTracker({ clients, lateThresholdMs: 100, underWayMs: 100 })
    for (let client = 0; client < clients; client++)
      ledger.join(client, ledger.group(options.hasGroups === true ? 'a' : undefined))
    const source = new Feed(ledger, { hasGroups: false, lateThresholdMs: 100, ...options })
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
    /** Called before what the client receives afterwards. */
    const lose = (client: number, fromMs: number, untilMs: number) => {
      ledger.lost(client, t + fromMs * MS)
      ledger.back(client, t + untilMs * MS)
    }
    /** Called before what the clients receive afterwards. */
    const loseAll = (
      fromMs: number,
      untilMs?: number,
      lost = Array.from({ length: clients }, (_, client) => client),
    ) => {
      const groups = options.hasGroups === true ? ['a'] : []
      for (const client of lost) ledger.lost(client, t + fromMs * MS, groups)
      if (untilMs !== undefined) for (const client of lost) ledger.back(client, t + untilMs * MS, groups)
    }
    const recoveries = () => {
      source.close()
      const { tookMs, unfinishedMs, undecidedMs = [] } = ledger.recoveries(t + 4000 * MS)
      return [tookMs, undecidedMs, unfinishedMs].map((all) => all.map(Math.round))
    }
    return { ledger, source, receive, lose, loseAll, recoveries, t }
  }

  test('computes lag from time stamps, less the time of the fastest delivery', () => {
    const { ledger, source, receive } = feed()
    receive(0, 505, 1, { stampMs: 500 })
    receive(1, 540, 1, { stampMs: 500 })
    receive(0, 1520, 2, { stampMs: 1500 })
    receive(1, 1720, 2, { stampMs: 1500 })
    const figures = source.close()
    expect(ledger.counts(0)).toMatchObject({ expected: 2, onTime: 1, late: 1 })
    expect([...ledger.clientTable().maxUs].map((us) => Math.round(us / MS))).toEqual([15, 215])
    expect(figures).toMatchObject({ stamped: 4, isClockUnsteady: false, orderedBy: 'time stamps', driftMs: 0 })
    // The lag includes the difference of two readings of the wall clock.
    expect(figures.fastestMs).toBeCloseTo(60_005, -2)
  })

  /** Publications of a group, one every 40 ms of the counted time from 1,000 to 3,000 ms. */
  const publish = ({ receive }: ReturnType<typeof feed>, group: string, fromMs: number, untilMs: number) => {
    for (let atMs = fromMs; atMs < untilMs; atMs += 40)
      for (const client of [0, 1]) receive(client, atMs, atMs, { group, sequence: atMs / 40 })
  }

  test('reports groups that stop in a run without groups, unless groups come and go', () => {
    const stopped = feed()
    publish(stopped, 'a', 1_000, 3_000)
    publish(stopped, 'b', 1_000, 2_000)
    expect(stopped.source.close().silentGroups).toMatchObject({ count: 1, all: 2, first: 'b' })
    const changing = feed()
    publish(changing, 'a', 1_000, 3_000)
    publish(changing, 'b', 1_000, 2_000)
    publish(changing, 'c', 2_000, 3_000)
    expect(changing.source.close()).not.toHaveProperty('silentGroups')
    const steady = feed()
    publish(steady, 'a', 1_000, 3_000)
    for (const atMs of [1_400, 1_900, 2_600]) steady.receive(0, atMs, atMs, { group: 'rare', sequence: atMs })
    expect(steady.source.close()).not.toHaveProperty('silentGroups')
  })

  test('does not know the lag of publications without a time stamp, if others have one', () => {
    const { ledger, source, receive } = feed()
    receive(0, 505, 1, { stampMs: 500 })
    receive(0, 600, 2)
    for (const [at, id] of [3, 4, 5, 6].entries())
      for (const client of [0, 1])
        receive(client, 1510 + at * 100, id, id % 2 === 0 ? { stampMs: 1500 + at * 100 } : {})
    expect(source.close()).toMatchObject({ unstamped: { count: 2, id: '3' } })
    expect(ledger.counts(0)).toMatchObject({ expected: 8, received: 8, onTime: 4, late: 4, missing: 0 })
    expect(ledger.windows[0]!.lag).toMatchObject({ finiteCount: 4, infiniteCount: 4 })
    expect(ledger.publications.map(({ p95Ms, maxUs }) => [p95Ms, maxUs])[2]).toEqual([
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ])
  })

  test('knows all lags if no publication has a time stamp', () => {
    const { ledger, source, receive } = feed()
    for (const id of [3, 4]) for (const client of [0, 1]) receive(client, 1500 + client, id)
    expect(source.close()).not.toHaveProperty('unstamped')
    expect(ledger.counts(0)).toMatchObject({ onTime: 4, late: 0 })
  })

  test('reports an unsteady clock if a delivery was much faster than all before counting began', () => {
    const { source, receive } = feed()
    receive(0, 560, 1, { stampMs: 500 })
    receive(0, 1510, 2, { stampMs: 1500 })
    expect(source.close()).toMatchObject({ isClockUnsteady: true })
  })

  test('does not count publications from before counting began, also if they are replayed', () => {
    const { ledger, source, receive } = feed()
    receive(0, 500, 7, { sequence: 7, stampMs: 499 })
    receive(0, 1500, 8, { sequence: 8, stampMs: 1499 })
    receive(1, 1501, 8, { sequence: 8, stampMs: 1499 })
    receive(0, 1600, 5, { sequence: 5, stampMs: 400 })
    const figures = source.close()
    expect(figures).toMatchObject({ leftOut: 0, orderedBy: 'sequence' })
    expect(figures).not.toHaveProperty('fell')
    expect(ledger.counts(0)).toMatchObject({ expected: 2, missing: 0, outOfOrder: 0 })
  })

  test('does not count publications in flight when counting began, without stamps', () => {
    const { ledger, source, receive } = feed()
    for (const [at, sequence] of [900, 950, 1010, 1050].entries())
      for (const client of [0, 1]) receive(client, sequence, at, { sequence: [6, 8, 7, 9][at]! })
    expect(source.close()).not.toHaveProperty('fell')
    expect(ledger.counts(0)).toMatchObject({ expected: 2, missing: 0, outOfOrder: 0 })
  })

  describe.each([true, false])('numbered anew, with stamps: %s', (isStamped) => {
    /** Client 1 gets what `isFor` says. @param numbers one each 50 ms from 500 ms on */
    function numbered(
      numbers: readonly number[],
      isFor: (at: number) => boolean = () => true,
      stampedMs = (at: number) => 500 + at * 50,
    ) {
      const all = feed()
      for (const [at, sequence] of numbers.entries()) {
        const atMs = 500 + at * 50
        const more = isStamped ? { sequence, stampMs: stampedMs(at) - 1 } : { sequence }
        all.receive(0, atMs, at, more)
        if (isFor(at)) all.receive(1, atMs, at, more)
      }
      return { figures: all.source.close(), counts: all.ledger.counts(0) }
    }
    const count = (length: number, of: (at: number) => number) => Array.from({ length }, (_, at) => of(at))

    test('reports the fall of the sequence with both numbers', () => {
      const { figures } = numbered(count(50, (at) => (at < 30 ? 783 + at : at - 29)))
      expect(figures).toMatchObject({ fell: { count: 20, from: 812, to: 1 }, silentMs: undefined })
    })

    test('reports a fall below numbers of a warm-up that began at 1', () => {
      const { figures } = numbered(count(50, (at) => (at < 30 ? 1 + at : at - 29)))
      expect(figures).toMatchObject({ fell: { count: 20, from: 30, to: 1 } })
    })

    test.each([
      ['the lower first', 0],
      ['the higher first', 1],
    ])('reports a fall if two instruments are read as one, %s', (_, first) => {
      const two = count(50, (at) => (at >> 1) + (at % 2 === first ? 5 : 40))
      const { figures, counts } = numbered(two, (at) => at % 2 !== first)
      expect(figures.fell?.count).toBeGreaterThan(10)
      // By their stamps they were published, and client 1 misses all of one instrument.
      expect(counts.missing).toBeGreaterThanOrEqual(isStamped ? 20 : 0)
    })

    test('reports a fall of two instruments, one of which rarely publishes', () => {
      const { figures } = numbered(count(50, (at) => (at % 10 === 0 ? 5 + at / 10 : 1000 + at)))
      expect(figures.fell?.count).toBeGreaterThan(0)
    })

    test('reports no fall of publications that are slightly out of order', () => {
      const { figures } = numbered(count(50, (at) => (at % 2 === 0 ? at + 1 : at - 1)))
      expect(figures).not.toHaveProperty('fell')
    })

    test('reports no fall of a single publication that arrived much later than the next', () => {
      const numbers = [...count(20, (at) => at), ...count(10, (at) => 21 + at), 20, ...count(19, (at) => 31 + at)]
      const { figures } = numbered(numbers, undefined, (at) => 500 + numbers[at]! * 50)
      expect(figures).not.toHaveProperty('fell')
    })
  })

  test('compares order within the group that identify names, in a run without groups', () => {
    const { ledger, source, receive } = feed()
    for (let at = 0; at < 20; at++) {
      const [group, sequence] = at % 2 === 0 ? ['ETH', 5 + at / 2] : ['BTC', 1000 + (at - 1) / 2]
      for (const client of [0, 1]) receive(client, 900 + at * 50, at, { sequence, group })
    }
    receive(0, 1950, 99, { sequence: 4, group: 'ETH' })
    receive(0, 1951, 98, { sequence: 1010, group: 'BTC' })
    const figures = source.close()
    expect(figures).toMatchObject({ leftOut: 0, isNumbered: true })
    expect(ledger.counts(0)).toMatchObject({ outOfOrder: 0, missing: 1 })
    expect(figures.fell).toEqual({ count: 1, from: 14, to: 4 })
  })

  test('reports ids that are not unique if a client receives one with another sequence', () => {
    const { source, receive } = feed()
    for (let at = 0; at < 40; at++) receive(0, 500 + at * 50, at % 10, { sequence: at })
    expect(source.close()).toMatchObject({ reused: { count: 30, id: '0', first: 0, again: 10 }, stale: 30 })
  })

  test('reports no reused id if a message is sent twice', () => {
    const { source, receive } = feed()
    for (let at = 0; at < 20; at++) for (const ms of [0, 1]) receive(0, 1500 + at * 50 + ms, at, { sequence: at })
    expect(source.close()).not.toHaveProperty('reused')
  })

  test.each([
    ['seconds', 1 / 1000],
    ['microseconds', 1000],
  ])('reports time stamps in %s', (_, unit) => {
    const { source, receive } = feed()
    for (let at = 0; at < 40; at++) receive(0, 510 + at * 50, at, { sequence: at, stampMs: at * 50 * unit })
    expect(source.close()).toHaveProperty('badUnit')
  })

  test('reports time stamps that went back while the sequence rose, and no silence', () => {
    const { source, receive } = feed()
    for (let at = 0; at < 45; at++)
      receive(0, 510 + at * 50, at, { sequence: at, stampMs: 500 + at * 50 - (at < 30 ? 0 : 2000) })
    const figures = source.close()
    expect(figures).toMatchObject({ silentMs: undefined })
    expect(figures.wentBackMs).toBeCloseTo(1950)
    expect(figures).not.toHaveProperty('fell')
  })

  test('reports an unknown clock if no time stamp arrived before counting began', () => {
    const { source, receive } = feed()
    receive(0, 1510, 1, { stampMs: 1500 })
    expect(source.close()).toMatchObject({ isClockUnknown: true })
  })

  test('counts a number that no client received as missing for all, after the warm-up and before the last', () => {
    const { ledger, source, receive } = feed()
    for (const [at, sequence] of [500, 1500, 1700].entries()) {
      receive(0, sequence, at, { sequence: [1, 3, 6][at]! })
      receive(1, sequence, at, { sequence: [1, 3, 6][at]! })
    }
    expect(source.close()).toMatchObject({ leftOut: 3, isNumbered: true })
    expect(ledger.counts(0)).toMatchObject({ expected: 10, received: 4, missing: 6 })
  })

  describe('does not know whether a client has recovered if a sequence that nobody received', () => {
    const stamped = (atMs: number, sequence: number) => ({ sequence, stampMs: atMs })

    test.each([
      ['counted', 1400],
      ['before counting', 200],
      ['after counting', 2500],
    ])('may have been due meanwhile: %s', (_, fromMs) => {
      const { receive, lose, recoveries } = feed()
      for (const client of [0, 1]) receive(client, fromMs, 10, stamped(fromMs, 10))
      for (const client of [0, 1]) lose(client, fromMs + 100, fromMs + 600)
      for (const client of [0, 1]) receive(client, fromMs + 700, 13, stamped(fromMs + 700, 13))
      expect(recoveries()).toEqual([[], [500, 500], []])
    })

    test('may have been due meanwhile, as the next arrived early by another way', () => {
      const { receive, lose, recoveries } = feed()
      for (const client of [0, 1]) receive(client, 1400, 10, { sequence: 10 })
      for (const client of [0, 1]) lose(client, 1500, 2000)
      for (const client of [0, 1]) receive(client, 2010, 14, { sequence: 14 })
      for (const client of [0, 1]) receive(client, 2500, 11, { sequence: 11 })
      expect(recoveries()).toEqual([[], [500, 500], []])
    })

    test('but knows it if that sequence was certainly due while the client was away, or certainly not', () => {
      const { receive, lose, recoveries } = feed()
      receive(0, 1400, 10, stamped(1400, 10))
      receive(1, 1400, 10, stamped(1400, 10))
      lose(0, 1500, 2000)
      receive(1, 1600, 11, stamped(1600, 11))
      receive(1, 1700, 13, stamped(1700, 13))
      receive(0, 2010, 11, stamped(1600, 11))
      receive(0, 2020, 13, stamped(1700, 13))
      lose(1, 2300, 2400)
      for (const client of [0, 1]) receive(client, 2500, 14, stamped(2500, 14))
      expect(recoveries()).toEqual([[100], [], [2500]])
    })
  })

  describe('while no client is connected', () => {
    type Facts = (at: number) => { sequence?: number; stampMs?: number }
    const NOTHING: Facts = () => ({})
    const STAMPED: Facts = (at) => ({ stampMs: 499 + at * 50 })
    const NUMBERED: Facts = (at) => ({ sequence: 1 + at })
    const BOTH: Facts = (at) => ({ ...NUMBERED(at), ...STAMPED(at) })

    /**
     * A publication each 50 ms, from 500 ms on, to two clients that are both away for a time.
     *
     * @param outage.untilMs `undefined` if they never come back
     * @param outage.replayed ratio of the publications of that time that the clients receive afterwards
     */
    function interrupted(
      facts: Facts,
      {
        fromMs = 1525,
        untilMs = 2025,
        replayed = 0,
      }: { fromMs?: number; untilMs?: number | undefined; replayed?: number },
      lastMs = 3500,
    ) {
      const all = feed()
      const send = (at: number, atMs: number) => {
        for (const client of [0, 1]) all.receive(client, atMs, at, facts(at))
      }
      const count = (lastMs - 500) / 50
      const isAway = (at: number) => 500 + at * 50 > fromMs && 500 + at * 50 < untilMs
      let isOver = false
      for (let at = 0; at <= count; at++) {
        if (isAway(at)) continue
        if (!isOver && 500 + at * 50 > fromMs) {
          isOver = true
          all.loseAll(fromMs, untilMs === Number.POSITIVE_INFINITY ? undefined : untilMs)
          const missed = Array.from({ length: count }, (_, each) => each).filter(isAway)
          for (const each of missed.slice(0, missed.length * replayed)) send(each, untilMs + 1)
        }
        send(at, 500 + at * 50)
      }
      if (!isOver) all.loseAll(fromMs, untilMs === Number.POSITIVE_INFINITY ? undefined : untilMs)
      const figures = all.source.close()
      const { tookMs, unfinishedMs, undecidedMs = [] } = all.ledger.recoveries(all.t + 4000 * MS)
      return {
        figures,
        missing: all.ledger.counts(0).missing,
        recoveries: { took: tookMs.length, undecided: undecidedMs.length, unfinished: unfinishedMs.length },
      }
    }

    test.each<[string, Facts, number]>([
      ['neither sequences nor time stamps', NOTHING, 0],
      ['neither, and replays what was missed, as nothing shows its time', NOTHING, 1],
      ['time stamps', STAMPED, 0],
    ])('estimates what a feed published that has %s', (_, facts, replayed) => {
      const { figures, missing, recoveries } = interrupted(facts, { replayed })
      expect(figures.unseen).toMatchObject({ ms: expect.closeTo(500) })
      expect(figures.unseen!.publications).toBeGreaterThan(9)
      expect(figures.unseen!.deliveries).toBeCloseTo(2 * figures.unseen!.publications)
      expect(missing).toBe(0)
      expect(recoveries).toEqual({ took: 0, undecided: 2, unfinished: 0 })
    })

    test('subtracts replayed publications if time stamps show that they are of that time', () => {
      const whole = interrupted(STAMPED, { replayed: 1 })
      expect(whole.figures).not.toHaveProperty('unseen')
      expect(whole.recoveries).toEqual({ took: 2, undecided: 0, unfinished: 0 })
      const half = interrupted(STAMPED, { replayed: 0.5 })
      expect(half.figures.unseen!.publications).toBeCloseTo(4, 0)
      expect(half.recoveries).toEqual({ took: 0, undecided: 2, unfinished: 0 })
    })

    test('estimates nothing if sequences show what is missing', () => {
      for (const facts of [NUMBERED, BOTH]) {
        const { figures, missing } = interrupted(facts, {})
        expect(figures).not.toHaveProperty('unseen')
        expect(missing).toBe(20)
      }
    })

    test('does not know recoveries from replays without time stamps, which show no time', () => {
      expect(interrupted(NUMBERED, { replayed: 1 }).recoveries).toEqual({ took: 0, undecided: 2, unfinished: 0 })
      expect(interrupted(BOTH, { replayed: 1 }).recoveries).toEqual({ took: 2, undecided: 0, unfinished: 0 })
    })

    test.each<[string, Facts]>([
      ['with a sequence', NUMBERED],
      ['without', NOTHING],
    ])('estimates what was published until the end, but reports no silence: %s', (_, facts) => {
      const { figures, missing } = interrupted(facts, { fromMs: 2425, untilMs: 3225 })
      expect(figures).toMatchObject({ silentMs: undefined, unseen: { ms: expect.closeTo(575) } })
      expect(figures.unseen!.publications).toBeCloseTo(11.5, 0)
      expect(missing).toBe(0)
    })

    test('reports silence if no client is connected again', () => {
      const { figures, recoveries } = interrupted(NUMBERED, { fromMs: 2025, untilMs: Number.POSITIVE_INFINITY })
      expect(figures.silentMs).toBeCloseTo(1000, -1)
      expect(figures.unseen!.publications).toBeGreaterThan(15)
      expect(recoveries).toEqual({ took: 0, undecided: 0, unfinished: 2 })
    })

    test('estimates nothing while one client is connected', () => {
      const { source, receive, loseAll } = feed()
      for (let at = 0; at < 50; at++) {
        if (at === 20) loseAll(1500, 2000, [0])
        for (const client of [0, 1]) if (client === 1 || at < 20 || at > 30) receive(client, 510 + at * 50, at)
      }
      expect(source.close()).not.toHaveProperty('unseen')
    })

    test('names the group without a connected client', () => {
      const { ledger, source, receive, loseAll } = feed({ hasGroups: true, clients: 1 })
      ledger.join(1, ledger.group('b'))
      for (let at = 0; at < 50; at++) {
        if (at === 20) loseAll(1500, 2000, [0])
        if (at < 20 || at > 30) receive(0, 510 + at * 50, 2 * at, { group: 'a' })
        receive(1, 510 + at * 50, 2 * at + 1, { group: 'b' })
      }
      const { unseen, silentGroups } = source.close()
      expect(unseen).toMatchObject({ ms: expect.closeTo(500), group: 'a', groups: 1 })
      expect(unseen!.deliveries).toBeCloseTo(10, 0)
      expect(silentGroups).toBeUndefined()
    })

    test('estimates by the rate of the other groups if nothing of a group was received', () => {
      const { ledger, source, receive, loseAll } = feed({ hasGroups: true, clients: 1 })
      ledger.join(1, ledger.group('b'))
      loseAll(900, undefined, [0])
      for (let at = 0; at < 50; at++) receive(1, 510 + at * 50, at, { group: 'b' })
      expect(source.close().unseen).toMatchObject({ ms: expect.closeTo(2000), group: 'a', publications: 40 })
    })
  })

  test.each([
    ['rises by 2 each time', (at: number) => 2 * at, { step: 2, isNumbered: false }],
    ['rises by 2 nine times in ten', (at: number) => 2 * at + 2 * Math.floor(at / 10), { step: 2, isNumbered: false }],
    ['rises by 2 and by 1 in turns', (at: number) => at + Math.floor(at / 2), { isNumbered: true }],
    ['rises by 1 each time', (at: number) => at, { isNumbered: true }],
    [
      'rises by 0.5 nine times in ten',
      (at: number) => (at + Math.floor(at / 10)) / 2,
      { step: 0.5, isNumbered: false },
    ],
    [
      'rises by 0.5 or by 1, three to one',
      (at: number) => (at + Math.floor(at / 4)) / 2,
      { step: 0.5, isNumbered: false },
    ],
    ['rises by 0.1 each time', (at: number) => 1_700_000_000 + at / 10, { step: 0.1, isNumbered: false }],
    ['rises by 1 from a fraction', (at: number) => 1_700_000_000.1 + at, { isNumbered: true }],
    ['rises by 1.1 each time', (at: number) => 1e6 + 1.1 * at, { step: 1.1, isNumbered: false }],
    ['rises by 1 but once', (at: number) => (at === 20 ? 19.5 : at), { isNumbered: true }],
  ])('is numbered so that it %s', (_, sequenceOf, expected) => {
    const { ledger, source, receive } = feed()
    for (let at = 0; at < 40; at++)
      for (const client of [0, 1]) receive(client, 900 + at * 50, at, { sequence: sequenceOf(at) })
    const figures = source.close()
    expect(figures).toMatchObject(expected)
    expect('step' in figures).toBe('step' in expected)
    expect(ledger.counts(0).missing > 0).toBe(expected.isNumbered && figures.leftOut > 0)
  })

  test('does not judge the steps of fewer than six publications', () => {
    const { source, receive } = feed()
    for (let at = 0; at < 5; at++) receive(0, 1500 + at * 50, at, { sequence: 2 * at })
    expect(source.close()).not.toHaveProperty('step')
  })

  test('reports silence of a feed that stopped without mentioning the other receipts of its last publication', () => {
    const { source, receive } = feed({ clients: 50 })
    for (let at = 0; at < 20; at++)
      for (let client = 0; client < 50; client++) receive(client, 1010 + at * 45 + client / 50, at)
    // A late duplicate is no repeating feed.
    receive(0, 2500, 19)
    const figures = source.close()
    expect(figures.silentMs).toBeGreaterThan(1000)
    expect(figures).not.toHaveProperty('repeated')
  })

  test('reports a feed that published only before counting began', () => {
    const { source, receive } = feed()
    for (const atMs of [500, 600, 700]) receive(0, atMs, atMs)
    expect(source.close()).toMatchObject({ onlyBefore: 3, silentMs: undefined })
  })

  test('reports silence if messages repeat earlier ids, and counts them', () => {
    const { source, receive } = feed()
    for (let at = 0; at < 40; at++) receive(0, 1010 + at * 45, at % 20)
    const figures = source.close()
    expect(figures.repeated).toBe(20)
    expect(figures.silentMs).toBeGreaterThan(1000)
  })

  test('counts no skipped number as missing if most numbers are skipped', () => {
    const { ledger, source, receive } = feed()
    for (const [at, sequence] of [1000, 2000, 1_000_000_000].entries())
      for (const client of [0, 1]) receive(client, 1200 + at * 100, at, { sequence })
    expect(source.close()).toMatchObject({ isNumbered: false })
    expect(ledger.counts(0)).toMatchObject({ expected: 6, missing: 0 })
  })

  test('moves the instant of a publication to an earlier receipt', () => {
    const { ledger, receive } = feed()
    receive(0, 550, 1, { stampMs: 500 })
    receive(0, 1580, 2, { stampMs: 1500 })
    const publication = ledger.publications[1]!
    const shownMs = publication.intendedUs / MS
    // Receipts of other processes arrive in batches, not in the order of time.
    receive(1, 1530, 2, { stampMs: 1500 })
    expect(shownMs - publication.intendedUs / MS).toBeCloseTo(20)
    receive(1, 1700, 2, { stampMs: 1500 })
    expect(shownMs - publication.intendedUs / MS).toBeCloseTo(20)
  })

  test.each<[string, readonly { sequence?: number; stampMs?: number }[], number]>([
    [
      'sequences that fall while stamps rise',
      [
        { sequence: 2, stampMs: 1500 },
        { sequence: 1, stampMs: 1550 },
      ],
      1,
    ],
    [
      'sequences that rise while stamps fall',
      [
        { sequence: 1, stampMs: 1505 },
        { sequence: 2, stampMs: 1500 },
      ],
      0,
    ],
    ['stamps that fall', [{ stampMs: 1505 }, { stampMs: 1500 }], 1],
    ['stamps that rise', [{ stampMs: 1500 }, { stampMs: 1505 }], 0],
    ['nothing', [{}, {}], 0],
  ])('compares order by %s', (_, ticks, outOfOrder) => {
    const { ledger, source, receive } = feed()
    for (const [at, tick] of ticks.entries()) receive(0, 1600 + at * 50, at, tick)
    source.close()
    expect(ledger.counts(0)).toMatchObject({ outOfOrder })
  })

  test('keeps publications with a sequence, with a time stamp and with neither in separate orders', () => {
    const { ledger, source, receive } = feed()
    for (let at = 0; at < 60; at++) {
      const order = [{ sequence: 1 + at / 3 }, { stampMs: 500 + at * 20 }, {}][at % 3]!
      for (const client of [0, 1]) receive(client, 510 + at * 20, at, order)
    }
    const figures = source.close()
    expect(figures).toMatchObject({ orderedBy: 'sequence', leftOut: 0, isNumbered: true })
    expect(figures).not.toHaveProperty('fell')
    expect(figures).not.toHaveProperty('step')
    expect(ledger.counts(0)).toMatchObject({ outOfOrder: 0, missing: 0 })
  })

  test('counts disorder and gaps among the publications with a sequence, also if others have none', () => {
    const { ledger, source, receive } = feed()
    for (const [at, sequence] of [1, 2, undefined, 4, undefined, 5, 7, 6, undefined, 9].entries())
      for (const client of [0, 1]) receive(client, 1100 + at * 20, at, sequence === undefined ? {} : { sequence })
    expect(source.close()).toMatchObject({ leftOut: 2, isNumbered: true })
    expect(ledger.counts(0)).toMatchObject({ outOfOrder: 2, missing: 4 })
  })

  test('orders a message without the sequence of its publication by that sequence', () => {
    const { ledger, source, receive } = feed()
    for (const id of [1, 2, 3]) {
      receive(0, 1500 + id * 50, id, { sequence: id })
      receive(1, 1500 + id * 50, id, id === 2 ? { stampMs: 1600 } : { sequence: id })
    }
    source.close()
    expect(ledger.counts(0)).toMatchObject({ outOfOrder: 0 })
  })

  test('counts early messages of known publications, and ignores others', () => {
    const { ledger, source, receive } = feed()
    receive(0, 1500, 1)
    expect(source.receiveEarly(1, sightingOf({ id: 'session' }), nowUs())).toBe(false)
    expect(source.receiveEarly(1, sightingOf({ id: 1 }), nowUs())).toBe(true)
    expect(ledger.counts(0)).toMatchObject({ expected: 2, received: 2 })
  })

  test.each([
    ['a later sequence', { sequence: 9 }, true],
    ['a sequence below all others', { sequence: 2 }, false],
    ['a time stamp', { publishedAtMs: Date.now() }, true],
    ['neither', {}, false],
  ])(
    'counts early messages of new publications, replayed to the first client that is back, if they have %s',
    (_, facts, isCounted) => {
      const { source, receive, loseAll } = feed()
      receive(0, 1500, 1, { sequence: 3 })
      loseAll(1600, 2000)
      expect(source.receiveEarly(1, sightingOf({ id: 2, ...facts }), nowUs())).toBe(isCounted)
    },
  )

  test('ignores early messages without a group of the run', () => {
    const { source, receive } = feed({ hasGroups: true })
    receive(0, 1500, 1, { sequence: 3, group: 'a' })
    for (const facts of [{ sequence: 9 }, { publishedAtMs: Date.now() }, { sequence: 9, group: 'other' }])
      expect(source.receiveEarly(1, sightingOf({ id: 2, ...facts }), nowUs())).toBe(false)
  })

  test('reports no problem of regular time stamps, or without any', () => {
    for (const isStamped of [true, false]) {
      const { source, receive } = feed()
      for (let at = 0; at < 50; at++)
        receive(0, 510 + at * 50, at, isStamped ? { sequence: at, stampMs: 500 + at * 50 } : { sequence: at })
      const figures = source.close()
      for (const name of ['isClockUnknown', 'wentBackMs', 'badUnit', 'fell', 'reused', 'stale', 'repeated', 'step'])
        expect(figures).not.toHaveProperty(name)
      expect(figures.silentMs).toBeUndefined()
      expect(figures.fastestMs === undefined).toBe(!isStamped)
    }
  })

  test.each<[string, (at: number) => number, (at: number) => number | undefined]>([
    ['its sequence falls', (at) => (at < 20 ? 100 + at : at - 19), () => undefined],
    ['its stamps go back', (at) => at, (at) => 500 + at * 50 - (at < 20 ? 0 : 100)],
    ['its stamps are in seconds', (at) => at, (at) => 500 + at / 20],
  ])('reports no silence in addition if %s', (_, sequenceOf, stampOf) => {
    const { source, receive } = feed()
    for (let at = 0; at < 30; at++) {
      const stampMs = stampOf(at)
      receive(0, 510 + at * 50, at, { sequence: sequenceOf(at), ...(stampMs === undefined ? {} : { stampMs }) })
    }
    expect(source.close()).toMatchObject({ silentMs: undefined })
  })

  test.each([
    ['one', [1100], true],
    ['four', [1100, 1150, 1200, 1250], true],
    ['one in the middle', [2000], false],
    ['two, far apart', [1500, 2400], false],
  ])('reports silence of a feed that published little: %s', (_, times, isSilent) => {
    const { source, receive } = feed()
    for (const [id, atMs] of times.entries()) receive(0, atMs, id)
    expect(source.close().silentMs === undefined).toBe(!isSilent)
  })

  test('reports silence only if the feed stops', () => {
    for (const [last, isSilent] of [
      [30, true],
      [49, false],
    ] as const) {
      const { source, receive } = feed()
      for (let at = 0; at <= last; at++) receive(0, 510 + at * 50, at, { sequence: at })
      expect(source.close().silentMs === undefined).toBe(!isSilent)
    }
  })

  test('does not report a clock that was set back if no sequence shows the order', () => {
    const { source, receive } = feed()
    for (let at = 0; at < 50; at++) receive(0, 510 + at * 50, at, { stampMs: 500 + at * 50 - (at % 10 === 9 ? 80 : 0) })
    expect(source.close()).not.toHaveProperty('wentBackMs')
  })

  test.each([
    ['9 ms', 9, false],
    ['50 ms', 50, true],
  ])('compares time stamps that went back by %s with the limit', (_, backMs, isNamed) => {
    const { source, receive } = feed()
    for (let at = 0; at < 50; at++)
      receive(0, 510 + at, at, { sequence: at, stampMs: 500 + at - (at < 30 ? 0 : backMs) })
    expect('wentBackMs' in source.close()).toBe(isNamed)
  })

  test.each([
    ['ten', 12, true],
    ['eleven', 13, false],
  ])('is numbered one by one up to ten numbers left out for each publication: %s', (_, sequence, isNumbered) => {
    const { source, receive } = feed()
    receive(0, 500, 1, { sequence: 1 })
    receive(0, 1500, 2, { sequence })
    expect(source.close()).toMatchObject({ isNumbered })
  })

  test.each<[string, readonly (readonly [client: number, sequence: number | undefined])[]]>([
    [
      'another client gets it with another sequence',
      [
        [0, 1],
        [1, 2],
      ],
    ],
    [
      'it comes again without a sequence',
      [
        [0, 1],
        [0, undefined],
      ],
    ],
    [
      'it comes again with the same sequence',
      [
        [0, 1],
        [0, 1],
      ],
    ],
  ])('reports no reused id if %s', (_, receipts) => {
    const { source, receive } = feed()
    for (const [at, [client, sequence]] of receipts.entries())
      receive(client, 1500 + at, 1, sequence === undefined ? {} : { sequence })
    expect(source.close()).not.toHaveProperty('reused')
  })

  test('compares the clock with the fastest delivery before counting began, in any order', () => {
    const { source, receive } = feed()
    receive(0, 530, 1, { stampMs: 500 })
    receive(0, 605, 2, { stampMs: 600 })
    receive(0, 740, 3, { stampMs: 700 })
    receive(0, 1505, 4, { stampMs: 1500 })
    receive(0, 1602, 5, { stampMs: 1600 })
    receive(0, 1704, 6, { stampMs: 1700 })
    const figures = source.close()
    expect(figures.isClockUnsteady).toBe(false)
    expect(figures.driftMs).toBeCloseTo(3)
  })

  test('reports no wrong unit of time stamps that go back', () => {
    const { source, receive } = feed()
    for (let at = 0; at < 40; at++) receive(0, 1010 + at * 50, at, { stampMs: 1000 - at })
    expect(source.close()).not.toHaveProperty('badUnit')
  })

  test('reports no order without sequences and time stamps', () => {
    const { source, receive } = feed()
    receive(0, 1500, 1)
    expect(source.close()).toMatchObject({ orderedBy: undefined })
  })

  test('reports no stale messages if none arrived while deliveries were counted', () => {
    const { source, receive } = feed()
    for (const atMs of [500, 600, 3500]) receive(0, atMs, 1)
    expect(source.close()).not.toHaveProperty('stale')
  })

  test.each([
    ['in milliseconds', 1, 40, false],
    ['in milliseconds, and far slower than our clock', 0.11, 40, false],
    ['slower still', 0.09, 40, true],
    ['far faster than our clock', 99, 40, false],
    ['faster still', 101, 40, true],
    ['in seconds, but of a short time', 0.001, 9, false],
  ])('checks the unit of time stamps %s', (_, unit, count, isBad) => {
    const { source, receive } = feed()
    for (let at = 0; at < count; at++) receive(0, 1010 + at * 50, at, { sequence: at, stampMs: 1000 + at * 50 * unit })
    expect('badUnit' in source.close()).toBe(isBad)
  })

  describe('in a run with groups', () => {
    /** Rooms a and b, with one client each. Room a publishes all the time. @param numbersOfB publications of b, each 50 ms */
    function rooms(numbersOfB: readonly number[], more: { lastOfA?: number; change?: (parts: Rooms) => void } = {}) {
      const parts = feed({ hasGroups: true, clients: 1 })
      const { ledger, source, receive, t } = parts
      ledger.join(1, ledger.group('b'))
      more.change?.({ ledger, t })
      for (let at = 0; at < 50; at++) {
        if (at <= (more.lastOfA ?? 49)) receive(0, 510 + at * 50, at, { group: 'a' })
        if (numbersOfB.includes(at)) receive(1, 510 + at * 50, at, { group: 'b' })
      }
      const { silentGroups, silentMs, onlyBefore } = source.close()
      return { silentGroups, isSilent: silentMs !== undefined || onlyBefore !== undefined }
    }
    interface Rooms {
      readonly ledger: DeliveryTracker
      readonly t: number
    }
    const ALL = Array.from({ length: 50 }, (_, at) => at)
    const NOTHING = { count: 1, all: 2, first: 'b', silentMs: undefined }

    test.each([
      ['publishes nothing', [], NOTHING],
      ['stops during the warm-up', [0, 1, 2, 3], NOTHING],
      ['stops', ALL.slice(0, 20), { ...NOTHING, silentMs: expect.closeTo(1540, -1) }],
      ['stops after many', ALL.slice(10, 35), { ...NOTHING, silentMs: expect.closeTo(790, -1) }],
      ['publishes until the end', ALL, undefined],
      ['stops after one publication', [11], { ...NOTHING, silentMs: expect.closeTo(1940, -1) }],
      ['stops after four', [10, 11, 12, 13], { ...NOTHING, silentMs: expect.closeTo(1840, -1) }],
      ['stops after six', [10, 12, 14, 16, 18, 20], { ...NOTHING, silentMs: expect.closeTo(1490, -1) }],
      ['publishes rarely', [15, 30], undefined],
      ['may have stopped by chance', [10, 14, 18, 22, 26], undefined],
    ])('reports a group that %s', (_, numbersOfB, silentGroups) => {
      expect(rooms(numbersOfB)).toEqual({ silentGroups, isSilent: false })
    })

    test('reports no group that published as often as the others', () => {
      expect(rooms([11, 12], { lastOfA: 10 })).toEqual({ silentGroups: undefined, isSilent: true })
      const parts = feed({ hasGroups: true, clients: 1 })
      parts.ledger.join(1, parts.ledger.group('b'))
      for (const [client, group] of ['a', 'b'].entries()) parts.receive(client, 1100, client, { group })
      parts.receive(0, 2900, 2, { group: 'a' })
      expect(parts.source.close()).not.toHaveProperty('silentGroups')
    })

    test('reports no single group if the whole feed stops', () => {
      expect(rooms([1, 2], { lastOfA: 20 })).toEqual({ silentGroups: undefined, isSilent: true })
      expect(rooms([], { lastOfA: 5 })).toEqual({ silentGroups: undefined, isSilent: true })
    })

    test.each([
      ['no clients', 4000, undefined],
      ['clients for a short time', 2950, undefined],
      ['clients for a long time', 1500, NOTHING],
    ])('reports a silent group only if it has clients for long enough: %s', (_, joinMs, silentGroups) => {
      const change = ({ ledger, t }: Rooms) => {
        ledger.beginMove(1, ledger.group('b'), t)
        ledger.leave(1, ledger.group('b'), true)
        ledger.join(1, ledger.group('b'), t + joinMs * MS)
      }
      expect(rooms([], { change }).silentGroups).toEqual(silentGroups)
    })

    test('does not count the time after all clients left a group', () => {
      const change = ({ ledger, t }: Rooms) => ledger.beginMove(1, ledger.group('b'), t + 2000 * MS)
      expect(rooms(ALL.slice(0, 30), { change }).silentGroups).toBeUndefined()
    })
  })

  test('requires a group from identify in a run with groups', () => {
    const { ledger, source, receive } = feed({ hasGroups: true })
    receive(0, 1500, 1, { group: 'a' })
    receive(1, 1500, 1, { group: 'b' })
    source.close()
    expect(ledger.counts(0)).toMatchObject({ expected: 2, received: 1, missing: 1, unexpected: 1 })
    expect(() => receive(0, 1600, 2)).toThrow(ScenarioError)
  })
})
