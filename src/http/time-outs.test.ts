import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { constantArrivalRate, constantVus, rampingVus, sharedIterations } from '../load/builders.ts'
import type { StageOption } from '../load/load-options.ts'
import type { Load } from '../load/load.ts'
import { engineFor } from '../testing/scripted-server.ts'

/** Responds to everything after 400 ms. */
const server = createServer((request, response) => {
  request.resume()
  setTimeout(() => response.end('ok'), 400)
})

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

describe('a time-out of 250 ms against responses after 400 ms', () => {
  const stages: StageOption[] = [
    { target: 20, duration: '500ms' },
    { target: 20, duration: '700ms' },
  ]
  test.each<[string, Load]>([
    ['constantVus without think time', constantVus({ vus: 20, duration: '1200ms' })],
    ['constantVus with think time', constantVus({ vus: 20, duration: '1200ms', thinkTime: { min: 5, max: 60 } })],
    ['rampingVus', rampingVus({ stages })],
    ['sharedIterations', sharedIterations({ iterations: 150, vus: 20 })],
    ['an open model with a backlog', constantArrivalRate({ rate: 200, vus: 15, duration: '1200ms' })],
    ['an open model without a backlog', constantArrivalRate({ rate: 100, vus: 40, duration: '1200ms' })],
  ])('counts every request as a time-out with %s', async (_, load) => {
    const { http } = engineFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const run = await http.run({ load, timeout: '250ms', abortWhen: false, request: { path: '/' } })
    expect(run.sent).toBeGreaterThan(50)
    expect([...run.errors]).toEqual([['timeout', run.sent]])
    expect(run.statuses.size).toBe(0)
    if (run.state !== 'measured') throw new Error('nothing measured')
    // Each time-out is followed by a new connection; opening it counts towards the time-out, not the service time.
    const { failed } = run
    if (failed.state !== 'measured') throw new Error('nothing failed')
    expect(failed.serviceTime.p50Ms).toBeGreaterThan(200)
    expect(failed.serviceTime.p50Ms).toBeLessThan(400)
  })
})
