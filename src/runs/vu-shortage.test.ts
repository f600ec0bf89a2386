import { describe, expect, test } from 'vitest'
import { totalsOf, WHOLE_RUN } from '../execution/request-scope.ts'
import type { VuDemand } from '../execution/vu-demand.ts'
import { constantArrivalRate, rampingArrivalRate } from '../load/builders.ts'
import type { Load } from '../load/load.ts'
import { every, measured, series, type SampleRequest } from '../testing/sample-measurement.ts'
import { httpInvalidities } from './request-invalidities.ts'
import { vuShortage } from './vu-shortage.ts'

/** Steady from 4.5 to 6.5 s, spike until 8 s; the load begins at 2.5 s. */
function shortageOf(
  requests: readonly SampleRequest[],
  vuDemand: VuDemand | undefined,
  load: Load = constantArrivalRate({ rate: 400, vus: 1, duration: '9s' }),
) {
  const run = measured([series('a', undefined, requests)], { load, vuDemand })
  return vuShortage(run, totalsOf(run.series, run.phases, WHOLE_RUN))
}

const dropped = every(10, 4500, 6500, { dropped: true })
const responded = every(100, 4500, 6500, { latencyMs: 250 })

describe('vuShortage', () => {
  test('returns the number of VUs that the load needs', () => {
    expect(shortageOf([...dropped, ...responded], { vus: 1, lightMs: 250, busyMs: 250, patienceMs: 10_000 })).toEqual({
      isMaterial: true,
      invalidity: {
        reason: 'offered-rate-missed',
        finding:
          '200 of 220 requests were dropped because no VU was free: at 400/s, iterations that take 250 ms under light ' +
          'load keep 100 VUs busy, and the run had 1',
        fix: 'raise vus to 150, which leaves room for bursts, or lower the rate',
      },
    })
  })

  test('is immaterial if at most 1% was dropped', () => {
    const requests = (drops: number) => [...every(10, 4500, 6500, { latencyMs: 250 }), ...dropped.slice(0, drops)]
    expect(shortageOf(requests(2), { vus: 50, lightMs: 250, busyMs: 250, patienceMs: 10_000 })?.isMaterial).toBe(false)
    expect(shortageOf(requests(3), { vus: 50, lightMs: 250, busyMs: 250, patienceMs: 10_000 })?.isMaterial).toBe(true)
    expect(
      shortageOf(requests(0), { vus: 50, lightMs: 250, busyMs: 250, patienceMs: 10_000 })?.invalidity.finding,
    ).toMatch(/^requests waited for a free VU: at 400\/s/)
  })

  test('is undefined if a VU was always free, or if the VUs carry the rate under light load', () => {
    expect(shortageOf(dropped, undefined)).toBeUndefined()
    expect(shortageOf(dropped, { vus: 150, lightMs: 250, busyMs: 250, patienceMs: 10_000 })).toBeUndefined()
    expect(shortageOf(dropped, { vus: 149, lightMs: 250, busyMs: 250, patienceMs: 10_000 })).toBeDefined()
  })

  test('covers only the seconds whose rate needs more VUs', () => {
    // 40/s from 4.5 s on, 400/s from 6.5 s on.
    const load = rampingArrivalRate({
      startRate: 40,
      stages: [
        { target: 40, duration: '4s' },
        { target: 400, duration: '1ms' },
        { target: 400, duration: '3s' },
      ],
      vus: 20,
    })
    const demand = { vus: 20, lightMs: 250, busyMs: 250, patienceMs: 10_000 }
    expect(shortageOf(every(10, 4500, 5900, { dropped: true }), demand, load)).toBeUndefined()
    expect(shortageOf(every(10, 7000, 8000, { dropped: true }), demand, load)?.invalidity.finding).toMatch(
      /^100 of 100 requests were dropped .* keep 100 VUs busy, and the run had 20$/,
    )
  })
})

describe('an aborted run', () => {
  const abort = {
    abortReason: 'p95 900 ms over the last 10s, limit 500 ms',
    abortCause: 'target or generator',
  } as const
  const load = constantArrivalRate({ rate: 400, vus: 1, duration: '9s' })
  const few = { vus: 1, lightMs: 250, busyMs: 250, patienceMs: 10_000 }
  const reasonsOf = (more: Parameters<typeof measured>[1]) => {
    const run = measured([series('a', undefined, responded)], { load, ...abort, ...more })
    return httpInvalidities(run, totalsOf(run.series, run.phases, WHOLE_RUN), WHOLE_RUN)
  }

  test('with too few VUs is invalid, because they may be the cause', () => {
    expect(reasonsOf({ vuDemand: few }).map(({ reason, blame }) => [reason, blame])).toEqual([
      ['offered-rate-missed', undefined],
      ['aborted', undefined],
    ])
  })

  test('with enough VUs fails, and so does one that the target certainly caused', () => {
    expect(reasonsOf({}).map(({ reason, blame }) => [reason, blame])).toEqual([['aborted', 'target']])
    const certain = reasonsOf({ vuDemand: few, abortCause: 'target' })
    expect(certain.map(({ reason, blame }) => [reason, blame])).toEqual([['aborted', 'target']])
  })
})
