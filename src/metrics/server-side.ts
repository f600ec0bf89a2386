import { evidenceOf, type RequestEvidence } from '../evidence/evidence.ts'
import { isRecord, object, optional, readOptions } from '../options/schema.ts'
import { matching, oneOf } from '../options/values.ts'
import { Histogram } from '../stats/histogram.ts'
import { formatCount, significant } from '../stats/units.ts'
import { MetricMissingError, UNOBSERVED } from './missing.ts'
import { beyondBuckets, boundedBelow, bucketQuantile, checkQuantile, withinBucket, type Bucket } from './quantile.ts'
import { showSelector, type Selector } from './selector.ts'
import type { Labels } from './series-name.ts'

/** A run of requests, or one of its steps. */
export interface ComparedRun {
  readonly name: string
  [evidenceOf](): RequestEvidence
}

export interface ServerSideOptions {
  /** Histogram of the target's own times, without `_bucket`: `http_server_duration_seconds`. May be a selector. */
  readonly histogram: string
  /** Labels of the series of this route: `{ route: '/api/me' }`. */
  readonly labels?: Labels
  /** Unit of its buckets. @default `'ms'` if the name ends with `_milliseconds` or `_ms`, else `'s'` */
  readonly unit?: 's' | 'ms'
}

/** A percentile of the run and of the server. The two need not belong to the same request. */
export interface BothSides {
  /** Time from intended start to last byte. */
  readonly latencyMs: number
  /** Time from the send to the last byte. */
  readonly serviceTimeMs: number
  /**
   * Always throws: the server's histogram only contains its bucket, from `serverLowMs` to `serverHighMs`.
   *
   * @throws {InvalidRunError} always
   */
  readonly serverMs: never
  /** Lower end of the bucket of the server's time, which is above it. */
  readonly serverLowMs: number
  /** Upper end of that bucket: the server's time is at most this. `Infinity` beyond the last finite bucket. */
  readonly serverHighMs: number
  /**
   * Maximum time outside the server, in queues before the handler and on the network: service time minus `serverLowMs`. At
   * least 0.
   */
  readonly outsideMs: number
}

/** Both sides with the interpolated server time for messages; `undefined` beyond the last finite bucket. */
interface Sides extends Omit<BothSides, 'serverMs'> {
  readonly interpolatedMs: number | undefined
}

const SHOWN = [0.5, 0.95, 0.99]
/** Relative difference of the counts above which the histogram and the run do not count the same requests. */
const COUNTS_DIFFER = 0.2

/**
 * A run with the server's own times. Matchers judge it as the run (latency from intended start), and its evidence shows the
 * server's part of the latency.
 *
 * The server's times include every request with the labels, from any client, between two scrapes.
 */
export class ServerSide implements ComparedRun {
  readonly name: string
  /** Number of requests that the server's histogram counted in the window. */
  readonly serverCount: number
  readonly #run: RequestEvidence
  readonly #selector: Selector
  readonly #buckets: readonly Bucket[]
  readonly #serviceTime: Histogram

  /** @throws {InvalidRunError} if the histogram has no observations in the window */
  constructor(run: ComparedRun, { unit }: ServerSideOptions, selector: Selector, buckets: readonly Bucket[]) {
    const factor = (unit ?? unitOf(selector.name)) === 'ms' ? 1 : 1000
    this.name = run.name
    this.#run = run[evidenceOf]()
    this.#selector = selector
    this.#buckets = buckets.map(({ le, count }) => ({ le: le * factor, count }))
    // The server's histogram also counts failed requests, with their own times.
    const endings = this.#run.requestWindows.flatMap(({ good, failed }) => [good, failed])
    this.#serviceTime = Histogram.merged(endings.map(({ serviceTime }) => serviceTime))
    this.serverCount = Math.max(0, ...buckets.map(({ count }) => count))
    if (this.serverCount === 0)
      throw new MetricMissingError(`${showSelector(selector)} has no observations during ${run.name}`, UNOBSERVED)
  }

  /**
   * @param p percentile as a ratio: 0.95
   * @throws {OptionsError} if it is not above 0 and below 1
   */
  at(p: number): BothSides {
    checkQuantile('at()', p, 'serverSide.at(0.95)')
    const { interpolatedMs, ...known } = this.#sides(p)
    const what = showSelector(this.#selector)
    const names = { lowName: 'serverLowMs', highName: 'serverHighMs', unit: ' ms' }
    const why =
      interpolatedMs === undefined
        ? beyondBuckets(p, what, known.serverLowMs, names)
        : withinBucket(p, what, { low: known.serverLowMs, high: known.serverHighMs }, names)
    return boundedBelow(known as BothSides, ['serverMs'], why)
  }

  #sides(p: number): Sides {
    const server = bucketQuantile(p, this.#buckets)!
    const serviceTimeMs = this.#serviceTime.percentileUs(p) / 1000
    return {
      latencyMs: this.#run.histogram.percentileUs(p) / 1000,
      serviceTimeMs,
      interpolatedMs: server.value,
      serverLowMs: server.low,
      serverHighMs: server.high,
      outsideMs: Math.max(0, serviceTimeMs - server.low),
    }
  }

  /** Vitest clones only objects without a tag for the diff of a failed assertion, and a clone lacks private fields. */
  get [Symbol.toStringTag](): string {
    return 'ServerSide'
  }

  [evidenceOf](): RequestEvidence {
    const run = this.#run
    if (this.#serviceTime.count === 0) return run
    const hint = [run.hint, this.#hint()].filter((part) => part !== undefined).join('\n')
    return {
      ...run,
      evidenceLines: [...run.evidenceLines, ...this.#lines()],
      hint: hint === '' ? undefined : hint,
    }
  }

  #lines(): string[] {
    const sides = SHOWN.map((p) => ({ p, ...this.#sides(p) }))
    const row = (show: (side: Sides) => string) => sides.map((side) => `p${side.p * 100} ${show(side)}`).join('   ')
    const counted = `${formatCount(this.serverCount)} requests by ${showSelector(this.#selector)}`
    return [
      `in the server   ${row(showServer)} ms   ${counted}`,
      `outside of it   ${row(showOutside)} ms   queueing and network: service time minus the server's`,
      ...this.#mismatch(),
    ]
  }

  #mismatch(): string[] {
    const { completed } = this.#run
    if (Math.abs(this.serverCount - completed) <= completed * COUNTS_DIFFER) return []
    return [
      `the server counted ${formatCount(this.serverCount)} requests and the run ${formatCount(completed)}: ` +
        `possible causes are other clients, other labels, or a scope with few scrapes`,
    ]
  }

  /** Hint based on the ends of buckets: values between them are unknown. */
  #hint(): string | undefined {
    const { serviceTimeMs, serverLowMs, serverHighMs } = this.#sides(0.95)
    const of = `of ${significant(serviceTimeMs, 3)} ms of service time at p95`
    if (serverHighMs < serviceTimeMs / 2)
      return (
        `look for queues before the handler, and at the network: the server accounts for at most ` +
        `${significant(serverHighMs, 3)} ${of}, so a faster handler will not help`
      )
    if (serverLowMs > serviceTimeMs / 2)
      return `make the server's handler faster: it takes at least ${significant(Math.min(serverLowMs, serviceTimeMs), 3)} ${of}`
    return undefined
  }
}

function showServer({ interpolatedMs, serverLowMs }: Sides): string {
  return interpolatedMs === undefined ? `>${significant(serverLowMs, 3)}` : significant(interpolatedMs, 3)
}

/** Time outside the server; only an upper limit if the service time is within the server's bucket. */
function showOutside({
  serviceTimeMs,
  serverLowMs,
  serverHighMs,
  interpolatedMs = serverLowMs,
  outsideMs,
}: Sides): string {
  const isWithinBucket = serviceTimeMs > serverLowMs && serviceTimeMs < serverHighMs
  return isWithinBucket ? `<${significant(outsideMs, 3)}` : significant(Math.max(0, serviceTimeMs - interpolatedMs), 3)
}

const SERVER_SIDE = object<ServerSideOptions>()(
  {
    histogram: matching<string>(
      (value) => typeof value === 'string',
      'must name a histogram',
      "'http_request_duration_seconds'",
    ),
    labels: optional(
      matching<NonNullable<ServerSideOptions['labels']>>(
        (value) => isRecord(value) && Object.values(value).every((label) => typeof label === 'string'),
        'must be strings by label',
        "{ route: '/api/me' }",
      ),
    ),
    unit: optional(oneOf(['s', 'ms'], 'ms')),
  },
  { example: "serverSide(run, { histogram: 'http_request_duration_seconds', labels: { route: '/api/me' } })" },
)

/** @throws {OptionsError} with every invalid option */
export function checkServerSide(options: ServerSideOptions): void {
  readOptions('serverSide()', SERVER_SIDE, options)
}

function unitOf(name: string): 's' | 'ms' {
  return /_(milliseconds|ms)$/.test(name) ? 'ms' : 's'
}
