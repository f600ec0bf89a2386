import { describe, expect, onTestFinished, test } from 'vitest'
import { startServer } from '../../fixtures/truth-websocket/start.ts'
import type { RunResult } from '../results/result.ts'
import { METRICS, sampleHttpRun } from '../testing/sample-records.ts'
import { sampleResults, scenario } from '../testing/sample-results.ts'
import { schemaMistakes } from '../testing/valid-results.ts'
import { createWebSocket } from '../websocket/websocket.ts'

/** The mistakes in results as they are written. */
function mistakesIn(results: object): readonly string[] {
  return schemaMistakes(JSON.parse(JSON.stringify(results)))
}

describe('the schema of results.json', () => {
  test('describes results of every verdict and every kind of run', () => {
    expect(mistakesIn(sampleResults())).toEqual([])
  })

  test('describes custom metrics and soft checks', () => {
    const runs = [{ ...sampleHttpRun(), ...METRICS }]
    expect(mistakesIn(sampleResults({ scenarios: [scenario('S1', 'passed', runs, [])] }))).toEqual([])
  })

  test.each([
    ['a missing field', { totals: undefined }, /^ must have required property 'totals'/],
    ['an unknown field', { verdicts: [] }, /^ must NOT have additional properties .*verdicts/],
    ['another format', { schemaVersion: 1 }, /^\/schemaVersion must be equal to constant/],
    ['text instead of a number', { durationMs: '5 s' }, /^\/durationMs must be number/],
  ])('rejects %s', (_, change, mistake) => {
    expect(mistakesIn({ ...sampleResults(), ...change })).toEqual([expect.stringMatching(mistake)])
  })

  test('describes a fan-out with a server', async () => {
    const server = await startServer('rooms')
    onTestFinished(() => server[Symbol.asyncDispose]())
    const runs: RunResult[] = []
    const ws = createWebSocket({
      ...{ baseUrl: server.url, signal: new AbortController().signal, seed: 1 },
      ...{ scale: { name: 'full', users: 1, time: 1 }, onRun: (run: RunResult) => void runs.push(run) },
    })
    await ws.fanOut({
      ...{ path: '/', connections: 3, duration: 500, subscribe: () => 'room', group: () => 'room' },
      isSubscribed: (message) => message.toString() === 'welcome',
      publish: { rate: 30, send: ({ id, sequence, group }) => server.publish({ id, sequence, room: group }) },
      identify: (message) => message.json<{ id: string }>(),
    })
    expect(runs).toMatchObject([{ kind: 'fanOut', deliveries: { missing: 0 } }])
    expect(mistakesIn(sampleResults({ scenarios: [scenario('fan-out', 'passed', runs, [])] }))).toEqual([])
  })
})
