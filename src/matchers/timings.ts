import type { RequestEvidence } from '../evidence/evidence.ts'
import { percentileName } from '../evidence/sample-size.ts'
import type { ReadOf } from '../options/schema.ts'
import { formatMs } from '../stats/units.ts'
import { limitMs, PERCENTILE, readArguments, type Duration, type PercentileOptions } from './arguments.ts'
import { judgeTrend } from './custom-metrics.ts'
import { defineMatcher, type ExtendMatcher, type Judgement } from './define.ts'
import { limitText } from './exact-text.ts'
import { requestRun, type RequestSource } from './subject.ts'
import type { On } from './typing.ts'

/** Matchers of `expect()` for times inside requests, which `http.run()` measures with `timings: true`. */
export interface TimingMatchers<R extends void | Promise<void>, T> {
  /**
   * The median time from the send to the first byte of the response is below a limit. Opening a connection is not part of
   * it. Sent requests without a good response count as infinitely slow. Only for whole runs, phases and periods. Excludes
   * warm-up. Needs 20 samples.
   */
  toHaveFirstByteP50Below: OnTimings<R, T>
  /** The 95th percentile of the time to the first byte is below a limit; see {@link toHaveFirstByteP50Below}. Needs 200 samples. */
  toHaveFirstByteP95Below: OnTimings<R, T>
  /** The 99th percentile of the time to the first byte is below a limit; see {@link toHaveFirstByteP50Below}. Needs 1,000 samples. */
  toHaveFirstByteP99Below: OnTimings<R, T>
  /**
   * The 95th percentile of the time to open a connection (TCP or Unix socket, without TLS) is below a limit. Counts
   * connections that were opened for a request during the load, and failed ones as infinitely slow. Needs 200 connections,
   * as with `connections: 'per-request'`.
   */
  toHaveConnectP95Below: OnTimings<R, T>
  /**
   * The 95th percentile of the time of a TLS handshake is below a limit; see {@link toHaveConnectP95Below}.
   *
   * @example
   * const load = constantArrivalRate({ rate: 50, vus: 20, duration: '30s' })
   * const secure = { baseUrl: 'https://127.0.0.1:8443', tls: { rejectUnauthorized: false } }
   * const run = await http.run({ load, ...secure, request: { path: '/' }, connections: 'per-request', timings: true })
   * expect(run).toHaveTlsP95Below(50)
   */
  toHaveTlsP95Below: OnTimings<R, T>
}

type OnTimings<R, T> = On<
  T,
  RequestSource,
  (limitMs: Duration, options?: PercentileOptions) => R,
  'judges a run of requests, as http.run() gives'
>

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends TimingMatchers<R, T> {}
}

interface Plan {
  readonly limitMs: number
  readonly options: ReadOf<typeof PERCENTILE>
}

type Part = keyof NonNullable<RequestEvidence['timings']>

/** Matchers of times inside requests. */
export const timingMatchers: Readonly<Record<string, ExtendMatcher>> = {
  toHaveFirstByteP50Below: timingMatcher('toHaveFirstByteP50Below', 'firstByte', 0.5),
  toHaveFirstByteP95Below: timingMatcher('toHaveFirstByteP95Below', 'firstByte', 0.95),
  toHaveFirstByteP99Below: timingMatcher('toHaveFirstByteP99Below', 'firstByte', 0.99),
  toHaveConnectP95Below: timingMatcher('toHaveConnectP95Below', 'connect', 0.95),
  toHaveTlsP95Below: timingMatcher('toHaveTlsP95Below', 'tls', 0.95),
}

function timingMatcher(name: string, part: Part, percentile: number): ExtendMatcher {
  const example = `${name}(100)`
  return defineMatcher<RequestEvidence, Plan>({
    name,
    subject: requestRun,
    readArguments: readArguments(example, { limitMs: limitMs(example), options: PERCENTILE }),
    judge(evidence, { limitMs: limit, options }) {
      const { timings } = evidence
      if (timings === undefined)
        return notMeasured(evidence, `${LABELS[part]} ${percentileName(percentile)}`, limitText(limit, formatMs))
      const trend = timings[part]()
      return { ...judgeTrend(trend, { percentile, limit, ...options }), fix: FIXES[part], hint: evidence.hint }
    },
  })
}

const LABELS: Readonly<Record<Part, string>> = { firstByte: 'first byte', connect: 'connect', tls: 'TLS' }

const FIXES: Readonly<Record<Part, string>> = {
  firstByte: 'find out what the target does before it sends the head of a response',
  connect: 'raise the backlog of the target, or keep connections open',
  tls: 'let clients resume TLS sessions, or use a certificate with an elliptic-curve key',
}

function notMeasured({ part, invalidities, evidenceLines }: RequestEvidence, what: string, limit: string): Judgement {
  const isPart = part?.step !== undefined || part?.tag !== undefined
  return {
    holds: false,
    expected: `${what} < ${limit}`,
    expectedNot: `${what} ≥ ${limit}`,
    received: `${what} unknown: nothing was measured`,
    invalidities: [
      {
        reason: 'metric-missing',
        finding: isPart
          ? 'times inside requests are not recorded by step and tag'
          : 'the run did not measure times inside requests',
        fix: isPart ? 'assert on the run or on a phase of it' : 'set timings: true in http.run()',
      },
      ...invalidities,
    ],
    evidence: evidenceLines,
    fix: 'set timings: true in http.run()',
  }
}
