import { DEFAULT_LIMITS, type GeneratorLimits } from '../execution/generator-limits.ts'
import { rowsFor, type SqlQuery } from '../load/data.ts'
import { maxVusOf } from '../load/describe.ts'
import { Random } from '../load/random.ts'
import { scaleLoad, scaleNote, type Scale } from '../load/scale.ts'
import { runPlace } from '../machine/target-location.ts'
import type { TlsOptions } from '../machine/tls.ts'
import type { HttpRunResult } from '../results/result.ts'
import type { RunSnapshot } from '../results/snapshot.ts'
import { httpRun, type HttpRun } from '../runs/request-run.ts'
import { diagnose } from './diagnose.ts'
import { endpointOf, type Endpoint } from './endpoint.ts'
import { LoadRun } from './load-run.ts'
import { readRunOptions, type RunOptions } from './options.ts'
import { placesFor } from './preflight.ts'
import { isReadFirst, readBody } from './request-body.ts'
import type { HttpRunOptions, StepOption } from './types.ts'

/** What the engine needs from the runner of scenarios. */
export interface HttpContext {
  /** Of the target, with credentials; `undefined` without a target: each run then needs its own. */
  readonly baseUrl?: string | undefined
  /** Base URLs of further instances of the target: VUs are spread over all, in turns. Default: none. */
  readonly otherInstances?: readonly string[]
  /** Of the target, unless a run has its own. */
  readonly tls?: TlsOptions | undefined
  /** Aborting it stops the load within a second; what was measured is still handed to `onRun`. */
  readonly signal: AbortSignal
  readonly scale: Scale
  /** The same seed gives the same arrivals, think times and `random`. */
  readonly seed: number | string
  /** Goes into histories. Default: random. */
  readonly runId?: string
  /** Limits past which a run's own generator makes it invalid. */
  readonly limits?: Partial<GeneratorLimits>
  /** Runs queries for rows given as `sql(…)`. */
  readonly sql?: SqlQuery
  /** Called once for each run that began, also one that was aborted. */
  onRun(result: HttpRunResult): void
  /** Called once a second while a run goes on, and once at its end. */
  onSnapshot?(snapshot: RunSnapshot): void
  /** Told what a reader should know and no matcher judges. Default: `console.warn`. */
  onWarning?(warning: string): void
}

/** Puts load on a target over HTTP. */
export interface Http {
  /**
   * Opens a connection for each VU, then puts the load on and waits for its last responses. A target that is slow, broken
   * or gone is measured, not thrown.
   *
   * @throws {OptionsError} naming every option that cannot be used, before anything is sent
   * @throws {PreflightError} if the certificate is refused, or descriptors or ports do not suffice
   * @throws whatever a request, check or extract function of the scenario throws; the run so far goes to `onRun`
   */
  run<D = undefined>(options: HttpRunOptions<D>): Promise<HttpRun>
}

/** The `http` of one scenario. Its runs are named `http 1`, `http 2`, … where they have no name of their own. */
export function createHttp(context: HttpContext): Http {
  let runs = 0
  return {
    async run<D>(given: HttpRunOptions<D>): Promise<HttpRun> {
      const read = readRunOptions(given, context)
      const options = {
        ...read,
        steps: await Promise.all(read.steps.map((step) => withBodyRead(step, read.timeoutMs))),
      }
      const name = options.name ?? `http ${++runs}`
      context.signal.throwIfAborted()
      const scaling = { requestsPerIteration: requestsPerIteration(options.steps) }
      const load = scaleLoad(options.load, context.scale, scaling)
      const note = scaleNote(options.load, context.scale, scaling)
      const instances = endpointsOf(options, context)
      const vus = maxVusOf(load)
      const rows = await rowsFor<D>(options.data, vus, { sql: context.sql })
      const placeOf = await placesFor(instances, vus, options.timeoutMs)
      const { measurement, scenarioError } = await new LoadRun({
        name,
        load,
        reducedTo: load === options.load ? undefined : context.scale.name,
        options,
        instances,
        placeOf,
        rows,
        random: new Random(context.seed).fork(name),
        signal: context.signal,
        limits: { ...DEFAULT_LIMITS, ...context.limits },
        runId: context.runId,
        onSnapshot: context.onSnapshot?.bind(context),
      }).run()
      const diagnosis = await diagnose(measurement, instances[0]!, options)
      const run = httpRun({ ...measurement, ...diagnosis, ...(note !== undefined && { scaleNote: note }) })
      context.onRun(run.result())
      if (scenarioError !== undefined) throw scenarioError.error
      for (const warning of run.warnings) (context.onWarning ?? console.warn)(`${name}: ${warning}`)
      return run
    },
  }
}

/** Every instance of the target, unless the run has a place of its own. */
function endpointsOf<D>(options: RunOptions<D>, context: HttpContext): readonly Endpoint[] {
  const { baseUrl, otherInstances = [], tls: targetTls } = context
  const target = { urls: baseUrl === undefined ? [] : [baseUrl, ...otherInstances], tls: targetTls }
  const { bases, tls } = runPlace(options, target)!
  const own = options.connectTo === undefined ? bases : bases.slice(0, 1)
  return own.map((base) => endpointOf(base, tls, options.connectTo))
}

/** A body that never changes is read once, before the load. */
async function withBodyRead<D>(step: StepOption<D>, timeoutMs: number): Promise<StepOption<D>> {
  const { request } = step
  if (typeof request === 'function' || !isReadFirst(request.body)) return step
  return { ...step, request: { ...request, body: await readBody(request.body, timeoutMs) } }
}

/** A group of adjacent weighted steps counts as one request per iteration. */
function requestsPerIteration(steps: readonly { readonly weight?: number }[]): number {
  return steps.filter(({ weight }, at) => weight === undefined || steps[at - 1]?.weight === undefined).length
}
