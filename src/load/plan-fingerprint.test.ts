import fc from 'fast-check'
import { expect, test } from 'vitest'
import { constantArrivalRate, spike } from './builders.ts'
import { fingerprintPlan, planDifferences, type DividedPlan } from './plan-fingerprint.ts'
import { parseScale } from './scale.ts'

const PLAN: DividedPlan = {
  name: 'http 1',
  ordinal: 1,
  load: constantArrivalRate({ rate: 50, vus: 100, duration: '2m' }),
  seed: 7,
  scale: parseScale('pr'),
  version: '1.2.3',
  node: 'v24.1.0',
  rows: [
    { token: 'a', id: 1 },
    { token: 'b', id: 2n },
  ],
}

function differences(more: Partial<DividedPlan>) {
  return planDifferences(fingerprintPlan(PLAN), fingerprintPlan({ ...PLAN, ...more })).map(
    ({ field, own, other }) => `${field}: ${own}, ${other}`,
  )
}

test('is the same for equal plans, whatever the order of properties, the minor version of Node and the type of the seed', () => {
  const rows = [
    { id: 1, token: 'a' },
    { id: 2n, token: 'b' },
  ]
  const load = Object.fromEntries(Object.entries(PLAN.load).toReversed())
  const same = fingerprintPlan({ ...PLAN, load, rows, node: 'v24.11.2', seed: '7' })
  expect(same.digest).toBe(fingerprintPlan(PLAN).digest)
  expect(planDifferences(same, fingerprintPlan(PLAN))).toEqual([])
})

test('names each field that differs, with both values', () => {
  expect(differences({ name: 'http 2', ordinal: 2 })).toEqual(['name: "http 1", "http 2"', 'ordinal: 1, 2'])
  expect(differences({ load: constantArrivalRate({ rate: 50.25, vus: 100, duration: '2m' }) })).toEqual([
    'load.ratePerSec: 50, 50.25',
  ])
  expect(differences({ seed: 8, version: '1.2.4', node: 'v22.18.0' })).toEqual([
    'seed: "7", "8"',
    'version: "1.2.3", "1.2.4"',
    'node: "v24", "v22"',
  ])
  expect(differences({ scale: parseScale('full') })).toEqual([
    'scale.name: "pr", "full"',
    'scale.users: 0.2, 1',
    'scale.steadyMs: 30000, absent',
  ])
  const [first, ...others] = differences({ load: spike({ rate: 100, vus: 100, duration: '5s' }) })
  expect(first).toBe('load.kind: "constantArrivalRate", "rampingArrivalRate"')
  expect(others).toContain('load.stages[2].phase: absent, "spike"')
})

test('shows only the number and a digest of the rows', () => {
  const [data] = differences({
    rows: [
      { token: 'a', id: 1 },
      { token: 'b', id: 2 },
    ],
  })
  expect(data).toMatch(/^data: 2 rows, digest [0-9a-f]{16}, 2 rows, digest [0-9a-f]{16}$/)
  expect(JSON.stringify(fingerprintPlan({ ...PLAN, rows: [{ password: 'xyzzy' }] }))).not.toContain('xyzzy')
})

test('contains no secret of a name', () => {
  const { fields } = fingerprintPlan({ ...PLAN, name: 'GET http://user:xyzzy@127.0.0.1/' })
  expect(fields['name']).toBe('"GET http://user:***@127.0.0.1/"')
})

test('has different digests for different rows', () => {
  const row = fc.oneof(
    ...[fc.string(), fc.integer(), fc.bigInt(), fc.boolean(), fc.constant(null), fc.constant(undefined)],
    ...[
      fc.double(),
      fc.date({ noInvalidDate: true }),
      fc.uint8Array(),
      fc.array(fc.integer()),
      fc.dictionary(fc.string(), fc.integer(), { noNullPrototype: true }),
    ],
  )
  const digestOf = (rows: readonly unknown[]) => fingerprintPlan({ ...PLAN, rows }).fields['data']
  fc.assert(
    fc.property(fc.array(row), fc.array(row), (some, others) => {
      const areEqual = (() => {
        try {
          expect(some).toStrictEqual(others)
          return true
        } catch {
          return false
        }
      })()
      expect(digestOf(some) === digestOf(others)).toBe(areEqual)
    }),
  )
})

test('reads rows that refer to themselves', () => {
  const row: Record<string, unknown> = { id: 1 }
  row['self'] = row
  expect(fingerprintPlan({ ...PLAN, rows: [row] }).fields['data']).toMatch(/^1 rows, digest /)
})
