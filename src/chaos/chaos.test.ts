import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Disruption } from '../control/disruption.ts'
import { windowOf, type TimedRun } from '../evidence/run-window.ts'
import type { RunMark } from '../results/result.ts'
import type { RunSnapshot } from '../results/snapshot.ts'
import { startControlServer } from '../services/control-server.ts'
import { createChaos, type ChaosContext } from './chaos.ts'
import { dropPostgresConnections, killTarget, restartRedis } from './schedule.ts'

const RUN_START_MS = 5

const run: TimedRun = {
  [windowOf]: () => ({
    run: 'http 1',
    runStartMs: RUN_START_MS,
    runEndMs: 1,
    settledMs: 1,
    spans: [],
    scope: 'steady phase',
  }),
}

/** A scenario whose run is told by hand to begin and to end, and whose orders are only noted down. */
async function scenario(carryOut = async (disruption: Disruption) => disruption.kind as string) {
  const ordered: Disruption[] = []
  const disrupt = async (disruption: Disruption) => {
    ordered.push(disruption)
    return carryOut(disruption)
  }
  const server = await startControlServer({ disrupt, reset: async () => {}, targetPids: () => [] })
  onTestFinished(() => server[Symbol.asyncDispose]())
  const listeners = new Set<(snapshot: RunSnapshot) => void>()
  const abort = new AbortController()
  const context = {
    control: server.address,
    signal: abort.signal,
    onSnapshot(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onMarks: vi.fn<(run: string, marks: readonly RunMark[]) => void>(),
    onSkipped: vi.fn<(asked: readonly string[], reason: string) => void>(),
  } satisfies ChaosContext
  const { promise, resolve, reject } = Promise.withResolvers<TimedRun>()
  const begin = (plannedMs: number, elapsedMs = 0) => {
    const snapshot = { run: 'http 1', state: 'running', elapsedMs, plannedMs } as RunSnapshot
    for (const listener of listeners) listener(snapshot)
  }
  return { context, ordered, abort, listeners, run: promise, begin, end: () => resolve(run), fail: reject }
}

describe('chaos', () => {
  test('does what the schedule says, in order of moments, and gives the run back', async () => {
    const { context, ordered, run: pendingRuns, begin, end, listeners } = await scenario()
    const chaos = createChaos(context)
    const ended = chaos.during(pendingRuns, [
      killTarget({ time: '50%' }),
      restartRedis({ time: 20 }),
      dropPostgresConnections({ time: '10%' }),
    ])
    begin(100)
    await vi.waitFor(() => expect(ordered).toHaveLength(3))
    end()
    expect(await ended).toBe(run)
    expect(ordered.map(({ kind }) => kind)).toEqual(['dropConnections', 'restart', 'killTarget'])
    expect(chaos.done.map(({ label }) => label)).toEqual(['dropConnections', 'restart', 'killTarget'])
    expect(context.onMarks).toHaveBeenCalledExactlyOnceWith(
      'http 1',
      chaos.done.map(({ label, startMs, endMs }) => ({
        label,
        startMs: startMs - RUN_START_MS,
        endMs: endMs - RUN_START_MS,
      })),
    )
    for (const { startMs, endMs } of chaos.done) expect(endMs).toBeGreaterThanOrEqual(startMs)
    expect(listeners.size).toBe(0)
  })

  test('counts moments from the start of the run, not from its first snapshot', async () => {
    const { context, ordered, run: pendingRuns, begin, end } = await scenario()
    const ended = createChaos(context).during(pendingRuns, [killTarget({ time: '90s' })])
    begin(100_000, 90_000)
    await vi.waitFor(() => expect(ordered).toHaveLength(1))
    end()
    await ended
  })

  test('waits until what was disrupted works again, although the run has ended', async () => {
    const { promise: works, resolve: repair } = Promise.withResolvers<string>()
    const { context, ordered, run: pendingRuns, begin, end } = await scenario(() => works)
    const chaos = createChaos(context)
    let returned = false
    const ended = chaos.during(pendingRuns, [killTarget({ time: 0 })]).then(() => (returned = true))
    begin(100)
    await vi.waitFor(() => expect(ordered).toHaveLength(1))
    end()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(returned).toBe(false)
    repair('target killed, ready again after 1.70 s')
    await ended
    expect(chaos.done).toMatchObject([{ label: 'target killed, ready again after 1.70 s' }])
  })

  test('a moment that never comes is an error', async () => {
    const { context, run: pendingRuns, begin, end, ordered } = await scenario()
    const ended = createChaos(context).during(pendingRuns, [killTarget({ time: '1h' })])
    begin(100)
    end()
    await expect(ended).rejects.toThrow(
      "killTarget at 1h was not done: the run ended before 3600.0 s. A share of the run, as at: '40%', holds at every scale",
    )
    expect(ordered).toEqual([])
  })

  test('so is a run that ends before its first second', async () => {
    const { context, run: pendingRuns, end } = await scenario()
    const ended = createChaos(context).during(pendingRuns, [killTarget({ time: '40%' })])
    end()
    await expect(ended).rejects.toThrow('killTarget at 40% was not done: the run ended. ')
  })

  test('a disruption that fails is an error once the run has ended', async () => {
    const {
      context,
      run: pendingRuns,
      begin,
      end,
    } = await scenario(async () => {
      throw new Error('redis: it did not start')
    })
    const ended = createChaos(context).during(pendingRuns, [restartRedis({ time: 0 })])
    begin(100)
    end()
    await expect(ended).rejects.toThrow('restartRedis at 0ms')
  })

  test('a run that fails fails as it would alone', async () => {
    const { context, run: pendingRuns, begin, fail } = await scenario()
    const ended = createChaos(context).during(pendingRuns, [killTarget({ time: '1h' })])
    begin(100)
    fail(new Error('the scenario threw'))
    await expect(ended).rejects.toThrow('the scenario threw')
  })

  test('where everything runs elsewhere nothing is done, and that is told', async () => {
    const { context, run: pendingRuns, end, ordered } = await scenario()
    const ended = createChaos({ ...context, control: undefined }).during(pendingRuns, [killTarget({ time: '40%' })])
    end()
    expect(await ended).toBe(run)
    expect(ordered).toEqual([])
    expect(context.onSkipped).toHaveBeenCalledExactlyOnceWith(
      ['killTarget at 40%'],
      expect.stringContaining('cannot be disrupted'),
    )
  })
})
