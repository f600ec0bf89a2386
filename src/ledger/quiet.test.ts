import { expect, test } from 'vitest'
import { ledgerChecks } from '../evidence/ledger-evidence.ts'
import { createLedger } from './ledger.ts'
import { settle } from './settle.ts'

const clock = { nowMs: () => performance.now(), sleep: async () => {} }
const { signal } = new AbortController()

/** Callers of `quiet`: a ledger without a database, and one with a database. */
const CALLERS: Readonly<Record<string, (quiet: () => Promise<boolean>) => Promise<string>>> = {
  async 'a function of rows'(quiet) {
    const ledger = createLedger({ stores: [], isExternal: true, signal }).with({ quiet, settleTimeout: '30ms' })
    const { invalidities } = await ledger[ledgerChecks].invariant(() => [])
    return invalidities.map(({ finding, fix }) => `${finding}\nFix: ${fix}`).join('')
  },
  async 'a database'(quiet) {
    const pulse = async () => ({ writers: 0, horizon: '1', open: [] })
    const settled = settle({ pulse, quiet, clock, signal, measure: async () => '', limitMs: 30 })
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
        /^the function "quiet" must resolve to true or false, but resolved to .+\nFix: return a comparison/,
      )
    },
  )

  test(`${what}: settles on true`, async () => {
    expect(await messageOf(async () => true)).toBe('')
  })

  test(`${what}: waits on false until the limit`, async () => {
    expect(await messageOf(async () => false)).toContain('never reported that it is quiet')
  })

  test(`${what}: reports a function that fails`, async () => {
    const failed = 'the function "quiet" failed: 503\nFix: correct it; it must resolve to true or false'
    expect(await messageOf(() => Promise.reject(new Error('503')))).toBe(failed)
    expect(
      await messageOf(() => {
        throw new Error('503')
      }),
    ).toBe(failed)
  })

  test(`${what}: ends a function that never resolves at settleTimeout`, async () => {
    expect(await messageOf(() => new Promise(() => {}))).toMatch(
      /^the function "quiet" did not resolve within 30 ms\nFix: make it resolve sooner/,
    )
  })
}
