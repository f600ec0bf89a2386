import type { SlicePair } from '../evidence/comparison-evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { DEFAULT_LIMITS } from '../execution/generator-limits.ts'
import { createHttp, type HttpContext } from '../http/http.ts'
import type { Flow, HttpRunOptions, RequestContext, RequestOption } from '../http/types.ts'
import { assignRows, rowDemand, rows as rowsOf, type DataSource } from '../load/data.ts'
import { maxVusOf } from '../load/describe.ts'
import { Random } from '../load/random.ts'
import type { AssignedRows } from '../load/rows/assigned-rows.ts'
import { parseScale } from '../load/scale.ts'
import { now } from '../machine/clock.ts'
import type { HttpRunResult } from '../results/result.ts'
import type { HttpRun } from '../runs/request-run.ts'
import { comparisonFrom, type Comparison } from './comparison.ts'
import { mergedResult } from './merged-result.ts'
import { requestsPerIteration, type CompareRequest } from './options.ts'
import { orderOf, SETTLE_MS, slicePlan, type SlicePlan } from './slice-plan.ts'
import { cpuReader, measureSlice, type Builds, type ReadCpuSec, type Slice } from './slice.ts'

/** The parts of a scenario's HTTP context that a comparison uses. */
export interface CompareContext extends Pick<
  HttpContext,
  'signal' | 'scale' | 'seed' | 'runId' | 'onRun' | 'onSnapshot' | 'sql' | 'limits'
> {}

/** Distance between the first iterations of two slices, so that names built from iterations are unique. */
const ITERATION_OFFSET = 1_000_000

/** Ratio of slices with a saturated generator from which the comparison is invalid: fewer may be chance. */
const SATURATED_RATIO = 0.5

/**
 * Applies the same load to two builds alternately and measures how they differ. Each gets a warm-up, then slices: base,
 * head, head, base, … Both slices of a pair draw the same random numbers. Only one build at a time is under load.
 *
 * @throws any error that a request, check or extract function of the scenario throws
 */
export async function compareBuilds<D>(
  name: string,
  builds: Builds,
  request: CompareRequest<D>,
  context: CompareContext,
): Promise<Comparison> {
  const plan = slicePlan(request.load, {
    scale: context.scale,
    requestsPerIteration: requestsPerIteration(request),
    slices: request.slices,
  })
  const perSlice = rowDemand(plan.slice, SETTLE_MS).iterations
  const demand = { vus: maxVusOf(plan.whole), iterations: perSlice && perSlice * plan.slices }
  const random = new Random(context.seed).fork(name)
  const rows = await assignRows<D>(request.data, demand, { sql: context.sql, random, signal: context.signal })
  if (rows.isPerIteration && rows.isUnique && perSlice === undefined)
    throw new Error(
      'data: unique rows for each iteration need a known number of iterations, but this load has none\n' +
        'Fix: use an arrival rate, or rows that repeat',
    )
  const sequence = new SliceSequence({ name, builds, plan, rows, request, context })
  try {
    await sequence.run()
  } finally {
    sequence.report()
  }
  return comparisonFrom({
    name,
    plan,
    labels: { base: builds.base.label, head: builds.head.label },
    pairs: sequence.pairs,
    invalidities: sequence.invalidities(),
  })
}

interface SequenceDeps<D> {
  readonly name: string
  readonly builds: Builds
  readonly plan: SlicePlan
  readonly rows: AssignedRows<D>
  readonly request: CompareRequest<D>
  readonly context: CompareContext
}

/** Runs the slices of one comparison, one after another. */
class SliceSequence<D> {
  readonly pairs: SlicePair[] = []
  readonly #deps: SequenceDeps<D>
  readonly #readCpuSec: { readonly base: ReadCpuSec; readonly head: ReadCpuSec }
  readonly #results = { base: [] as HttpRunResult[], head: [] as HttpRunResult[] }
  readonly #beganMs = now()
  readonly #offsetsMs = { base: [] as number[], head: [] as number[] }
  readonly #saturated: string[] = []
  #stopReason: Invalidity | undefined

  constructor(deps: SequenceDeps<D>) {
    const { base, head } = deps.builds
    this.#deps = deps
    this.#readCpuSec = { base: cpuReader(base), head: cpuReader(head) }
  }

  async run(): Promise<void> {
    await this.#warmUp()
    for (let pair = 0; pair < this.#deps.plan.slices && !this.#isOver; pair++) {
      const slices = new Map<'base' | 'head', Slice>()
      for (const side of orderOf(pair)) {
        if (this.#isOver) return
        const slice = await this.#slice(side, pair)
        if (this.#isOver) return
        slices.set(side, slice)
        if (slice.saturated !== undefined) this.#saturated.push(slice.saturated)
        this.#stopIfBroken(side, slice, `slice ${pair + 1} of ${this.#deps.plan.slices}`)
      }
      this.pairs.push({ base: slices.get('base')!.evidence, head: slices.get('head')!.evidence })
    }
  }

  /** Reports all slices of each build as one run. */
  report(): void {
    for (const side of ['base', 'head'] as const) {
      const slices = this.#results[side].map((result, at) => ({ result, offsetMs: this.#offsetsMs[side][at]! }))
      const named = { name: `${this.#deps.name}, ${this.#deps.builds[side].label}`, load: this.#deps.plan.whole }
      if (slices.length > 0) this.#deps.context.onRun(mergedResult(named, slices, this.#stopReason?.finding))
    }
  }

  invalidities(): readonly Invalidity[] {
    const found = this.#stopReason === undefined ? [] : [this.#stopReason]
    const slices = this.pairs.length * 2
    if (slices === 0 || this.#saturated.length < slices * SATURATED_RATIO) return found
    const finding = `in ${this.#saturated.length} of ${slices} slices, last: ${this.#saturated.at(-1)}`
    const fix =
      'reduce the load, or stop other programs on this machine: a saturated generator delays the requests of both builds'
    return [...found, { reason: 'generator-saturated', finding, fix }]
  }

  get #isOver(): boolean {
    return this.#stopReason !== undefined
  }

  async #warmUp(): Promise<void> {
    const { warmupMs } = this.#deps.request
    if (warmupMs === 0) return
    for (const side of ['base', 'head'] as const) {
      if (this.#isOver) return
      const load = { ...this.#deps.plan.slice, durationMs: warmupMs }
      const slice = await measureSlice(this.#readCpuSec[side], () =>
        this.#applyLoad(side, 'warm-up', -1, { load, warmup: 0 }, () => {}),
      )
      this.#stopIfAborted()
      this.#stopIfBroken(side, slice, 'its warm-up')
    }
  }

  async #slice(side: 'base' | 'head', pair: number): Promise<Slice> {
    const { slices, slice: load } = this.#deps.plan
    const name = `${this.#deps.name}, slice ${pair + 1} of ${slices}`
    const slice = await measureSlice(this.#readCpuSec[side], () =>
      this.#applyLoad(side, name, pair, { load, warmup: SETTLE_MS }, (result) => {
        this.#offsetsMs[side].push(now() - this.#beganMs - result.durationMs)
        this.#results[side].push(result)
      }),
    )
    this.#stopIfAborted()
    return slice
  }

  /** Runs of the same name draw the same random numbers, for base as for head. */
  #applyLoad(
    side: 'base' | 'head',
    name: string,
    pair: number,
    shape: Pick<HttpRunOptions<D>, 'load' | 'warmup'>,
    onRun: (result: HttpRunResult) => void,
  ): Promise<HttpRun> {
    const { signal, seed, runId, onSnapshot, limits } = this.#deps.context
    const http = createHttp({
      baseUrl: this.#deps.builds[side].baseUrl,
      tls: this.#deps.builds[side].tls,
      signal,
      seed,
      scale: parseScale('full'),
      onRun,
      onWarning: () => {},
      limits: { ...DEFAULT_LIMITS, ...limits },
      ...(runId !== undefined && { runId }),
      ...(onSnapshot !== undefined && { onSnapshot }),
    })
    const options = { ...this.#deps.request.run, ...shape, name, data: this.#rowsOf(pair), abortWhen: false as const }
    return http.run(withIterationsFrom(options, (pair + 1) * ITERATION_OFFSET))
  }

  /**
   * Rows of test data for a slice: if it needs fewer than there are, the next slice continues with the next rows. Both builds
   * get the same.
   */
  #rowsOf(pair: number): DataSource<D> {
    const { rows, plan } = this.#deps
    const { vus, iterations = 0 } = rowDemand(plan.slice, SETTLE_MS)
    const first = (Math.max(0, pair) * (rows.isPerIteration ? iterations : vus)) % rows.all.length
    const list = first === 0 ? rows.ordered : [...rows.ordered.slice(first), ...rows.ordered.slice(0, first)]
    return rowsOf(list, {
      assignment: rows.isPerIteration ? 'per-iteration' : 'per-vu',
      order: rows.isDrawn ? 'random' : 'sequential',
    })
  }

  #stopIfAborted(): void {
    const { signal } = this.#deps.context
    if (!signal.aborted) return
    const reason = signal.reason instanceof Error ? signal.reason.message : String(signal.reason)
    this.#stopReason ??= {
      reason: 'aborted',
      finding: `the comparison was aborted: ${reason}`,
      fix: 'let the comparison finish',
    }
  }

  #stopIfBroken(side: 'base' | 'head', { broken, saturated }: Slice, where: string): void {
    if (broken === undefined) return
    const finding = `${side} failed in ${where}: ${broken}`
    this.#stopReason ??= {
      reason: 'aborted',
      finding,
      fix:
        side === 'base' ? 'find out why base fails: head has nothing to be compared with' : 'find out why head fails',
      ...(side === 'head' && saturated === undefined ? { blame: 'target' as const } : {}),
    }
  }
}

function withIterationsFrom<D>(options: HttpRunOptions<D>, first: number): HttpRunOptions<D> {
  const { request, steps, flow, ...rest } = options
  if (typeof flow === 'function') return { ...rest, flow: flowWithOffset(flow, first) }
  if (flow !== undefined) {
    const journeys = Object.entries(flow.journeys).map(([name, each]) => [name, flowWithOffset(each, first)])
    return { ...rest, flow: { ...flow, journeys: Object.fromEntries(journeys) as typeof flow.journeys } }
  }
  if (request !== undefined) return { ...rest, request: withOffset(request, first) }
  return { ...rest, steps: steps.map((step) => ({ ...step, request: withOffset(step.request, first) })) }
}

function flowWithOffset<D>(flow: Flow<D>, first: number): Flow<D> {
  return ({ request, group, sleep, vu, random, iteration, iterationInTest }) =>
    flow({
      ...{ request, group, sleep, vu, random },
      ...{ iteration: first + iteration, iterationInTest: first + iterationInTest },
    })
}

function withOffset<D>(request: RequestOption<D>, first: number): RequestOption<D> {
  if (typeof request !== 'function') return request
  return (context: RequestContext<D>) =>
    request({
      ...context,
      iteration: first + context.iteration,
      iterationInTest: first + context.iterationInTest,
    })
}
