import { evidenceOf, type RequestEvidence } from '../evidence/evidence.ts'
import { checkKnownKeys } from '../options/checks.ts'
import { Problems } from '../options/problems.ts'
import { Histogram } from '../stats/histogram.ts'
import { formatCount, significant } from '../stats/units.ts'
import { MetricMissingError } from './missing.ts'
import { beyondBuckets, boundedBelow, bucketQuantile, checkQuantile, type Bucket } from './quantile.ts'
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
   * Interpolated within a bucket of the server's histogram, whose ends are `serverLowMs` and `serverHighMs`.
   *
   * @throws {InvalidRunError} if it lies beyond the last finite bucket, as `outsideMs` then does
   */
  readonly serverMs: number
  readonly serverLowMs: number
  readonly serverHighMs: number
  /** Service time less the server's own: in queues before the handler, and on the network. At least 0. */
  readonly outsideMs: number
}

/** Beyond the last finite bucket there is no time in the server, and what lies outside of it is at most `outsideMs`. */
interface Sides extends Omit<BothSides, 'serverMs'> {
  readonly serverMs: number | undefined
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
    const { serverMs, outsideMs, ...known } = this.#sides(p)
    if (serverMs !== undefined) return { ...known, serverMs, outsideMs }
    const why = beyondBuckets(p, showSelector(this.#selector), known.serverLowMs, {
      lowName: 'serverLowMs',
      unit: ' ms',
    })
    return boundedBelow(known as BothSides, ['serverMs', 'outsideMs'], why)
  }

  #sides(p: number): Sides {
    const server = bucketQuantile(p, this.#buckets)!
    const serviceTimeMs = this.#serviceTime.percentileUs(p) / 1000
    return {
      latencyMs: this.#run.histogram.percentileUs(p) / 1000,
      serviceTimeMs,
      serverMs: server.value,
      serverLowMs: server.low,
      serverHighMs: server.high,
      outsideMs: Math.max(0, serviceTimeMs - (server.value ?? server.low)),
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

function showServer({ serverMs, serverLowMs }: Sides): string {
  return serverMs === undefined ? `>${significant(serverLowMs, 3)}` : significant(serverMs, 3)
}

/** Where the service time lies in the server's bucket, all that is known is how much it is at most. */
function showOutside({ serviceTimeMs, serverLowMs, serverHighMs, outsideMs }: Sides): string {
  const isWithinBucket = serviceTimeMs > serverLowMs && serviceTimeMs < serverHighMs
  return isWithinBucket ? `<${significant(serviceTimeMs - serverLowMs, 3)}` : significant(outsideMs, 3)
}

/** @throws {OptionsError} naming every option that cannot be used */
export function checkServerSide(options: ServerSideOptions): void {
  const problems = new Problems()
  const example = "serverSide(run, { histogram: 'http_request_duration_seconds', labels: { route: '/api/me' } })"
  if (typeof options !== 'object' || options === null) {
    problems.add('options', options, 'must be an object', example)
    problems.throwIfAny('serverSide()')
  }
  checkKnownKeys(problems, '', options, ['histogram', 'labels', 'unit'])
  const { histogram, labels = {}, unit } = options
  if (typeof histogram !== 'string') problems.add('histogram', histogram, 'must name a histogram', example)
  const isPlain = typeof labels === 'object' && labels !== null
  if (!isPlain || !Object.values(labels).every((value) => typeof value === 'string'))
    problems.add('labels', labels, 'must be strings by label', example)
  if (unit !== undefined && unit !== 's' && unit !== 'ms')
    problems.add('unit', unit, "must be 's' or 'ms'", "unit: 'ms'")
  problems.throwIfAny('serverSide()')
}

function unitOf(name: string): 's' | 'ms' {
  return /_(milliseconds|ms)$/.test(name) ? 'ms' : 's'
}
