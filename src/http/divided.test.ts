import { describe, expect, test } from 'vitest'
import { constantArrivalRate, constantVus, sharedIterations } from '../load/builders.ts'
import { unique } from '../load/data.ts'
import type { Load } from '../load/load.ts'
import { divisions } from '../testing/divisions.ts'
import { engineFor, response, scriptedServer } from '../testing/scripted-server.ts'

const ROWS = Array.from({ length: 12 }, (_, row) => ({ row }))

/** Requests of a run that generators divide: what each can depend on, in the order of VUs. */
async function requestsOf(load: Load, generators: number) {
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
  const made: string[] = []
  const vus: number[][] = []
  const runs = await Promise.all(
    divisions(generators).map((division, index) => {
      const { http } = engineFor(server.url, generators === 1 ? {} : { divide: () => division })
      const own = new Set<number>()
      return http
        .run({
          load,
          data: unique(ROWS),
          request: ({ vu, iteration, random }) => {
            own.add(vu.id)
            made.push(`VU ${vu.id}, iteration ${iteration}, row ${vu.data.row}, drawn ${random.next()}`)
            return { path: '/' }
          },
        })
        .finally(() => (vus[index] = [...own].toSorted((a, b) => a - b)))
    }),
  )
  return { made: made.toSorted(), vus, runs, accepted: server.accepted }
}

describe('a load divided among generators', () => {
  test('has the requests of one generator, with the same VUs, rows and random numbers', async () => {
    const load = constantArrivalRate({ rate: 24, vus: 12, duration: 500 })
    const whole = await requestsOf(load, 1)
    const divided = await requestsOf(load, 3)
    expect(whole.made).toHaveLength(12)
    expect(divided.made).toEqual(whole.made)
    expect(divided.vus).toEqual([
      [0, 3, 6, 9],
      [1, 4, 7, 10],
      [2, 5, 8, 11],
    ])
    expect(divided.runs.map(({ sent }) => sent)).toEqual([4, 4, 4])
    // One connection for each VU, and one of each preflight.
    expect([whole.accepted, divided.accepted]).toEqual([13, 15])
  })

  test('begins at the same instant on all generators', async () => {
    const { runs } = await requestsOf(constantVus({ vus: 4, duration: 300, thinkTime: '1s' }), 2)
    const [first, second] = runs.map((run) => run.durationMs)
    expect(first).toBe(second)
    expect(runs.map(({ sent }) => sent).reduce((sum, sent) => sum + sent)).toBe(2)
  })

  test('has every shared iteration once, and generators without a VU end with nothing sent', async () => {
    const { made, vus, runs } = await requestsOf(sharedIterations({ iterations: 50, vus: 2 }), 4)
    expect(made).toHaveLength(50)
    expect(vus).toEqual([[0], [1], [], []])
    expect(runs.map(({ state }) => state)).toEqual(['measured', 'measured', 'empty', 'empty'])
    expect(runs.reduce((sum, { offered }) => sum + offered, 0)).toBe(50)
  })

  test('checks unique rows against the VUs of all generators', async () => {
    const load = constantVus({ vus: 13, duration: 300 })
    await expect(requestsOf(load, 4)).rejects.toThrow('data: 12 rows for 13 VUs, but each VU needs its own')
  })
})
