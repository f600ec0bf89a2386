import { expect, test } from 'vitest'
import { ledgerChecks } from '../evidence/ledger-evidence.ts'
import { createLedger } from './ledger.ts'
import { settle } from './settle.ts'

const clock = { nowMs: () => performance.now(), sleep: async () => {} }
const { signal } = new AbortController()

/** Callers of `isIdle`: a ledger without a database, and one with a database. */
const CALLERS: Readonly<Record<string, (isIdle: () => Promise<boolean>) => Promise<string>>> = {
  async 'a function of rows'(isIdle) {
    const ledger = createLedger({ stores: [], isExternal: true, signal }).with({ isIdle, settleTimeout: '30ms' })
    const { invalidities } = await ledger[ledgerChecks].invariant(() => [])
    return invalidities.map(({ finding, fix }) => `${finding}\nFix: ${fix}`).join('')
  },
  async 'a database'(isIdle) {
    const pulse = async () => ({ writers: 0, horizon: '1', open: [] })
    const settled = settle({ pulse, isIdle, clock, signal, measure: async () => '', limitMs: 30 })
    return settled.then(
      () => '',
      (error: Error) => error.message,
    )
  },
}

for (const [what, messageOf] of Object.entries(CALLERS)) {
  test.for<[unknown]>([[{ idle: false }], ['false'], [0], [1], [undefined], [null]])(
    `${what}: rejects %o`,
    async ([value]) => {
      expect(await messageOf(async () => value as boolean)).toMatch(
        /^the function "isIdle" must resolve to true or false, but resolved to .+\nFix: return a comparison/,
      )
    },
  )

  test(`${what}: settles on true`, async () => {
    expect(await messageOf(async () => true)).toBe('')
  })

  test(`${what}: waits on false until the limit`, async () => {
    expect(await messageOf(async () => false)).toContain('never reported that it is idle')
  })

  test(`${what}: reports a function that fails`, async () => {
    const failed = 'the function "isIdle" failed: 503\nFix: correct it; it must resolve to true or false'
    expect(await messageOf(() => Promise.reject(new Error('503')))).toBe(failed)
    expect(
      await messageOf(() => {
        throw new Error('503')
      }),
    ).toBe(failed)
  })

  test(`${what}: ends a function that never resolves at settleTimeout`, async () => {
    expect(await messageOf(() => new Promise(() => {}))).toMatch(
      /^the function "isIdle" did not resolve within 30 ms\nFix: make it resolve sooner/,
    )
  })
}
