import { expect, test } from 'vitest'
import { sharedIterations } from '../load/builders.ts'
import { rowsFor, sql, unique, type DataOption } from '../load/data.ts'
import { answer, engineFor, scriptedServer } from './scripted-server.ts'

const rows = (data: DataOption<unknown> | undefined, vus = 3, query?: Parameters<typeof rowsFor>[2]['sql']) =>
  rowsFor(data, vus, { sql: query })

test('an array, an iterable, an async iterable of which no more is taken than there are VUs', async () => {
  expect(await rows([1, 2, 3, 4])).toEqual([1, 2, 3, 4])
  expect(await rows(new Set(['a']))).toEqual(['a'])
  let taken = 0
  async function* endless() {
    for (;;) yield ++taken
  }
  expect(await rows(endless(), 5)).toEqual([1, 2, 3, 4, 5])
  expect(taken).toBe(5)
})

test('a query of the target’s database', async () => {
  const asked: unknown[] = []
  const query = async (text: string, values: readonly unknown[]) => {
    asked.push([text, values])
    return [{ id: 1 }]
  }
  expect(await rows(sql('SELECT id FROM users WHERE plan = $1', ['pro']), 2, query)).toEqual([{ id: 1 }])
  expect(asked).toEqual([['SELECT id FROM users WHERE plan = $1', ['pro']]])
  await expect(rows(sql('SELECT 1'))).rejects.toThrow('data: sql() needs a Postgres service, and none is configured')
})

test('rows that must be unique must suffice', async () => {
  expect(await rows(unique([1, 2, 3]))).toHaveLength(3)
  await expect(rows(unique([1, 2]))).rejects.toThrow('data: 2 rows for 3 VUs, and each VU must have its own')
})

test('no rows at all is an error before any load', async () => {
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(answer()) })
  const { http, results } = engineFor(server.url)
  const load = sharedIterations({ iterations: 1, vus: 1 })
  await expect(http.run({ load, data: new Set(), request: { path: '/' } })).rejects.toThrow('data: there are no rows')
  expect([server.accepted, results.length]).toEqual([0, 0])
})
