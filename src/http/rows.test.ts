import { expect, test } from 'vitest'
import { constantArrivalRate, constantVus, sharedIterations } from '../load/builders.ts'
import { rows, type DataOptions } from '../load/data.ts'
import type { Load } from '../load/load.ts'
import { divisions } from '../testing/divisions.ts'
import { engineFor, response, scriptedServer } from '../testing/scripted-server.ts'
import { bearerAuth } from './auth/auth.ts'
import type { HttpLoadOptions } from './types.ts'

const USERS = Array.from({ length: 24 }, (_, user) => ({ user }))
/** 12 iterations, each of which finds a free VU even if all of them are late. */
const arrivals = constantArrivalRate({ rate: 60, vus: 12, duration: 200 })

/** The requests `iterationInTest:user` of a run with rows per iteration, of all generators. */
async function sentBy(load: Load, options: DataOptions = {}, generators = 1): Promise<string[]> {
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
  const sent: string[] = []
  await Promise.all(
    divisions(generators).map((division) => {
      const { http } = engineFor(server.url, generators === 1 ? {} : { divide: () => division })
      return http.run({
        load,
        data: rows(USERS, { assignment: 'per-iteration', ...options }),
        request: ({ vu, iterationInTest }) => {
          sent.push(`${iterationInTest}:${vu.data.user}`)
          return { path: '/' }
        },
      })
    }),
  )
  return sent.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
}

test('assigns a row to each arrival in order, whatever the number of generators', async () => {
  const inOrder = Array.from({ length: 12 }, (_, at) => `${at}:${at}`)
  expect(await sentBy(arrivals, { unique: true })).toEqual(inOrder)
  expect(await sentBy(arrivals, { unique: true }, 3)).toEqual(inOrder)
})

test('draws the same random rows for the arrivals, whatever the number of generators', async () => {
  const drawn = await sentBy(arrivals, { order: 'random' })
  expect(drawn).toHaveLength(12)
  expect(await sentBy(arrivals, { order: 'random' }, 2)).toEqual(drawn)
})

test('assigns each row once to shared iterations of several generators', async () => {
  const sent = await sentBy(sharedIterations({ iterations: 24, vus: 4 }), { unique: true, order: 'random' }, 2)
  expect(sent.map((text) => Number.parseInt(text, 10))).toEqual(USERS.map(({ user }) => user))
  expect(new Set(sent.map((text) => text.split(':')[1])).size).toBe(24)
})

test('ends the run when each iteration needs its own row and all are used', async () => {
  const load = constantVus({ vus: 2, duration: '10s' })
  await expect(sentBy(load, { unique: true })).rejects.toThrow(
    'data: all 24 rows are used, but each iteration needs its own\nFix: add rows, or reduce the duration or the number of VUs',
  )
})

/** The error of a run in which this option reads `vu.data` too early. */
async function errorOf(options: Partial<HttpLoadOptions<{ user: number }>>): Promise<unknown> {
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
  const data = rows(USERS, { assignment: 'per-iteration' })
  return engineFor(server.url)
    .http.run({ load: arrivals, data, request: { path: '/' }, ...options })
    .catch((error: unknown) => error)
}

test('explains that a VU has no row before its first iteration', async () => {
  const auth = bearerAuth<{ user: number }>({ scope: 'vu', refresh: ({ vu }) => ({ token: String(vu.data.user) }) })
  expect(await errorOf({ auth })).toMatchObject({
    message: expect.stringContaining(
      "vu.data was read before the first iteration of the VU, but rows are assigned with assignment: 'per-iteration'\n" +
        "Fix: set assignment: 'per-vu', or read vu.data only in the functions of an iteration",
    ),
  })
})
