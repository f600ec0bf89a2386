import type { SlicePair } from '../evidence/comparison-evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { DEFAULT_LIMITS } from '../execution/generator-limits.ts'
import { createHttp, type HttpContext } from '../http/http.ts'
import type { HttpRunOptions, RequestContext, RequestOption } from '../http/types.ts'
import { rowsFor } from '../load/data.ts'
import { maxVusOf } from '../load/describe.ts'
import { parseScale } from '../load/scale.ts'
import { now } from '../machine/clock.ts'
import type { HttpRunResult } from '../results/result.ts'
import type { HttpRun } from '../runs/request-run.ts'
import { comparisonFrom, type Comparison } from './comparison.ts'
import { mergedResult } from './merged-result.ts'
import { requestsPerIteration, type CompareRequest } from './options.ts'
import { orderOf, SETTLE_MS, slicePlan, type SlicePlan } from './slice-plan.ts'
import { cpuReader, measureSlice, type Builds, type ReadCpuSec, type Slice } from './slice.ts'

/** What a comparison needs from the runner of scenarios. */
export interface CompareContext extends Pick<
  HttpContext,
  'signal' | 'scale' | 'seed' | 'runId' | 'onRun' | 'onSnapshot' | 'sql' | 'limits'
> {}

/** Slices count their iterations this far apart, so that what is named by them is named once. */
const ITERATIONS_APART = 1_000_000

/** Slices in which the generator was past its limits; from this share of all on, it was not by chance. */
const SATURATED_RATIO = 0.5

/**
 * Puts the same load on two builds in turn and tells how they differ. Each gets a warm-up, then slices: base, head, head,
 * base, … Both slices of a pair draw the same random numbers. One build at a time is under load.
 *
 * @throws whatever a request, check or extract function of the scenario throws
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
  const rows = await rowsFor<D>(request.data, maxVusOf(plan.whole), { sql: context.sql })
  const course = new Course({ name, builds, plan, rows, request, context })
  try {
    await course.run()
  } finally {
    course.report()
  }
  return comparisonFrom({
    name,
    plan,
    labels: { base: builds.base.label, head: builds.head.label },
    pairs: course.pairs,
    invalidities: course.invalidities(),
  })
}

interface CourseParts<D> {
  readonly name: string
  readonly builds: Builds
  readonly plan: SlicePlan
  readonly rows: readonly D[]
  readonly request: CompareRequest<D>
  readonly context: CompareContext
}

/** The slices of one comparison, one after another. */
class Course<D> {
  readonly pairs: SlicePair[] = []
  readonly #parts: CourseParts<D>
  readonly #readCpuSec: { readonly base: ReadCpuSec; readonly head: ReadCpuSec }
  readonly #results = { base: [] as HttpRunResult[], head: [] as HttpRunResult[] }
  readonly #beganMs = now()
  readonly #offsetsMs = { base: [] as number[], head: [] as number[] }
  readonly #saturated: string[] = []
  #ended: Invalidity | undefined

  constructor(parts: CourseParts<D>) {
    const { base, head } = parts.builds
    this.#parts = parts
    this.#readCpuSec = { base: cpuReader(base), head: cpuReader(head) }
  }

  async run(): Promise<void> {
    await this.#warmUp()
    for (let pair = 0; pair < this.#parts.plan.slices && !this.#isOver; pair++) {
      const slices = new Map<'base' | 'head', Slice>()
      for (const side of orderOf(pair)) {
        if (this.#isOver) return
        const slice = await this.#slice(side, pair)
        if (this.#isOver) return
        slices.set(side, slice)
        if (slice.saturated !== undefined) this.#saturated.push(slice.saturated)
        this.#endIfBroken(side, slice, `slice ${pair + 1} of ${this.#parts.plan.slices}`)
      }
      this.pairs.push({ base: slices.get('base')!.evidence, head: slices.get('head')!.evidence })
    }
  }

  /** Tells the report what each build got, as one run. */
  report(): void {
    for (const side of ['base', 'head'] as const) {
      const slices = this.#results[side].map((result, at) => ({ result, offsetMs: this.#offsetsMs[side][at]! }))
      const named = { name: `${this.#parts.name}, ${this.#parts.builds[side].label}`, load: this.#parts.plan.whole }
      if (slices.length > 0) this.#parts.context.onRun(mergedResult(named, slices, this.#ended?.finding))
    }
  }

  invalidities(): readonly Invalidity[] {
    const found = this.#ended === undefined ? [] : [this.#ended]
    const slices = this.pairs.length * 2
    if (slices === 0 || this.#saturated.length < slices * SATURATED_RATIO) return found
    const finding = `in ${this.#saturated.length} of ${slices} slices, at last: ${this.#saturated.at(-1)}`
    const remedy =
      'ask for less load, or stop what else runs on this machine: the generator adds the same to both builds'
    return [...found, { reason: 'generator-saturated', finding, remedy }]
  }

  get #isOver(): boolean {
    return this.#ended !== undefined
  }

  async #warmUp(): Promise<void> {
    const { warmupMs } = this.#parts.request
    if (warmupMs === 0) return
    for (const side of ['base', 'head'] as const) {
      if (this.#isOver) return
      const load = { ...this.#parts.plan.slice, durationMs: warmupMs }
      const slice = await measureSlice(this.#readCpuSec[side], () =>
        this.#put(side, 'warm-up', -1, { load, warmup: 0 }, () => {}),
      )
      this.#endIfAborted()
      this.#endIfBroken(side, slice, 'its warm-up')
    }
  }

  async #slice(side: 'base' | 'head', pair: number): Promise<Slice> {
    const { slices, slice: load } = this.#parts.plan
    const name = `${this.#parts.name}, slice ${pair + 1} of ${slices}`
    const slice = await measureSlice(this.#readCpuSec[side], () =>
      this.#put(side, name, pair, { load, warmup: SETTLE_MS }, (result) => {
        this.#offsetsMs[side].push(now() - this.#beganMs - result.durationMs)
        this.#results[side].push(result)
      }),
    )
    this.#endIfAborted()
    return slice
  }

  /** Both builds' runs of one name draw the same random numbers. */
  #put(
    side: 'base' | 'head',
    name: string,
    pair: number,
    shape: Pick<HttpRunOptions<D>, 'load' | 'warmup'>,
    onRun: (result: HttpRunResult) => void,
  ): Promise<HttpRun> {
    const { signal, seed, runId, onSnapshot, limits } = this.#parts.context
    const http = createHttp({
      baseUrl: this.#parts.builds[side].baseUrl,
      tls: this.#parts.builds[side].tls,
      signal,
      seed,
      scale: parseScale('full'),
      onRun,
      onWarning: () => {},
      limits: { ...DEFAULT_LIMITS, ...limits },
      ...(runId !== undefined && { runId }),
      ...(onSnapshot !== undefined && { onSnapshot }),
    })
    const options = { ...this.#parts.request.run, ...shape, name, data: this.#rowsOf(pair), abortWhen: false as const }
    return http.run(withIterationsFrom(options, (pair + 1) * ITERATIONS_APART))
  }

  /** Slices with fewer VUs than rows take turns at them. */
  #rowsOf(pair: number): readonly D[] {
    const first = (Math.max(0, pair) * maxVusOf(this.#parts.plan.slice)) % this.#parts.rows.length
    return first === 0 ? this.#parts.rows : [...this.#parts.rows.slice(first), ...this.#parts.rows.slice(0, first)]
  }

  #endIfAborted(): void {
    const { signal } = this.#parts.context
    if (!signal.aborted) return
    const reason = signal.reason instanceof Error ? signal.reason.message : String(signal.reason)
    this.#ended ??= {
      reason: 'aborted',
      finding: `the comparison was aborted: ${reason}`,
      remedy: 'let it run to its end',
    }
  }

  #endIfBroken(side: 'base' | 'head', { broken, saturated }: Slice, where: string): void {
    if (broken === undefined) return
    const finding = `${side} failed in ${where}: ${broken}`
    this.#ended ??= {
      reason: 'aborted',
      finding,
      remedy: side === 'base' ? 'see why base fails: there is nothing to compare with' : 'see why head fails',
      ...(side === 'head' && saturated === undefined ? { blame: 'target' as const } : {}),
    }
  }
}

function withIterationsFrom<D>(options: HttpRunOptions<D>, first: number): HttpRunOptions<D> {
  const { request, steps, ...rest } = options
  if (steps === undefined) return { ...rest, request: later(request, first) }
  return { ...rest, steps: steps.map((step) => ({ ...step, request: later(step.request, first) })) }
}

function later<D>(request: RequestOption<D>, first: number): RequestOption<D> {
  if (typeof request !== 'function') return request
  return (context: RequestContext<D>) => request({ ...context, iteration: first + context.iteration })
}
