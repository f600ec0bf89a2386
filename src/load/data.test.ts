import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Problems } from '../options/problems.ts'
import { optional } from '../options/schema.ts'
import { constantArrivalRate, constantVus, rampingArrivalRate, sharedIterations } from './builders.ts'
import {
  assignRows,
  csv,
  dataOption,
  json,
  jsonLines,
  rowDemand,
  rows as rowsOf,
  sql,
  unique,
  type DataOption,
  type SqlQuery,
} from './data.ts'
import { Random } from './random.ts'

const demand = (vus: number, iterations?: number) => ({ vus, iterations })

async function rows(data: DataOption<unknown> | undefined, vus = 3, query?: SqlQuery, iterations?: number) {
  return (
    await assignRows(data, demand(vus, iterations), {
      sql: query,
      random: new Random(1),
      signal: new AbortController().signal,
    })
  ).all
}

test('reads an array, an iterable, and at most one row for each VU from an async iterable', async () => {
  expect(await rows([1, 2, 3, 4])).toEqual([1, 2, 3, 4])
  expect(await rows(new Set(['a']))).toEqual(['a'])
  let taken = 0
  async function* endless() {
    for (;;) yield ++taken
  }
  expect(await rows(endless(), 5)).toEqual([1, 2, 3, 4, 5])
  expect(taken).toBe(5)
})

test('gives every VU undefined if there is no data', async () => {
  expect(await rows(undefined)).toEqual([undefined])
})

test('reads the rows of a CSV file, which repeat unless they must be unique', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slo-data-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, 'users.csv')
  await writeFile(path, 'id\n1\n2\n')
  expect(await rows(csv(path))).toEqual([{ id: '1' }, { id: '2' }])
  await expect(rows(csv(path, { unique: true }))).rejects.toThrow('data: 2 rows for 3 VUs')
})

test("reads the rows of a query to the target's database", async () => {
  const queries: unknown[] = []
  const query = async (text: string, values: readonly unknown[], service?: string) => {
    queries.push([text, values, service])
    return [{ id: 1 }]
  }
  expect(await rows(sql('SELECT id FROM users WHERE plan = $1', ['pro']), 2, query)).toEqual([{ id: 1 }])
  expect(await rows(sql('SELECT id FROM users', [], { service: 'orders' }), 2, query)).toEqual([{ id: 1 }])
  expect(queries).toEqual([
    ['SELECT id FROM users WHERE plan = $1', ['pro'], undefined],
    ['SELECT id FROM users', [], 'orders'],
  ])
  await expect(rows(sql('SELECT 1', [], { unique: true }), 2, query)).rejects.toThrow('data: 1 rows for 2 VUs')
  await expect(rows(sql('SELECT 1'))).rejects.toThrow(
    'data: sql() needs a Postgres service, but none is configured\nFix: add a Postgres service to the config',
  )
})

test('rejects the same row twice if each VU needs its own', async () => {
  const row = { id: 1 }
  const message = 'data: rows 1 and 3 are the same, but each VU needs its own\nFix: remove one of them'
  await expect(rows(unique([row, { id: 2 }, row]))).rejects.toThrow(message)
  const query = async () => [{ id: 1 }, { id: 2n }, { id: 1 }]
  await expect(rows(sql('SELECT 1', [], { unique: true }), 2, query)).rejects.toThrow(message)
  expect(await rows(sql('SELECT 1'), 2, query)).toHaveLength(3)
})

test('compares unique rows by value', async () => {
  const message = 'data: rows 1 and 2 are the same'
  const day = '2026-01-01'
  const pairs: readonly (readonly [unknown, unknown])[] = [
    [{ user: 'a' }, { user: 'a' }],
    [
      { user: 'a', tags: ['x'] },
      { tags: ['x'], user: 'a' },
    ],
    [
      [1, 'a'],
      [1, 'a'],
    ],
    [
      { since: new Date(day), key: new Uint8Array([1]) },
      { since: new Date(day), key: new Uint8Array([1]) },
    ],
    [new URL('http://a'), new URL('http://a')],
    [2n, 2n],
  ]
  for (const pair of pairs) await expect(rows(unique(pair), 2)).rejects.toThrow(message)
  class Session {
    readonly #token: string
    constructor(token: string) {
      this.#token = token
    }
    get token() {
      return this.#token
    }
  }
  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = cyclic
  const different = [
    { user: 1 },
    { user: '1' },
    { user: 1n },
    { user: undefined },
    { user: null },
    [1],
    { sign: () => 'a' },
    { sign: () => 'b' },
    new Session('a'),
    new Session('b'),
    cyclic,
    new Map([['a', 1]]),
    new Map([['a', 2]]),
  ]
  expect(await rows(unique(different), different.length)).toHaveLength(different.length)
})

test('rejects fewer unique rows than VUs', async () => {
  expect(await rows(unique([1, 2, 3]))).toHaveLength(3)
  expect(await rows(unique(new Set([1, 2, 3, 4])))).toEqual([1, 2, 3, 4])
  await expect(rows(unique([1, 2]))).rejects.toThrow(
    'data: 2 rows for 3 VUs, but each VU needs its own\nFix: add rows or lower vus',
  )
})

test('rejects fewer unique rows than iterations, those of the warm-up included', async () => {
  const data = rowsOf([1, 2, 3], { assignment: 'per-iteration', unique: true })
  expect(await rows(data, 9, undefined, 3)).toEqual([1, 2, 3])
  await expect(rows(data, 1, undefined, 4)).rejects.toThrow(
    'data: 3 rows for 4 iterations, but each iteration needs its own\nFix: add rows or reduce the load',
  )
  // Whether there are enough shows only during the run.
  expect(await rows(data, 9)).toEqual([1, 2, 3])
})

test('counts the iterations of a load, if they are known in advance', () => {
  const [tenSeconds, rate] = ['10s', 5] as const
  const open = constantArrivalRate({ rate, vus: 7, duration: tenSeconds })
  expect(rowDemand(open, 0)).toEqual({ vus: 7, iterations: 50 })
  expect(rowDemand(open, 2_000)).toEqual({ vus: 7, iterations: 60 })
  const ramp = rampingArrivalRate({ startRate: 0, vus: 7, stages: [{ target: 10, duration: tenSeconds }] })
  expect(rowDemand(ramp, 0)).toEqual({ vus: 7, iterations: 50 })
  expect(rowDemand(sharedIterations({ iterations: 9, vus: 2 }), 0)).toEqual({ vus: 2, iterations: 9 })
  expect(rowDemand(sharedIterations({ iterations: 9, vus: 2 }), 1)).toEqual({ vus: 2, iterations: undefined })
  expect(rowDemand(constantVus({ vus: 2, duration: tenSeconds }), 0)).toEqual({ vus: 2, iterations: undefined })
})

test('reads the rows of JSON and JSON Lines files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slo-data-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'users.json'), '[{"id":1},{"id":2}]')
  await writeFile(join(folder, 'users.jsonl'), '{"id":1}\n{"id":2}\n')
  expect(await rows(json(join(folder, 'users.json')))).toEqual([{ id: 1 }, { id: 2 }])
  expect(await rows(jsonLines(join(folder, 'users.jsonl')))).toEqual([{ id: 1 }, { id: 2 }])
})

test('names every mistake in the options of a source', () => {
  const options = { delimiter: ';;', encoding: 'klingon', order: 'shuffled', assignment: 'iteration' } as never
  expect(() => csv('users.csv', options)).toThrowErrorMatchingInlineSnapshot(`
    [OptionsError: csv() received 4 invalid options:

      assignment: must be 'per-vu' or 'per-iteration'
        Received: 'iteration'
        Fix:      write, for example, assignment: 'per-iteration'
      order: must be 'sequential' or 'random'
        Received: 'shuffled'
        Fix:      write, for example, order: 'random'
      encoding: must be the name of a text encoding
        Received: 'klingon'
        Fix:      write, for example, encoding: 'windows-1252'
      delimiter: must be one character other than a quote or a line break
        Received: ';;'
        Fix:      write, for example, delimiter: ';']
  `)
  expect(() => csv('users.csv', { delimiter: '\t', encoding: 'windows-1252' })).not.toThrow()
})

test('rejects data without rows', async () => {
  await expect(rows(new Set())).rejects.toThrow('data: there are no rows\nFix: provide at least one row')
})

const neither = 'must be an array, an iterable, rows(…), csv(…), json(…), jsonLines(…) or sql(…)'
const fix = "write, for example, data: [{ token: 'a' }], or data: csv('users.csv')"

test.each<[string, unknown, { path: string; rule: string; fix?: string }[]]>([
  ['nothing', undefined, []],
  ['an array', ['a'], []],
  ['a set', new Set(), []],
  ['an async iterable', (async function* () {})(), []],
  ['a source', sql('SELECT 1'), []],
  ['an empty array', [], [{ path: 'data', rule: 'must have at least one row', fix }]],
  ['a number', 7, [{ path: 'data', rule: neither, fix }]],
  ['a string', 'users.csv', [{ path: 'data', rule: neither, fix }]],
  ['null', null, [{ path: 'data', rule: neither, fix }]],
  ['a plain object', { id: 1 }, [{ path: 'data', rule: neither, fix }]],
  [
    'a source with a misspelled option',
    { ...sql('SELECT 1'), uniqe: true },
    [{ path: 'data.uniqe', rule: expect.any(String) }],
  ],
])('checks the option data: %s', (_, value, mistakes) => {
  const problems = new Problems()
  optional(dataOption()).read(problems, 'data', value)
  expect(problems.found).toEqual(mistakes.map((mistake) => expect.objectContaining(mistake)))
})

test('rejects rows per iteration in a run without iterations', () => {
  const problems = new Problems()
  const data = rowsOf([1], { assignment: 'per-iteration' })
  optional(dataOption('VUs')).read(problems, 'data', data)
  expect(problems.found).toMatchObject([
    { path: 'data.assignment', rule: "must be 'per-vu', because this run has no iterations" },
  ])
})
