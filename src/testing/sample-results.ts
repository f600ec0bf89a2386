import type { Outcome } from '../evidence/verdict.ts'
import { countVerdicts, RESULTS_SCHEMA_VERSION, type Results, type ScenarioResult } from '../report/results.ts'
import type { AssertionResult, RunResult } from '../results/result.ts'
import { FAILED, INVALID, PASSED, sampleFanOutRun, sampleHttpRun } from './sample-records.ts'

/** Sample results of a command for tests of reports. */

/** Results with a scenario of each verdict, every kind of run and every part of a run. */
export function sampleResults(changes: Partial<Results> = {}): Results {
  const scenarios = changes.scenarios ?? [
    scenario('S1 session and config', 'passed', [sampleHttpRun()], [PASSED]),
    scenario('S4 votes at a spike', 'failed', [sampleHttpRun(), richRun()], [{ ...PASSED, run: 'votes' }, FAILED]),
    scenario('S5 live events', 'invalid', [sampleHttpRun(3)], [INVALID]),
    scenario('S6 fan-out', 'passed', [sampleFanOutRun()], [PASSED]),
    { ...scenario('S7 later', 'skipped', [], []), note: 'needs a container engine' },
  ]
  return {
    schemaVersion: RESULTS_SCHEMA_VERSION,
    vitestSlo: '0.1.0',
    startedAt: '2026-03-01T10:20:30.000Z',
    durationMs: 93_412,
    complete: true,
    scale: 'smoke',
    environment: {
      cpuModel: 'Test CPU',
      cores: 2,
      memoryBytes: 8 * 2 ** 30,
      node: 'v24.0.0',
      platform: 'linux x64',
      osRelease: '6.1',
      loadAverageAtStart: 0.3,
      loadAverageAtEnd: 1.2,
      ci: true,
    },
    services: [{ name: 'postgres', provider: 'embedded', summary: 'PostgreSQL 18.4, embedded, 127.0.0.1:21345' }],
    errors: [],
    totals: countVerdicts(scenarios),
    scenarios,
    ...changes,
  }
}

export function scenario(
  name: string,
  verdict: Outcome,
  runs: readonly RunResult[],
  assertions: readonly AssertionResult[],
): ScenarioResult {
  return { name, file: 'perf/a.perf.ts', verdict, durationMs: 31_234, runs, assertions, errors: [] }
}

/** An aborted run with several steps, phases, sampled series, a fault and slow requests. */
function richRun(): RunResult {
  const run = sampleHttpRun(60, 'votes')
  const { offered, sent, completed, dropped, errors, statuses, latency } = run
  const atSec = run.timeline.map(({ second }) => second)
  return {
    ...run,
    state: 'aborted',
    abortReason: 'the target closed all connections',
    invalidities: [
      {
        reason: 'generator-saturated',
        finding: 'schedule delay p99 48 ms, limit 10 ms',
        fix: 'Lower the rate or add cores.',
      },
    ],
    phases: [
      { name: 'warmup', startMs: 0, endMs: 5000 },
      { name: 'ramp', startMs: 5000, endMs: 15_000 },
      { name: 'steady', startMs: 15_000, endMs: 40_000 },
      { name: 'spike', startMs: 40_000, endMs: 60_000 },
    ],
    marks: [{ label: 'Redis paused', startMs: 30_000, endMs: 33_000 }],
    steps: ['GET /api/me', 'POST /api/votes'].map((name) => ({
      ...{ name, offered, sent, completed, dropped, errors, statuses },
      ...(latency && { latency }),
    })),
    slowest: [{ atMs: 4021, label: 'POST /api/votes', latencyMs: 902, status: 503, traceId: '4bf92f3577b34da6' }],
    series: [
      { group: 'target', label: 'CPU', unit: 'ratio', atSec, values: atSec.map((at) => 0.4 + 0.2 * Math.sin(at / 9)) },
      { group: 'postgres', label: 'pool in use', unit: 'count', atSec, values: atSec.map((at) => at % 9) },
      {
        group: 'postgres',
        label: 'pool waiting',
        unit: 'count',
        atSec,
        values: atSec.map((at) => (at % 7 ? 0 : null)),
      },
    ],
  }
}
