import { DEFAULT_LIMITS, type GeneratorLimits } from '../execution/generator-limits.ts'
import { assignRows, rowDemand, type SqlQuery } from '../load/data.ts'
import { maxVusOf } from '../load/describe.ts'
import { Random } from '../load/random.ts'
import { scaleLoad, type Scale } from '../load/scale.ts'
import { undivided, WHOLE } from '../load/share.ts'
import { now } from '../machine/clock.ts'
import type { TlsOptions } from '../machine/tls.ts'
import type { RunResult } from '../results/result.ts'
import type { RunSnapshot } from '../results/snapshot.ts'
import { companionInvalidities, parallelTo } from '../runs/companions.ts'
import { fanOutRun, type FanOutRun } from '../runs/fan-out-run.ts'
import { encodeHttpRun } from '../runs/merge/http-part.ts'
import type { Divide } from '../runs/merge/joint-run.ts'
import { mergeHttpRuns } from '../runs/merge/merge-http-runs.ts'
import { plannedRun, type PlannedRun } from '../runs/parallel.ts'
import { companionOf, httpRun, type HttpRun } from '../runs/request-run.ts'
import type { ConversationOptions } from './conversation/conversation-options.ts'
import { Conversation } from './conversation/conversation.ts'
import { readConversationOptions } from './conversation/read-conversation-options.ts'
import type { FanOutOptions } from './fan-out/fan-out-options.ts'
import { encodeFanOut } from './fan-out/fan-out-part.ts'
import { summarize } from './fan-out/fan-out-summary.ts'
import { FanOut } from './fan-out/fan-out.ts'
import { mergeFanOuts } from './fan-out/merge-fan-outs.ts'
import { readFanOutOptions } from './fan-out/read-fan-out-options.ts'
import { place } from './sockets/read-socket-options.ts'

export interface WebSocketContext {
  /** Base URL of the target, with credentials; `undefined` without a target, when each run needs its own. */
  readonly baseUrl?: string | undefined
  /** TLS options of the target, unless a run has its own. */
  readonly tls?: TlsOptions | undefined
  /** Base URLs of further instances of the target: sockets are spread evenly over all instances. @default none */
  readonly otherInstances?: readonly string[]
  /** Stops every run within a second and keeps its measurements. */
  readonly signal: AbortSignal
  readonly scale: Scale
  /** Seed of the arrivals: the same seed gives the same arrivals. */
  readonly seed: number | string
  /** Limits of the generator, beyond which a run is invalid. */
  readonly limits?: Partial<GeneratorLimits>
  /** Runs the queries of `data: sql(…)`. */
  readonly sql?: SqlQuery
  /**
   * Divides runs among several generators: this one carries its share, and measures the run of all of them.
   * @default one generator carries the whole run
   */
  readonly divide?: Divide | undefined
  /** Called once for each run that began, including aborted ones. */
  onRun(result: RunResult): void
  /** Called once a second during a run, and once at its end. */
  onSnapshot?(snapshot: RunSnapshot): void
}

/** The `ws` fixture: WebSocket clients as load. */
export interface WebSocketLoad {
  /**
   * Opens `connections` sockets, subscribes them, makes the target publish on an open schedule, and accounts for every
   * delivery: on time, late or missing, and also duplicate, out of order or unexpected.
   *
   * @throws {OptionsError} naming every invalid option, before any socket is opened
   * @throws errors of the scenario's functions; the run so far goes to `onRun`
   */
  fanOut<D = undefined>(options: FanOutOptions<D>): Promise<FanOutRun>
  /**
   * Opens a connection for each VU, which then sends messages and waits for their responses under a load. Returns a run
   * like that of `http.run()`, of kind `conversation`. Errors of the target are counted, not thrown.
   *
   * @throws {OptionsError} naming every invalid option, before any socket is opened
   * @throws errors of `send`, `onOpen`, `isReady` and `headers`; the run so far goes to `onRun`
   */
  run<D = undefined>(options: ConversationOptions<D>): Promise<HttpRun>
}

/** How generators merge fan-outs and conversations. */
const FAN_OUTS = { encode: encodeFanOut, merge: mergeFanOuts }
const CONVERSATIONS = { encode: encodeHttpRun, merge: mergeHttpRuns }

/** WebSocket load against one target. */
export function createWebSocket(context: WebSocketContext): WebSocketLoad {
  let fanOuts = 0
  let conversations = 0
  const keys = new Map<string, number>()
  const { baseUrl, otherInstances = [], tls } = context
  const target = { urls: baseUrl === undefined ? [] : [baseUrl, ...otherInstances], tls }
  return {
    fanOut: (options) => plannedRun((joint) => fanOut(joint, options)),
    run: (options) => plannedRun((joint) => run(joint, options)),
  }

  async function fanOut<D>(joint: PlannedRun, options: FanOutOptions<D>): Promise<FanOutRun> {
    const { scale, seed, onSnapshot, sql } = context
    const read = await joint.read(() => readFanOutOptions(options, { target, scale }))
    const plan = { ...read, name: joint.nameIn(keys, read.name, () => `fan-out ${++fanOuts}`) }
    context.signal.throwIfAborted()
    const division = context.divide?.(plan.name)
    const signal = joint.signalWith(context.signal, division?.signal)
    const ownShare = division?.share ?? WHOLE
    // Publications of a feed are derived from what all of its sockets receive.
    const share = plan.publish === undefined ? undivided(ownShare) : ownShare
    const placement = await place('ws.fanOut()', plan, plan.clients, share)
    const limits = { ...DEFAULT_LIMITS, ...context.limits }
    const random = new Random(seed).fork(plan.name)
    const demand = { vus: plan.clients, iterations: undefined }
    const rows = await assignRows<D>(options.data, demand, { sql, random, signal })
    const { clients, publish, warmupMs, durationMs } = plan
    const load = { clients, ratePerSec: publish?.ratePerSec, warmupMs, durationMs }
    await division?.agree?.({ name: plan.name, load, rows: rows.all, seed, scale })
    await joint.delay(signal)
    const engine = new FanOut<D>({ ...plan, ...placement }, rows, {
      seed,
      ...(plan.publish === undefined ? {} : { division }),
      signal,
      ready: joint.ready,
      limits,
      onSnapshot: onSnapshot?.bind(context),
    })
    const { measurement, scenarioError } = await engine.run()
    joint.stopOthers(scenarioError)
    const merged = (await division?.merged?.(measurement, FAN_OUTS)) ?? measurement
    const record = summarize(merged)
    const { name, startMs, invalidities } = record
    const own = { startMs, endMs: startMs + warmupMs + durationMs }
    const companions = await joint.ended(() => ({ name, ...own, invalidities }))
    const judged = [...invalidities, ...companionInvalidities(companions, [own])]
    const run = fanOutRun({ ...record, invalidities: judged, ...parallelTo(companions) }, merged.metrics)
    context.onRun(run.result())
    if (scenarioError !== undefined) throw scenarioError.error
    return run
  }

  async function run<D>(joint: PlannedRun, options: ConversationOptions<D>): Promise<HttpRun> {
    const { scale, seed, onSnapshot, sql } = context
    const read = await joint.read(() => readConversationOptions(options, target))
    const plan = { ...read, name: joint.nameIn(keys, read.name, () => `conversation ${++conversations}`) }
    context.signal.throwIfAborted()
    const load = scaleLoad(plan.load, scale, { requestsPerIteration: plan.steps.length })
    const vus = maxVusOf(load)
    const division = context.divide?.(plan.name)
    const signal = joint.signalWith(context.signal, division?.signal)
    const random = new Random(seed).fork(plan.name)
    const rows = await assignRows<D>(plan.data, rowDemand(load, plan.warmupMs), { sql, random, signal })
    const divided = { name: plan.name, load: { ...load, warmupMs: plan.warmupMs }, rows: rows.all }
    await division?.agree?.({ ...divided, seed, scale })
    const placement = await place('ws.run()', plan, vus, division?.share ?? WHOLE)
    await joint.delay(signal)
    const conversation = new Conversation<D>({
      plan: { ...plan, ...placement },
      load,
      reducedTo: load === plan.load ? undefined : scale.name,
      rows,
      random,
      division,
      signal,
      ready: joint.ready,
      limits: { ...DEFAULT_LIMITS, ...context.limits },
      onSnapshot: onSnapshot?.bind(context),
    })
    const { measurement, scenarioError } = await conversation.run()
    joint.stopOthers(scenarioError)
    const merged = (await division?.merged?.(measurement, CONVERSATIONS)) ?? measurement
    const settledMs = now()
    const companions = await joint.ended(() => companionOf(merged))
    const run = httpRun({ ...merged, ...(companions.length > 0 && { companions }) }, settledMs)
    context.onRun(run.result())
    if (scenarioError !== undefined) throw scenarioError.error
    return run
  }
}
