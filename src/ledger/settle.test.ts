import { describe, expect, test } from 'vitest'
import { settle } from './settle.ts'
import type { Clock, Pulse, SettleOptions } from './settle.ts'

/** A clock that runs only while somebody sleeps. */
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

/** Settles on a database whose pulse is a function of time. */
function settleOn(pulseAt: (ms: number) => Pulse, options: Partial<SettleOptions> = {}) {
  const clock = options.clock ?? virtualClock()
  return settle({
    pulse: async () => pulseAt(clock.nowMs()),
    measure: async () => '12 rows',
    limitMs: 10_000,
    signal: new AbortController().signal,
    clock,
    ...options,
  })
}

const idle: Pulse = { writers: 0, horizon: '100' }

describe('settling', () => {
  test('an idle database settles once nothing was written for 300 ms', async () => {
    expect(await settleOn(() => idle)).toEqual({
      horizon: '100',
      said: 'waited 300 ms: nothing was written for 300 ms',
    })
  })

  test('waits for a writer that is still at work', async () => {
    const settled = settleOn((ms) => (ms < 2_000 ? { writers: 1, horizon: '100' } : { writers: 0, horizon: '101' }), {
      measure: counter(),
    })
    expect(await settled).toEqual({ horizon: '101', said: 'waited 2.30 s: nothing was written for 300 ms' })
  })

  test('waits for writers that come and go between two looks', async () => {
    const settled = settleOn((ms) => ({ writers: 0, horizon: String(Math.min(ms, 1_500)) }), { measure: counter() })
    expect(await settled).toEqual({ horizon: '1500', said: 'waited 1.80 s: nothing was written for 300 ms' })
  })

  test('where others never stop writing, takes what it reads standing still for a second', async () => {
    let rows = 0
    const settled = await settleOn((ms) => ({ writers: 1, horizon: String(ms) }), {
      measure: async () => `${Math.min(++rows, 6)} rows`,
    })
    expect(settled).toEqual({ horizon: '', said: 'waited 1.60 s: 6 rows for 1.00 s while others wrote' })
  })

  test('does not wait again where nothing was written since', async () => {
    expect(await settleOn(() => idle, { settledAt: '100' })).toMatchObject({ said: 'nothing was written since' })
    expect(await settleOn(() => idle, { settledAt: '99' })).toMatchObject({ said: expect.stringContaining('waited') })
    const writing = settleOn((ms) => ({ writers: ms < 500 ? 1 : 0, horizon: '100' }), { settledAt: '100' })
    expect(await writing).toMatchObject({ said: 'waited 800 ms: nothing was written for 300 ms' })
  })

  test('believes the target once it says it is quiet and nobody writes', async () => {
    const clock = virtualClock()
    const quiet = async () => clock.nowMs() >= 700
    expect(await settleOn(() => idle, { quiet, clock })).toEqual({
      horizon: '100',
      said: 'waited 700 ms: the target says it is quiet',
    })
    const busy = virtualClock()
    const pulse = (ms: number) => ({ writers: ms < 900 ? 1 : 0, horizon: '100' })
    const settled = await settleOn(pulse, { quiet: async () => true, clock: busy, measure: counter() })
    expect(settled.said).toBe('waited 1.00 s: the target says it is quiet')
  })

  test('gives up at its limit and says what it saw', async () => {
    const endless = settleOn((ms) => ({ writers: 2, horizon: String(ms) }), { measure: counter(), limitMs: 3_000 })
    await expect(endless).rejects.toThrow(
      'the ledger did not settle within 3.00 s: 2 writing transactions are open, last seen: 30 rows',
    )
    const deaf = settleOn(() => idle, { quiet: async () => false, limitMs: 1_000 })
    await expect(deaf).rejects.toThrow('did not settle within 1.00 s: the target never said that it is quiet')
  })

  test('ends with the signal', async () => {
    const controller = new AbortController()
    const quiet = async () => {
      controller.abort(new Error('given up'))
      return false
    }
    await expect(settleOn(() => idle, { quiet, signal: controller.signal })).rejects.toThrow('given up')
  })
})

/** A count that rises whenever it is asked for. */
function counter(): () => Promise<string> {
  let count = 0
  return async () => `${++count} rows`
}
