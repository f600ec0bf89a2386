import { expect, test } from 'vitest'
import { ledgerChecks } from '../evidence/ledger-evidence.ts'
import { createLedger } from './ledger.ts'
import { settle } from './settle.ts'

const clock = { nowMs: () => performance.now(), sleep: async () => {} }
const { signal } = new AbortController()

/** As a ledger without a database asks, and as one with a database does. */
const ASKERS: Readonly<Record<string, (quiet: () => Promise<boolean>) => Promise<string>>> = {
  async 'a function of rows'(quiet) {
    const ledger = createLedger({ stores: [], isElsewhere: true, signal }).with({ quiet, settleTimeout: '30ms' })
    const { invalidities } = await ledger[ledgerChecks].invariant(() => [])
    return invalidities.map(({ finding, remedy }) => `${finding}\nFix: ${remedy}`).join('')
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

for (const [what, messageOf] of Object.entries(ASKERS)) {
  test.for<[unknown]>([[{ idle: false }], ['false'], [0], [1], [undefined], [null]])(
    `${what}: %o is neither true nor false`,
    async ([value]) => {
      expect(await messageOf(async () => value as boolean)).toMatch(
        /^the function "quiet" must resolve to true or false, and resolved to .+\nFix: return a comparison/,
      )
    },
  )

  test(`${what}: true is quiet`, async () => {
    expect(await messageOf(async () => true)).toBe('')
  })

  test(`${what}: false is not, until it is too late`, async () => {
    expect(await messageOf(async () => false)).toContain('never said that it is quiet')
  })

  test(`${what}: a function that fails is named`, async () => {
    const failed = 'the function "quiet" failed: 503\nFix: correct it; it must resolve to true or false'
    expect(await messageOf(() => Promise.reject(new Error('503')))).toBe(failed)
    expect(
      await messageOf(() => {
        throw new Error('503')
      }),
    ).toBe(failed)
  })

  test(`${what}: a function that never resolves ends at settleTimeout`, async () => {
    expect(await messageOf(() => new Promise(() => {}))).toMatch(
      /^the function "quiet" did not resolve within 30 ms\nFix: have it give up sooner/,
    )
  })
}
