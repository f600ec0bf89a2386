import { DEFAULT_LIMITS, type GeneratorLimits } from '../execution/generator-limits.ts'
import { assignRows, rowDemand, type SqlQuery } from '../load/data.ts'
import { maxVusOf } from '../load/describe.ts'
import { Random } from '../load/random.ts'
import { scaleLoad, scaleNote, type Scale } from '../load/scale.ts'
import { WHOLE } from '../load/share.ts'
import { now, wallMs } from '../machine/clock.ts'
import type { NotedExit } from '../machine/noted-exit.ts'
import { runLocation } from '../machine/target-location.ts'
import type { TlsOptions } from '../machine/tls.ts'
import type { HttpRunResult } from '../results/result.ts'
import type { RunSnapshot } from '../results/snapshot.ts'
import { encodeHttpRun } from '../runs/merge/http-part.ts'
import type { Divide } from '../runs/merge/joint-run.ts'
import { mergeHttpRuns } from '../runs/merge/merge-http-runs.ts'
import { plannedRun, type PlannedRun } from '../runs/parallel.ts'
import { companionOf, httpRun, type HttpRun } from '../runs/request-run.ts'
import { diagnose } from './diagnose.ts'
import { endpointOf, type Endpoint } from './endpoint.ts'
import { hostEndpoints } from './hosts.ts'
import { LoadRun } from './load-run.ts'
import { readRunOptions, type RunOptions } from './options.ts'
import { planConnections } from './preflight.ts'
import { isReadFirst, readBody } from './request-body.ts'
import { withTargetExit } from './target-exit.ts'
import type { HttpRunOptions, StepOption } from './types.ts'

/** What the HTTP engine needs from `perfTest`. */
export interface HttpContext {
  /** Base URL of the target, with credentials; if `undefined`, each run needs its own. */
  readonly baseUrl?: string | undefined
  /** Base URLs of further instances of the target; VUs are spread over all of them, round-robin. @default [] */
  readonly otherInstances?: readonly string[]
  /** TLS options of the target, unless a run has its own. */
  readonly tls?: TlsOptions | undefined
  /** Signal that stops the load within a second; `onRun` still receives the partial results. */
  readonly signal: AbortSignal
  readonly scale: Scale
  /** The same seed gives the same arrivals, think times and `random`. */
  readonly seed: number | string
  /** Identifies the run in histories. @default a random id */
  readonly runId?: string
  /** Limits beyond which the generator makes a run invalid. */
  readonly limits?: Partial<GeneratorLimits>
  /** Runs the queries of `sql(…)`. */
  readonly sql?: SqlQuery
  /**
   * Divides runs among several generators: this one carries its share, and measures the run of all of them.
   * @default one generator carries the whole run
   */
  readonly divide?: Divide | undefined
  /** Unexpected exits of the target; not set if the run did not start it. */
  readonly targetExits?: (() => Promise<readonly NotedExit[]>) | undefined
  /** Called once for each run that began, also if it was aborted. */
  onRun(result: HttpRunResult): void
  /** Called once a second during a run, and once at its end. */
  onSnapshot?(snapshot: RunSnapshot): void
  /** Called with findings that no matcher judges. @default console.warn */
  onWarning?(warning: string): void
}

/** HTTP load on a target. */
export interface Http {
  /**
   * Opens a connection for each VU, applies the load and waits for the last responses. A target that is slow, broken or
   * down is measured; it does not make the promise reject.
   *
   * @throws {OptionsError} naming every invalid option, before anything is sent
   * @throws {PreflightError} if the certificate is rejected, or there are too few descriptors or ports
   * @throws any error that a function of the scenario throws; the report then shows the partial results
   */
  run<D = undefined>(options: HttpRunOptions<D>): Promise<HttpRun>
}

/** The `http` fixture of one scenario. Runs without a name are named `http 1`, `http 2`, … */
export function createHttp(context: HttpContext): Http {
  let runs = 0
  const keys = new Map<string, number>()
  return { run: (given) => plannedRun((plan) => run(plan, given)) }

  async function run<D>(plan: PlannedRun, given: HttpRunOptions<D>): Promise<HttpRun> {
    const read = await plan.read(() => readRunOptions(given, context))
    // Before the next await: runs that begin together have the same names on all generators.
    const name = plan.nameIn(keys, read.name, () => `http ${++runs}`)
    context.signal.throwIfAborted()
    const division = context.divide?.(name)
    const signal = plan.signalWith(context.signal, division?.signal)
    const options = {
      ...read,
      steps: await Promise.all(read.steps.map((step) => withBodyRead(step, read.timeoutMs))),
    }
    const scaling = { requestsPerIteration: requestsPerIteration(options.steps) }
    const load = scaleLoad(options.load, context.scale, scaling)
    const note = scaleNote(options.load, context.scale, scaling)
    const instances = endpointsOf(options, context)
    const vus = maxVusOf(load)
    const random = new Random(context.seed).fork(name)
    const rows = await assignRows<D>(options.data, rowDemand(load, options.warmupMs), {
      sql: context.sql,
      random,
      signal,
    })
    await division?.agree?.({
      name,
      load: { ...load, warmupMs: options.warmupMs },
      rows: rows.all,
      seed: context.seed,
      scale: context.scale,
    })
    const target = { urls: context.baseUrl === undefined ? [] : [context.baseUrl], tls: context.tls }
    const { placeOf, hosts } = await planConnections(
      instances,
      vus,
      options.timeoutMs,
      division?.share ?? WHOLE,
      hostEndpoints(options.hosts, target),
      (connections) => plan.reserve(connections),
    )
    await plan.delay(signal)
    const startedMs = wallMs()
    const { measurement: own, scenarioError } = await new LoadRun({
      name,
      load,
      reducedTo: load === options.load ? undefined : context.scale.name,
      options,
      instances,
      placeOf,
      hosts,
      rows,
      random,
      division,
      ready: plan.ready,
      signal,
      limits: { ...DEFAULT_LIMITS, ...context.limits },
      runId: context.runId,
      onSnapshot: context.onSnapshot?.bind(context),
    }).run()
    plan.stopOthers(scenarioError)
    // A control server that has ended knows no exits.
    const exits = (await context.targetExits?.().catch(() => [])) ?? []
    const found = await diagnose(own, instances[0]!, options)
    const diagnosed = { ...own, ...withTargetExit(found, exits, startedMs) }
    const merged = (await division?.merged?.(diagnosed, REQUESTS)) ?? diagnosed
    const settledMs = now()
    const companions = await plan.ended(() => companionOf(merged))
    const run = httpRun(
      {
        ...merged,
        ...(companions.length > 0 && { companions }),
        ...(note !== undefined && { scaleNote: note }),
      },
      settledMs,
    )
    context.onRun(run.result())
    if (scenarioError !== undefined) throw scenarioError.error
    for (const warning of run.warnings) (context.onWarning ?? console.warn)(`${name}: ${warning}`)
    return run
  }
}

/** How generators merge runs of requests. */
const REQUESTS = { encode: encodeHttpRun, merge: mergeHttpRuns }

/** Every instance of the target, or the run's own address. */
function endpointsOf<D>(options: RunOptions<D>, context: HttpContext): readonly Endpoint[] {
  const { baseUrl, otherInstances = [], tls: targetTls } = context
  const target = { urls: baseUrl === undefined ? [] : [baseUrl, ...otherInstances], tls: targetTls }
  const { bases, tls } = runLocation(options, target)!
  const own = options.connectTo === undefined ? bases : bases.slice(0, 1)
  return own.map((base) => endpointOf(base, tls, options.connectTo))
}

/** Reads a constant body once, before the load. */
async function withBodyRead<D>(step: StepOption<D>, timeoutMs: number): Promise<StepOption<D>> {
  const { request } = step
  if (typeof request === 'function' || !isReadFirst(request.body)) return step
  return { ...step, request: { ...request, body: await readBody(request.body, timeoutMs) } }
}

/** Least number of requests that one iteration sends; a group of adjacent weighted steps counts as one. */
function requestsPerIteration(steps: readonly { readonly weight?: number }[]): number {
  if (steps.length === 0) return 1
  return steps.filter(({ weight }, at) => weight === undefined || steps[at - 1]?.weight === undefined).length
}
