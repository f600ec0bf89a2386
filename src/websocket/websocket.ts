import { DEFAULT_LIMITS, type GeneratorLimits } from '../execution/generator-limits.ts'
import { assignRows, rowDemand, type SqlQuery } from '../load/data.ts'
import { maxVusOf } from '../load/describe.ts'
import { Random } from '../load/random.ts'
import { scaleLoad, type Scale } from '../load/scale.ts'
import { undivided, WHOLE } from '../load/share.ts'
import type { TlsOptions } from '../machine/tls.ts'
import type { RunResult } from '../results/result.ts'
import type { RunSnapshot } from '../results/snapshot.ts'
import { fanOutRun, type FanOutRun } from '../runs/fan-out-run.ts'
import { encodeHttpRun } from '../runs/merge/http-part.ts'
import type { Divide } from '../runs/merge/joint-run.ts'
import { mergeHttpRuns } from '../runs/merge/merge-http-runs.ts'
import { httpRun, type HttpRun } from '../runs/request-run.ts'
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
  const { baseUrl, otherInstances = [], tls } = context
  const target = { urls: baseUrl === undefined ? [] : [baseUrl, ...otherInstances], tls }
  return {
    async fanOut<D>(options: FanOutOptions<D>) {
      const { scale, seed, signal, onSnapshot, sql } = context
      const plan = readFanOutOptions(options, { target, scale, defaultName: `fan-out ${++fanOuts}` })
      signal.throwIfAborted()
      const division = context.divide?.(plan.name)
      const own = division?.share ?? WHOLE
      // Publications of a feed are derived from what all of its sockets receive.
      const share = plan.publish === undefined ? undivided(own) : own
      const placement = await place('ws.fanOut()', plan, plan.clients, share)
      const limits = { ...DEFAULT_LIMITS, ...context.limits }
      const random = new Random(seed).fork(plan.name)
      const demand = { vus: plan.clients, iterations: undefined }
      const rows = await assignRows<D>(options.data, demand, { sql, random })
      const { clients, publish, warmupMs, durationMs } = plan
      const load = { clients, ratePerSec: publish?.ratePerSec, warmupMs, durationMs }
      await division?.agree?.({ name: plan.name, load, rows: rows.all, seed, scale })
      const fanOut = new FanOut<D>({ ...plan, ...placement }, rows, {
        seed,
        ...(plan.publish === undefined ? {} : { division }),
        signal: division?.signal === undefined ? signal : AbortSignal.any([signal, division.signal]),
        limits,
        onSnapshot: onSnapshot?.bind(context),
      })
      const { measurement, scenarioError } = await fanOut.run()
      const run = fanOutRun(summarize((await division?.merged?.(measurement, FAN_OUTS)) ?? measurement))
      context.onRun(run.result())
      if (scenarioError !== undefined) throw scenarioError.error
      return run
    },

    async run<D>(options: ConversationOptions<D>) {
      const { scale, seed, signal, onSnapshot, sql } = context
      const plan = readConversationOptions(options, { target, defaultName: `conversation ${++conversations}` })
      signal.throwIfAborted()
      const load = scaleLoad(plan.load, scale, { requestsPerIteration: plan.steps.length })
      const vus = maxVusOf(load)
      const division = context.divide?.(plan.name)
      const random = new Random(seed).fork(plan.name)
      const rows = await assignRows<D>(plan.data, rowDemand(load, plan.warmupMs), { sql, random })
      const divided = { name: plan.name, load: { ...load, warmupMs: plan.warmupMs }, rows: rows.all }
      await division?.agree?.({ ...divided, seed, scale })
      const conversation = new Conversation<D>({
        plan: { ...plan, ...(await place('ws.run()', plan, vus, division?.share ?? WHOLE)) },
        load,
        reducedTo: load === plan.load ? undefined : scale.name,
        rows,
        random,
        division,
        signal: division?.signal === undefined ? signal : AbortSignal.any([signal, division.signal]),
        limits: { ...DEFAULT_LIMITS, ...context.limits },
        onSnapshot: onSnapshot?.bind(context),
      })
      const { measurement, scenarioError } = await conversation.run()
      const run = httpRun((await division?.merged?.(measurement, CONVERSATIONS)) ?? measurement)
      context.onRun(run.result())
      if (scenarioError !== undefined) throw scenarioError.error
      return run
    },
  }
}
