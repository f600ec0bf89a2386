import { evidenceOf, type RequestEvidence } from '../evidence/evidence.ts'
import { isRecord, object, optional, readOptions } from '../options/schema.ts'
import { matching, oneOf } from '../options/values.ts'
import { Histogram } from '../stats/histogram.ts'
import { formatCount, significant } from '../stats/units.ts'
import { MetricMissingError } from './missing.ts'
import { beyondBuckets, boundedBelow, bucketQuantile, checkQuantile, withinBucket, type Bucket } from './quantile.ts'
import { showSelector, type Selector } from './selector.ts'
import type { Labels } from './series-name.ts'

/** A run of requests, or one of its steps. */
export interface ComparedRun {
  readonly name: string
  [evidenceOf](): RequestEvidence
}

export interface ServerSideOptions {
  /** A histogram of the target's own times, without `_bucket`: `http_server_duration_seconds`. May be a selector. */
  readonly histogram: string
  /** Picks the series of this route: `{ route: '/api/me' }`. */
  readonly labels?: Labels
  /** Unit of its buckets. Default: `'ms'` where the name ends in `_milliseconds` or `_ms`, else `'s'`. */
  readonly unit?: 's' | 'ms'
}

/** One percentile, seen from both ends. Differences of percentiles: the same request need not be at both. */
export interface BothSides {
  /** From intended start to last byte. */
  readonly latencyMs: number
  /** From actual send to last byte. */
  readonly serviceTimeMs: number
  /**
   * No number: the server's histogram knows only the bucket that it lies in, from `serverLowMs` to `serverHighMs`.
   *
   * @throws {InvalidRunError} always
   */
  readonly serverMs: never
  /** Where the bucket of the server's histogram begins: its own time is more than that. */
  readonly serverLowMs: number
  /** Where that bucket ends: its own time is at most that. `Infinity` beyond the last finite bucket. */
  readonly serverHighMs: number
  /**
   * Service time less the server's own, at most: in queues before the handler, and on the network. Counted from where the
   * bucket of the server's time begins. At least 0.
   */
  readonly outsideMs: number
}

/** With what interpolation gives for messages; nothing beyond the last finite bucket. */
interface Sides extends Omit<BothSides, 'serverMs'> {
  readonly interpolatedMs: number | undefined
}

const SHOWN = [0.5, 0.95, 0.99]
/** Beyond this, the server's histogram and the run do not count the same requests. */
const COUNTS_DIFFER = 0.2

/**
 * A run with the server's own times beside it. It judges as the run does (latency from intended start), and its evidence
 * says how much of that the server knew of.
 *
 * The server's times are of every request its labels pick, from any sender, in the time between two scrapes.
 */
export class ServerSide implements ComparedRun {
  readonly name: string
  /** How many requests the server's histogram counted in the window. */
  readonly serverCount: number
  readonly #run: RequestEvidence
  readonly #selector: Selector
  readonly #buckets: readonly Bucket[]
  readonly #serviceTime: Histogram

  /** @throws {InvalidRunError} if the histogram observed nothing in the window */
  constructor(run: ComparedRun, { unit }: ServerSideOptions, selector: Selector, buckets: readonly Bucket[]) {
    const factor = (unit ?? unitOf(selector.name)) === 'ms' ? 1 : 1000
    this.name = run.name
    this.#run = run[evidenceOf]()
    this.#selector = selector
    this.#buckets = buckets.map(({ le, count }) => ({ le: le * factor, count }))
    // The server's histogram counts failed requests too, with their own times.
    const endings = this.#run.requestWindows.flatMap(({ good, failed }) => [good, failed])
    this.#serviceTime = Histogram.merged(endings.map(({ serviceTime }) => serviceTime))
    this.serverCount = Math.max(0, ...buckets.map(({ count }) => count))
    if (this.serverCount === 0)
      throw new MetricMissingError(`${showSelector(selector)} observed nothing while ${run.name} lasted`)
  }

  /**
   * @param p a percentile as a ratio: 0.95
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
      `outside of it   ${row(showOutside)} ms   queueing and network: service time less the server's`,
      ...this.#mismatch(),
    ]
  }

  #mismatch(): string[] {
    const { completed } = this.#run
    if (Math.abs(this.serverCount - completed) <= completed * COUNTS_DIFFER) return []
    return [
      `the server counted ${formatCount(this.serverCount)} requests and the run ${formatCount(completed)}: ` +
        `other clients, other labels, or a scope of few scrapes`,
    ]
  }

  /** In ends of buckets, which are known; what lies between them is not. */
  #hint(): string | undefined {
    const { serviceTimeMs, serverLowMs, serverHighMs } = this.#sides(0.95)
    const of = `of ${significant(serviceTimeMs, 3)} ms of service time at p95`
    if (serverHighMs < serviceTimeMs / 2)
      return (
        `the server knows of at most ${significant(serverHighMs, 3)} ${of}: the rest is queueing before its handler, ` +
        `or network, and a quicker handler will not help`
      )
    if (serverLowMs > serviceTimeMs / 2)
      return `the server's handler takes at least ${significant(Math.min(serverLowMs, serviceTimeMs), 3)} ${of}`
    return undefined
  }
}

function showServer({ interpolatedMs, serverLowMs }: Sides): string {
  return interpolatedMs === undefined ? `>${significant(serverLowMs, 3)}` : significant(interpolatedMs, 3)
}

/** Where the service time lies in the server's bucket, all that is known is how much it is at most. */
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

/** @throws {OptionsError} naming every option that cannot be used */
export function checkServerSide(options: ServerSideOptions): void {
  readOptions('serverSide()', SERVER_SIDE, options)
}

function unitOf(name: string): 's' | 'ms' {
  return /_(milliseconds|ms)$/.test(name) ? 'ms' : 's'
}
