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

/** A scenario whose run begins and ends when the test calls `begin` and `end`. Disruptions are only recorded. */
async function scenario(perform = async (disruption: Disruption) => disruption.kind as string) {
  const requested: Disruption[] = []
  const disrupt = async (disruption: Disruption) => {
    requested.push(disruption)
    return perform(disruption)
  }
  const server = await startControlServer({
    disrupt,
    reset: async () => {},
    targetPids: () => [],
    targetExits: () => [],
  })
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
    onSkipped: vi.fn<(labels: readonly string[], reason: string) => void>(),
  } satisfies ChaosContext
  const { promise, resolve, reject } = Promise.withResolvers<TimedRun>()
  const begin = (plannedMs: number, elapsedMs = 0) => {
    const snapshot = { run: 'http 1', state: 'running', elapsedMs, plannedMs } as RunSnapshot
    for (const listener of listeners) listener(snapshot)
  }
  return { context, requested, abort, listeners, run: promise, begin, end: () => resolve(run), fail: reject }
}

describe('chaos', () => {
  test('performs the scheduled disruptions in order of their times, and returns the run', async () => {
    const { context, requested, run: running, begin, end, listeners } = await scenario()
    const chaos = createChaos(context)
    const ended = chaos.during(running, [
      killTarget({ time: '50%' }),
      restartRedis({ time: 20 }),
      dropPostgresConnections({ time: '10%' }),
    ])
    begin(100)
    await vi.waitFor(() => expect(requested).toHaveLength(3))
    end()
    expect(await ended).toBe(run)
    expect(requested.map(({ kind }) => kind)).toEqual(['dropConnections', 'restart', 'killTarget'])
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

  test('counts times from the start of the run, not from its first snapshot', async () => {
    const { context, requested, run: running, begin, end } = await scenario()
    const ended = createChaos(context).during(running, [killTarget({ time: '90s' })])
    begin(100_000, 90_000)
    await vi.waitFor(() => expect(requested).toHaveLength(1))
    end()
    await ended
  })

  test('waits until the disruption has ended, even if the run ends before', async () => {
    const { promise: recovered, resolve: recover } = Promise.withResolvers<string>()
    const { context, requested, run: running, begin, end } = await scenario(() => recovered)
    const chaos = createChaos(context)
    let returned = false
    const ended = chaos.during(running, [killTarget({ time: 0 })]).then(() => (returned = true))
    begin(100)
    await vi.waitFor(() => expect(requested).toHaveLength(1))
    end()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(returned).toBe(false)
    recover('target killed, ready again after 1.70 s')
    await ended
    expect(chaos.done).toMatchObject([{ label: 'target killed, ready again after 1.70 s' }])
  })

  test('rejects if the run ends before the time of a disruption', async () => {
    const { context, run: running, begin, end, requested } = await scenario()
    const ended = createChaos(context).during(running, [killTarget({ time: '1h' })])
    begin(100)
    end()
    await expect(ended).rejects.toThrow(
      "killTarget at 1h was not done: the run ended before 3600.0 s\nFix: use a percentage of the run, such as time: '40%'",
    )
    expect(requested).toEqual([])
  })

  test('rejects if the run ends within its first second', async () => {
    const { context, run: running, end } = await scenario()
    const ended = createChaos(context).during(running, [killTarget({ time: '40%' })])
    end()
    await expect(ended).rejects.toThrow('killTarget at 40% was not done: the run ended\nFix: ')
  })

  test('rejects after the run if a disruption failed', async () => {
    const {
      context,
      run: running,
      begin,
      end,
    } = await scenario(async () => {
      throw new Error('redis: it did not start')
    })
    const ended = createChaos(context).during(running, [restartRedis({ time: 0 })])
    begin(100)
    end()
    await expect(ended).rejects.toThrow('restartRedis at 0ms')
  })

  test('rejects with the error of a failed run', async () => {
    const { context, run: running, begin, fail } = await scenario()
    const ended = createChaos(context).during(running, [killTarget({ time: '1h' })])
    begin(100)
    fail(new Error('the scenario threw'))
    await expect(ended).rejects.toThrow('the scenario threw')
  })

  test('reports the disruptions as skipped if target and services are external', async () => {
    const { context, run: running, end, requested } = await scenario()
    const ended = createChaos({ ...context, control: undefined }).during(running, [killTarget({ time: '40%' })])
    end()
    expect(await ended).toBe(run)
    expect(requested).toEqual([])
    expect(context.onSkipped).toHaveBeenCalledExactlyOnceWith(
      ['killTarget at 40%'],
      expect.stringContaining('cannot be disrupted'),
    )
  })
})
