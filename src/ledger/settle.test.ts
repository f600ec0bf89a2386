import { describe, expect, test } from 'vitest'
import type { OpenTransaction, Pulse, Standby } from './pulse.ts'
import { settle, type Clock, type SettleOptions } from './settle.ts'

/** Clock that only advances during sleep. */
function virtualClock(): Clock {
  let nowMs = 0
  return {
    nowMs: () => nowMs,
    async sleep(ms, signal) {
      signal.throwIfAborted()
      nowMs += ms
    },
  }
}

/** Settles on a database whose pulse is a function of time; by default a primary without open transactions. */
function settleOn(pulseAt: (ms: number) => Omit<Pulse, 'open'> & Partial<Pulse>, options: Partial<SettleOptions> = {}) {
  const clock = options.clock ?? virtualClock()
  return settle({
    pulse: async () => ({ open: [], ...pulseAt(clock.nowMs()) }),
    measure: async () => '12 rows',
    limitMs: 10_000,
    signal: new AbortController().signal,
    clock,
    ...options,
  })
}

const idle: Pulse = { writers: 0, horizon: '100', open: [] }

describe('settling', () => {
  test('finishes on an idle database after 300 ms without writes', async () => {
    expect(await settleOn(() => idle)).toEqual({
      horizon: '100',
      asOfMs: 300,
      said: 'waited 300 ms: nothing was written for 300 ms',
    })
  })

  test('waits for an active writer', async () => {
    const settled = settleOn((ms) => (ms < 2_000 ? { writers: 1, horizon: '100' } : { writers: 0, horizon: '101' }), {
      measure: counter(),
    })
    expect(await settled).toMatchObject({ horizon: '101', said: 'waited 2.30 s: nothing was written for 300 ms' })
  })

  test('waits for writers that begin and end between two polls', async () => {
    const settled = settleOn((ms) => ({ writers: 0, horizon: String(Math.min(ms, 1_500)) }), { measure: counter() })
    expect(await settled).toMatchObject({ horizon: '1500', said: 'waited 1.80 s: nothing was written for 300 ms' })
  })

  test('finishes after a second without a change of the measured value if others keep writing', async () => {
    let rows = 0
    const settled = await settleOn((ms) => ({ writers: 1, horizon: String(ms) }), {
      measure: async () => `${Math.min(++rows, 6)} rows`,
    })
    expect(settled).toMatchObject({ horizon: '', said: 'waited 1.60 s: 6 rows for 1.00 s while others wrote' })
  })

  test('does not wait again if nothing was written since', async () => {
    expect(await settleOn(() => idle, { settledAt: '100' })).toMatchObject({ said: 'nothing was written since' })
    expect(await settleOn(() => idle, { settledAt: '99' })).toMatchObject({ said: expect.stringContaining('waited') })
    const writing = settleOn((ms) => ({ writers: ms < 500 ? 1 : 0, horizon: '100' }), { settledAt: '100' })
    expect(await writing).toMatchObject({ said: 'waited 800 ms: nothing was written for 300 ms' })
  })

  test('finishes when the target reports that it is idle and nothing is written', async () => {
    const clock = virtualClock()
    const isIdle = async () => clock.nowMs() >= 700
    expect(await settleOn(() => idle, { isIdle, clock })).toMatchObject({
      horizon: '100',
      said: 'waited 700 ms: the target reports that it is idle',
    })
    const busy = virtualClock()
    const pulse = (ms: number) => ({ writers: ms < 900 ? 1 : 0, horizon: '100' })
    const settled = await settleOn(pulse, { isIdle: async () => true, clock: busy, measure: counter() })
    expect(settled.said).toBe('waited 1.00 s: the target reports that it is idle')
  })

  test('waits for an open transaction that has not written yet', async () => {
    const api: OpenTransaction = { id: '3/17', client: 'pid 4711 (orders-api)' }
    const settled = settleOn((ms) => ({ ...idle, open: ms < 2_000 ? [api] : [] }))
    expect(await settled).toMatchObject({
      horizon: '100',
      said: 'waited 2.20 s: open transactions ended, nothing was written for 300 ms',
    })
  })

  test('names a transaction that stays open, even if the measured value does not change', async () => {
    const open = [1, 2, 3, 4].map((pid) => ({ id: `3/${pid}`, client: `pid ${pid} (orders-api)` }))
    await expect(settleOn(() => ({ ...idle, open: open.slice(0, 1) }), { limitMs: 3_000 })).rejects.toThrow(
      'did not settle within 3.00 s: 1 transaction is still open: pid 1 (orders-api), last seen: 12 rows',
    )
    await expect(settleOn(() => ({ ...idle, open }), { limitMs: 3_000 })).rejects.toThrow(
      '4 transactions are still open: pid 1 (orders-api), pid 2 (orders-api), pid 3 (orders-api), …',
    )
  })

  test('waits for a prepared transaction, even if it was in flight under another id', async () => {
    const before = { id: '3/17', client: 'pid 4711 (orders-api)' }
    const prepared = { id: 'prepared 742', client: 'prepared transaction xa-7', isPrepared: true }
    const settled = settleOn((ms) => ({ ...idle, open: ms < 500 ? [before] : ms < 2_000 ? [prepared] : [] }))
    expect(await settled).toMatchObject({
      said: 'waited 2.20 s: open transactions ended, nothing was written for 300 ms',
    })
    const fix =
      "Fix: end prepared transactions (SELECT gid FROM pg_prepared_xacts) with COMMIT PREPARED or ROLLBACK PREPARED, or wait longer: ledger.with({ settleTimeout: '60s' })"
    const held = (options: Partial<SettleOptions>) =>
      settleOn((ms) => ({ ...idle, writers: 1, open: ms < 500 ? [before] : [prepared] }), {
        limitMs: 3_000,
        ...options,
      })
    await expect(held({})).rejects.toThrow(
      `the ledger did not settle within 3.00 s: 1 transaction is still open: prepared transaction xa-7, 1 writing transaction is open, last seen: 12 rows\n${fix}`,
    )
    await expect(held({ isIdle: async () => true })).rejects.toThrow(
      `the ledger did not settle within 3.00 s: prepared transaction xa-7 is open, 1 writing transaction is open\n${fix}`,
    )
  })

  test('does not wait for short transactions, such as reads of others', async () => {
    const settled = settleOn((ms) => ({ ...idle, open: [{ id: String(ms), client: 'pid 1' }] }))
    expect(await settled).toMatchObject({ said: expect.stringContaining('nothing was written for 300 ms') })
  })

  test('counts a later transaction that stays open as activity', async () => {
    const late = [{ id: '9/9', client: 'pid 9' }]
    expect(await settleOn((ms) => ({ ...idle, open: ms < 100 ? [] : late }))).toMatchObject({
      horizon: '',
      said: 'waited 1.20 s: 12 rows for 1.00 s while other transactions were open',
    })
  })

  test('does not wait for open transactions if the target reports that it is idle', async () => {
    const open = [{ id: '3/17', client: 'pid 1' }]
    expect(await settleOn(() => ({ ...idle, open }), { isIdle: async () => true })).toMatchObject({
      said: 'waited 100 ms: the target reports that it is idle',
    })
  })

  test('rejects at its limit with the last state', async () => {
    const endless = settleOn((ms) => ({ writers: 2, horizon: String(ms) }), { measure: counter(), limitMs: 3_000 })
    await expect(endless).rejects.toThrow(
      'the ledger did not settle within 3.00 s: 2 writing transactions are open, last seen: 30 rows',
    )
    const deaf = settleOn(() => idle, { isIdle: async () => false, limitMs: 1_000 })
    await expect(deaf).rejects.toThrow('did not settle within 1.00 s: the target never reported that it is idle')
  })

  describe('a standby', () => {
    const standby: Standby = { received: 500n, replayed: 200n, behindMs: 3_000, isPaused: false }

    test('settles when it has replayed what it had received', async () => {
      const settled = settleOn((ms) => ({
        ...idle,
        horizon: ms < 3_000 ? '100' : '101',
        // More arrives while it catches up; settling does not wait for that.
        standby: { ...standby, received: 500n + BigInt(ms), replayed: ms < 3_000 ? 200n : 500n },
      }))
      expect(await settled).toMatchObject({
        horizon: '101',
        asOfMs: 0,
        said: 'waited 3.30 s: the replica replayed what it had received, nothing was written for 300 ms',
      })
    })

    test('is rejected with its lag if it stays behind', async () => {
      await expect(settleOn(() => ({ ...idle, standby }), { limitMs: 2_000 })).rejects.toThrow(
        'the database is a replica, 3.00 s behind its primary: it did not replay within 2.00 s what it had received',
      )
      const paused = { ...standby, isPaused: true, behindMs: undefined }
      await expect(settleOn(() => ({ ...idle, standby: paused }), { limitMs: 2_000 })).rejects.toThrow(
        'the database is a replica, and its replay is paused: it did not replay',
      )
    })

    test('is rejected without a primary', async () => {
      const alone = { ...standby, received: undefined }
      await expect(settleOn(() => ({ ...idle, standby: alone }))).rejects.toThrow('not connected to its primary')
    })

    test('does not wait for its readers, and then only for new data', async () => {
      const even = { ...standby, replayed: 500n }
      const open = [{ id: '3/17', client: 'pid 1' }]
      expect(await settleOn(() => ({ ...idle, open, standby: even }))).toMatchObject({
        said: 'waited 300 ms: nothing was written for 300 ms',
      })
      const again = await settleOn(() => ({ ...idle, standby: even }), { settledAt: '100' })
      expect(again.said).toBe('nothing was written since')
      const behind = settleOn(
        (ms) => ({ ...idle, standby: { ...even, received: 600n, replayed: ms < 900 ? 500n : 600n } }),
        {
          settledAt: '100',
        },
      )
      expect(await behind).toMatchObject({ said: expect.stringContaining('the replica replayed') })
    })
  })

  test('ends with the signal', async () => {
    const controller = new AbortController()
    const isIdle = async () => {
      controller.abort(new Error('given up'))
      return false
    }
    await expect(settleOn(() => idle, { isIdle, signal: controller.signal })).rejects.toThrow('given up')
  })
})

/** Count that increases with every call. */
function counter(): () => Promise<string> {
  let count = 0
  return async () => `${++count} rows`
}
