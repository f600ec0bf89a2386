import { describe, expect, test } from 'vitest'
import type { Clock } from './settle.ts'
import { watchLedger, type WatchOptions } from './watch.ts'

interface Rows {
  readonly missing: number
  readonly twice: number
}

/** Watches a ledger whose rows are a function of time; settling takes no time. */
function watching(rowsAt: (ms: number) => Partial<Rows>, options: Partial<WatchOptions<Rows>> = {}) {
  let nowMs = 0
  const readAt: number[] = []
  const clock: Clock = {
    nowMs: () => nowMs,
    async sleep(ms) {
      nowMs += ms
    },
  }
  const rows = () => ({ missing: 0, twice: 0, ...rowsAt(nowMs) })
  const watched = watchLedger<Rows>({
    settle: async () => ({ horizon: JSON.stringify(rows()), asOfMs: nowMs, said: 'waited' }),
    async read() {
      readAt.push(nowMs)
      return rows()
    },
    missing: ({ missing }) => missing,
    isFinal: ({ twice }) => twice > 0,
    loadEndedMs: 0,
    settleForMs: 2_000,
    settleTimeoutMs: 10_000,
    signal: new AbortController().signal,
    clock,
    ...options,
  })
  return watched.then(({ verdict, waited }) => ({ verdict, waited, readAt, endedMs: nowMs }))
}

describe('watchLedger()', () => {
  test('watches for settleFor after the load, and reads once if nothing was written', async () => {
    expect(await watching(() => ({}))).toEqual({
      verdict: { missing: 0, twice: 0 },
      waited: 'waited; nothing arrived late within 2.00 s',
      readAt: [0],
      endedMs: 2_000,
    })
  })

  test('subtracts the time since the end of the load', async () => {
    expect(await watching(() => ({}), { loadEndedMs: -1_500 })).toMatchObject({ endedMs: 500 })
    expect(await watching(() => ({}), { loadEndedMs: -2_000 })).toMatchObject({ endedMs: 0, readAt: [0] })
  })

  test('does not watch if settleFor is 0', async () => {
    expect(await watching(() => ({}), { settleForMs: 0 })).toMatchObject({ endedMs: 0, waited: 'waited' })
  })

  test('finds rows that arrive late', async () => {
    expect(await watching((ms) => ({ twice: ms < 600 ? 0 : 1 }))).toMatchObject({
      verdict: { twice: 1 },
      waited: 'waited',
      readAt: [0, 2_000],
    })
  })

  test('stops at a finding that late rows cannot resolve', async () => {
    expect(await watching(() => ({ twice: 1 }))).toMatchObject({ endedMs: 0, readAt: [0] })
  })
})

test('watchLedger() watches a lagging replica until it shows everything written by the end of the watch', async () => {
  // Replica with a lag of three seconds: reads contain everything written when settling began.
  let nowMs = 0
  const lagMs = 3_000
  const clock: Clock = {
    nowMs: () => nowMs,
    async sleep(ms) {
      nowMs += ms
    },
  }
  const settle = async () => {
    const asOfMs = nowMs
    nowMs += lagMs
    return { horizon: String(nowMs), asOfMs, said: 'waited' }
  }
  const read = async () => ({ missing: 0, twice: nowMs - lagMs >= 600 ? 1 : 0 })
  const { verdict } = await watching(() => ({}), { settle, read, clock })
  expect(verdict).toEqual({ missing: 0, twice: 1 })
  expect(nowMs).toBe(2 * lagMs)
})

describe('missing rows', () => {
  test('may arrive late, and the watch begins again', async () => {
    const found = await watching((ms) => ({ missing: ms < 1_500 ? 100 : 0 }))
    expect(found).toEqual({
      verdict: { missing: 0, twice: 0 },
      waited: 'waited; 100 findings at first, none after 1.50 s; nothing arrived late within 2.00 s',
      readAt: [0, 1_500],
      endedMs: 3_500,
    })
    expect(await watching((ms) => ({ missing: ms < 1_500 ? 100 : 0, twice: ms < 2_500 ? 0 : 1 }))).toMatchObject({
      verdict: { twice: 1 },
    })
  })

  test('are findings after the timeout', async () => {
    expect(await watching((ms) => ({ missing: ms < 3_000 ? 100 : 7 }))).toEqual({
      verdict: { missing: 7, twice: 0 },
      waited: 'waited; 100 findings at first, 7 after 10.0 s (read 2 times)',
      readAt: [0, 3_000],
      endedMs: 10_000,
    })
    expect(await watching(() => ({ missing: 3 }))).toMatchObject({
      waited: 'waited; 3 findings at first, 3 after 10.0 s (nothing was written meanwhile)',
      readAt: [0],
    })
  })

  test('are not judged while rows still arrive', async () => {
    await expect(watching((ms) => ({ missing: 100 - Math.floor(ms / 1_000) }))).rejects.toThrow(
      `the ledger did not settle within 10.0 s: 90 rows are missing, and the last one that came late arrived 0 ms before, within settleFor (2.00 s)
Fix: wait longer: ledger.with({ settleTimeout: '60s' })`,
    )
    await expect(watching((ms) => ({ missing: ms < 8_500 ? 2 : 1 }), { settleForMs: 20_000 })).rejects.toThrow(
      `the ledger did not settle within 10.0 s: 1 row is missing, and the last one that came late arrived 1.50 s before, within settleFor (20.0 s)
Fix: wait longer: ledger.with({ settleTimeout: '60s' })`,
    )
  })

  test.each([
    [1_000, 4_000, 2_100],
    [2_000, 10_000, 7_500],
    // With isIdle, settleFor is 0.
    [0, 4_000, 2_750],
  ])(
    'are findings if no row arrived for settleFor (%i ms) before the timeout of %i ms',
    async (settleForMs, settleTimeoutMs, arrivedMs) => {
      const limits = { settleForMs, settleTimeoutMs }
      const found = await watching((ms) => ({ missing: ms < arrivedMs ? 120 : 3 }), limits)
      expect(found).toMatchObject({ verdict: { missing: 3 }, endedMs: settleTimeoutMs })
      const still = watching((ms) => ({ missing: ms < settleTimeoutMs - 900 ? 120 : 3 }), limits)
      await expect(still).rejects.toThrow(
        /: 3 rows are missing, and the last one that came late arrived 750 ms before, within /,
      )
    },
  )
})
