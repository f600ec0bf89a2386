import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { evidenceOf } from '../evidence/evidence.ts'
import { constantArrivalRate } from '../load/builders.ts'
import '../matchers/register.ts'
import { response, engineFor, scriptedServer } from '../testing/scripted-server.ts'

const request = { path: '/x' }
const later = (ms: number) => ({
  onRequest: (socket: Socket) => void setTimeout(() => socket.write(response()), ms),
})

describe('requests dropped for lack of a free VU', () => {
  test('make the run invalid if there were too few VUs for a target that is well within the limit', async () => {
    await using server = await scriptedServer(later(20))
    const { http } = engineFor(server.url)
    const load = constantArrivalRate({ rate: 400, vus: 1, duration: '1s' })
    const run = await http.run({ load, request, maxQueueTime: '10ms' })
    expect(run.dropped).toBeGreaterThan(300)
    for (const call of [
      () => expect(run).toHaveP95Below(500),
      () => expect(run).not.toHaveP95Below(500),
      () => expect(run).toHaveErrorRateBelow(0.01),
      () => expect(run).not.toHaveErrorRateBelow(0.01),
      () => expect(run.good).toHaveP50Below(500),
    ])
      expect(call).toThrow(/offered-rate-missed: \d+ of 400 requests were dropped because no VU was free: at 400\/s/)
    expect(run.warnings.join()).toMatch(/vus: 1 cannot carry 400\/s of iterations that take 2\d(\.\d)? ms each/)
    expect(run.result().invalidities.map(({ reason }) => reason)).toContain('offered-rate-missed')
  })

  test.for<[string, number]>([
    ['are too few for the load', 100],
    ['would be enough at the usual speed, but the target slowed down', 3],
  ])('make a step or tag invalid that they would have reached, if VUs %s', async ([, fastMs]) => {
    let logins = 0
    await using server = await scriptedServer({
      onRequest(socket, head) {
        const isLogin = head.includes(' /login')
        setTimeout(() => socket.write(response()), isLogin ? (++logins < 5 ? fastMs : 100) : 0)
      },
    })
    const { http } = engineFor(server.url)
    const run = await http.run({
      load: constantArrivalRate({ rate: 100, vus: 1, duration: '2s' }),
      steps: [
        { name: 'login', request: { path: '/login' } },
        { name: 'me', request: () => ({ path: '/me', tag: 'own' }) },
      ],
      maxQueueTime: '10ms',
    })
    expect(run.step('me').dropped).toBe(0)
    for (const scope of [run.step('me'), run.tag('own'), run.step('me').good])
      for (const call of [() => expect(scope).toHaveP50Below(50), () => expect(scope).not.toHaveP50Below(1_000)])
        expect(call).toThrow(/offered-rate-missed: \d+ of 200 [^]* were dropped because no VU was free/)
    expect(() => expect(run.step('me')).toHaveErrorRateBelow(0.2)).toThrow(/offered-rate-missed/)
    expect(() => expect(run.step('me')).toHaveStatusRateBelow(429, 0.2)).toThrow(/offered-rate-missed/)
    expect(
      run
        .step('me')
        .result()
        .invalidities.map(({ reason }) => reason),
    ).toContain('offered-rate-missed')
  })

  test('are judged by the duration of iterations without an error', async () => {
    await using server = await scriptedServer({
      onRequest(socket, _head, number) {
        if (number % 2 === 0) socket.write(response('', { status: '503 Service Unavailable' }))
        else setTimeout(() => socket.write(response()), 60)
      },
    })
    const { http } = engineFor(server.url)
    const load = constantArrivalRate({ rate: 100, vus: 1, duration: '1s' })
    const run = await http.run({ load, request, maxQueueTime: '10ms', abortWhen: false })
    expect(run.warnings.join()).toMatch(/vus: 1 cannot carry 100\/s of iterations that take [67]\d(\.\d)? ms each/)
  })

  test('make the run invalid if think times kept the VUs busy', async () => {
    await using server = await scriptedServer(later(0))
    const { http } = engineFor(server.url)
    const load = constantArrivalRate({ rate: 50, vus: 5, duration: '1s' })
    const run = await http.run({
      load,
      steps: [
        { name: 'open', request, thinkTime: '500ms' },
        { name: 'close', request },
      ],
      maxQueueTime: '10ms',
    })
    expect(() => expect(run.step('open')).toHaveErrorRateBelow(0.1)).toThrow(/keep 2\d VUs busy, and the run had 5/)
    expect(() => expect(run.step('open')).not.toHaveErrorRateBelow(0.1)).toThrow(/offered-rate-missed/)
  })

  test("are the target's errors if it stalled", async () => {
    const startMs = performance.now()
    let nextMs = startMs
    await using server = await scriptedServer({
      onRequest(socket) {
        const sinceMs = performance.now() - startMs
        if (sinceMs > 700 && sinceMs < 1_700) nextMs = startMs + 1_700
        setTimeout(() => socket.write(response()), Math.max(0, nextMs - performance.now()))
      },
    })
    const { http } = engineFor(server.url)
    const load = constantArrivalRate({ rate: 200, vus: 10, duration: '2s' })
    const run = await http.run({ load, request, maxQueueTime: '300ms' })
    expect(run.dropped).toBeGreaterThan(50)
    const { vuShortage, hint, histogram } = run[evidenceOf]()
    expect(vuShortage).toBeUndefined()
    expect(histogram.percentileUs(0.95)).toBe(Infinity)
    expect(hint).toMatch(
      /^find out what slows the target down under load: \d+ requests were dropped because the target kept all 10 VUs waiting. Under light load an iteration took /,
    )
    expect(run.warnings).toEqual([])
  })

  test('make the run invalid if the target became slower under load but stayed within the limit', async () => {
    let inFlight = 0
    await using server = await scriptedServer({
      onRequest(socket) {
        setTimeout(
          () => {
            inFlight--
            socket.write(response())
          },
          inFlight++ < 2 ? 20 : 90,
        )
      },
    })
    const { http } = engineFor(server.url)
    const load = constantArrivalRate({ rate: 200, vus: 10, duration: '2s' })
    const run = await http.run({ load, request, maxQueueTime: '250ms', abortWhen: false })
    expect(run.dropped).toBeGreaterThan(50)
    expect(run[evidenceOf]().vuShortage).toBeUndefined()
    for (const call of [
      () => expect(run).toHaveP95Below(900),
      () => expect(run).not.toHaveP95Below(900),
      () => expect(run).toHaveErrorRateBelow(0.01),
      () => expect(run).not.toHaveErrorRateBelow(0.01),
    ])
      expect(call).toThrow(/offered-rate-missed: \d+ of 400 requests .* because all 10 VUs were busy/)
    // The sent requests alone exceed this limit.
    expect(() => expect(run).toHaveP95Below(40)).toThrow(/^(?![^]*because all 10 VUs were busy)/)
  })

  test("are the target's errors if its responses slow down with the load", async () => {
    // One at a time, 20 ms each: 50/s.
    let freeMs = 0
    await using server = await scriptedServer({
      onRequest(socket) {
        freeMs = Math.max(freeMs, performance.now()) + 20
        setTimeout(() => socket.write(response()), freeMs - performance.now())
      },
    })
    const { http } = engineFor(server.url)
    const load = constantArrivalRate({ rate: 250, vus: 40, duration: '2s' })
    const run = await http.run({ load, request, maxQueueTime: '100ms' })
    expect(run.dropped).toBeGreaterThan(200)
    expect(run[evidenceOf]().vuShortage).toBeUndefined()
  })
})
