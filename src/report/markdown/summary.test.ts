import { describe, expect, test } from 'vitest'
import type { AssertionResult } from '../../results/result.ts'
import {
  COMPARED,
  FAILED,
  INVALID,
  METRICS,
  PASSED,
  sampleFanOutRun,
  sampleHttpRun,
} from '../../testing/sample-records.ts'
import { sampleResults, scenario } from '../../testing/sample-results.ts'
import { EarlierRuns } from '../earlier.ts'
import { COMMENT_MARKER, commentBody, markdownSummary } from './summary.ts'

const none = new EarlierRuns()

test('shows a comparison of two builds in a table', () => {
  const results = sampleResults()
  const scenarios = [{ ...results.scenarios[0]!, comparisons: [COMPARED] }]
  const summary = markdownSummary({ ...results, scenarios }, none)
  const table = summary.slice(summary.indexOf('**S1 session'), summary.indexOf('\n\n', summary.indexOf('| errors')))
  expect(table).toMatchInlineSnapshot(`
    "**S1 session and config**, comparison 1: head against base, 8 pairs of slices of 1s, constantArrivalRate 100/s, 20 VUs, 16s

    |  | base | head | change | 95% interval |
    |---|--:|--:|--:|---|
    | p50 | 2 ms | 2.3 ms | +15% | +12% to +18% |
    | errors | 0% | 1% | +1 points | ±0 points to +2 points |"
  `)
})

test('writes "1 assertion", not "All 1 assertions"', () => {
  const scenarios = [scenario('S1', 'passed', [], [PASSED])]
  expect(markdownSummary(sampleResults({ scenarios }), none)).toContain('<summary>1 assertion</summary>')
})

test('shows all scenarios in one table, then messages and reasons of those that did not pass', () => {
  expect(markdownSummary(sampleResults(), none)).toMatchInlineSnapshot(`
    "## Load report: 1 failed, 1 invalid, 2 passed, 1 skipped

    scale \`smoke\` · took 93s · vitest-slo 0.1.0

    | | Scenario | Objective | Received | p50 | p95 | p99 | Errors or missing | p95 against previous run |
    |---|---|---|---|--:|--:|--:|--:|---|
    | ❌ failed | S4 votes at a spike: http 1 | error rate &lt; 0.1% | error rate = 0.33% | 31.6 ms | 50.7 ms | 150 ms | 0.067% | – |
    |  | S4 votes at a spike: votes | p95 &lt; 150 ms | p95 = 98.1 ms | 31.6 ms | 50.7 ms | 151 ms | 0.075% | – |
    | ⚠️ invalid | S5 live events | p99 &lt; 400 ms | not judged: p99 &lt; 400 ms needs at least 1,000 requests, the scope judged has 120 | 35.4 ms | 50.6 ms | 150 ms | 0% | – |
    | ✅ passed | S1 session and config | p95 &lt; 150 ms | p95 = 98.1 ms | 31.6 ms | 50.7 ms | 150 ms | 0.067% | – |
    | ✅ passed | S6 fan-out | – | – | 120 ms | 210 ms | 218 ms | 0.02% | – |
    | ⏭️ skipped | S7 later | – | – | – | – | – | – | – |

    ⚠️ **Invalid** is neither passed nor failed: the evidence cannot be judged, because the load generator was the bottleneck, the planned load was not applied, there were too few samples, or the run was stopped. The fix is listed with each one.

    <details open><summary>❌ S4 votes at a spike</summary>

    - votes: schedule delay p99 48 ms, limit 10 ms. Lower the rate or add cores.

    \`\`\`text
    expect(run).toHaveErrorRateBelow(0.001)

    Expected: error rate < 0.1%
    Received: error rate = 0.33%
    \`\`\`

    </details>

    <details open><summary>⚠️ S5 live events</summary>

    \`\`\`text
    expect(run).toHaveP99Below(400)

    Invalid: 120 samples, p99 needs 1,000
    \`\`\`

    </details>

    <details><summary>All 5 assertions</summary>

    | | Scenario | Assertion | Expected | Received |
    |---|---|---|---|---|
    | ✅ | S4 votes at a spike | \`toHaveP95Below(150)\` of votes | p95 &lt; 150 ms | p95 = 98.1 ms |
    | ❌ | S4 votes at a spike | \`toHaveErrorRateBelow(0.001)\` of http 1 | error rate &lt; 0.1% | error rate = 0.33% |
    | ⚠️ | S5 live events | \`toHaveP99Below(400)\` | p99 &lt; 400 ms | 120 samples, p99 needs 1,000 |
    | ✅ | S1 session and config | \`toHaveP95Below(150)\` | p95 &lt; 150 ms | p95 = 98.1 ms |
    | ✅ | S6 fan-out | \`toHaveP95Below(150)\` | p95 &lt; 150 ms | p95 = 98.1 ms |

    </details>

    <details><summary>Environment</summary>

    - Test CPU, 2 cores, linux x64, Node.js v24.0.0
    - load average 0.3 before, 1.2 after
    - postgres: PostgreSQL 18.4, embedded, 127.0.0.1:21345

    </details>
    "
  `)
})

describe('the order of scenarios', () => {
  function names(markdown: string): string[] {
    return [...markdown.matchAll(/^\| (?:❌|⚠️|✅) \w+ \| (\w+) \|/gm)].map(([, name]) => name!)
  }

  test('begins with those that did not pass, then those with the largest regressions', () => {
    const run = sampleHttpRun()
    const quicker = { ...run, latency: { ...run.latency!, p95Ms: Number(run.latency!.p95Ms) / 2 } }
    const now = sampleResults({
      scenarios: [
        scenario('same', 'passed', [run], [PASSED]),
        scenario('slower', 'passed', [run], [PASSED]),
        scenario('invalid', 'invalid', [run], [INVALID]),
        scenario('fixed', 'passed', [run], [PASSED]),
        scenario('failed', 'failed', [run], [FAILED]),
      ],
    })
    const earlier = new EarlierRuns()
    earlier.learn({
      ...now,
      scenarios: [
        scenario('same', 'passed', [run], []),
        scenario('slower', 'passed', [quicker], []),
        scenario('fixed', 'failed', [run], []),
      ],
    })
    const markdown = markdownSummary(now, earlier)
    expect(names(markdown)).toEqual(['failed', 'invalid', 'fixed', 'slower', 'same'])
  })
})

test('shows commit, step, and the direction of a change beyond noise', () => {
  const at = (value: number): AssertionResult => ({
    ...{ ...PASSED, step: 'pay', limit: 150, value, unit: 'ms', percentile: 0.95 },
    interval: { low: value * 0.95, high: value * 1.05, confidence: 0.95 },
  })
  const whole = (value: number): AssertionResult => {
    const { step: _step, ...rest } = at(value)
    return { ...rest, limit: 1000 }
  }
  const results = (value: number) => {
    const base = sampleResults({ scenarios: [scenario('S1', 'passed', [sampleHttpRun()], [at(98), whole(value)])] })
    return { ...base, environment: { ...base.environment, commit: '0123456789abcdef' } }
  }
  const cellAfter = (before: number) => {
    const earlier = new EarlierRuns()
    earlier.learn(results(before))
    const row = markdownSummary(results(100), earlier)
      .split('\n')
      .find((line) => line.startsWith('| ✅ passed | S1'))
    return row!.split(' | ').at(-1)
  }
  expect(markdownSummary(results(100), none)).toContain('commit `0123456789ab` · scale')
  expect(markdownSummary(results(100), none)).toContain('| step pay: p95 &lt; 150 ms | p95 = 98.1 ms |')
  expect([80, 99, 130].map(cellAfter)).toEqual([
    '+25% (+16% to +34%) ▲ slower |',
    'within noise (−5.9% to +8.4%) |',
    '−23% (−28% to −17%) ▼ faster |',
  ])
})

test('escapes names and messages, which cannot end a table, details or code', () => {
  const evil = 'a|b `c` <details> @someone #1\n| d'
  const message = 'Expected: x\n```\n</details>\n# no heading'
  const now = sampleResults({ scenarios: [scenario(evil, 'failed', [], [{ ...FAILED, expected: evil, message }])] })
  const markdown = markdownSummary(now, none)
  expect(markdown).toContain(String.raw`a\|b \`c\` &lt;details&gt; @&#8203;someone \#1 \| d`)
  expect(markdown).toContain('````text\nExpected: x\n```\n</details>\n# no heading\n````')
})

test('a comment begins with its marker and stays below the limit of GitHub', () => {
  const long = { ...FAILED, message: 'x'.repeat(5000) }
  const scenarios = Array.from({ length: 60 }, (_, at) => scenario(`S${at}`, 'failed', [], [long]))
  const body = commentBody(sampleResults({ scenarios }), none)
  expect(body.startsWith(`${COMMENT_MARKER}\n## Load report`)).toBe(true)
  expect(body.length).toBeLessThan(65_536)
  expect(body).toContain('the rest is in the job summary')
})

test('shows custom metrics and soft checks in a table', () => {
  const results = sampleResults({ scenarios: [scenario('S1', 'passed', [{ ...sampleHttpRun(), ...METRICS }], [])] })
  const summary = markdownSummary(results, none)
  expect(summary.slice(summary.indexOf('<details><summary>Custom'), summary.indexOf('</details>')))
    .toMatchInlineSnapshot(`
    "<details><summary>Custom metrics and soft checks</summary>

    | Scenario | Name | Kind | Figures |
    |---|---|---|---|
    | S1 | cart size | trend | values 1,200, min 1 items, p50 4 items, p95 9.5 items, p99 12 items, max 14 items |
    | S1 | declined orders | counter | total 24, per second 0.8/s |
    | S1 | cached | rate | hits 75% (900 of 1,200) |
    | S1 | queue length | gauge | last 3 jobs, min -1 jobs, max 1,250 jobs |
    | S1 | render time | trend | never recorded |
    | S1 | cart is complete | soft check | passed 99% (1,188 of 1,200), most often 12 × status 503 |

    "
  `)
})

test('shows custom metrics of a fan-out in the table', () => {
  const runs = [{ ...sampleFanOutRun(), metrics: METRICS.metrics }]
  const summary = markdownSummary(sampleResults({ scenarios: [scenario('S3', 'passed', runs, [])] }), none)
  expect(summary).toContain('| S3 | queue length | gauge | last 3 jobs, min -1 jobs, max 1,250 jobs |\n')
})
