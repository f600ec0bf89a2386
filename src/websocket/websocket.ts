import type { Scale } from '../load/scale.ts'
import { DEFAULT_LIMITS, type GeneratorLimits } from '../run/generator-limits.ts'
import { fanOutRun, type FanOutRun } from '../run/fan-out-run.ts'
import type { RunResult } from '../run/result.ts'
import type { RunSnapshot } from '../run/snapshot.ts'
import type { FanOutOptions } from './fan-out-options.ts'
import { FanOut } from './fan-out.ts'
import { readFanOutOptions } from './read-fan-out-options.ts'
import { place } from './read-socket-options.ts'

export interface WebSocketContext {
  /** `http://`, `https://`, `ws://` or `wss://`; paths are put below it. */
  readonly baseUrl: string
  /** Stops every run within a second, keeping what was measured. */
  readonly signal: AbortSignal
  readonly scale: Scale
  /** The same seed gives the same arrivals. */
  readonly seed: number | string
  /** Limits past which a run's own generator makes it invalid. */
  readonly limits?: Partial<GeneratorLimits>
  /** Called once for each run that began, also one that was aborted. */
  onRun(result: RunResult): void
  /** Called once a second while a run goes on, and once at its end. */
  onSnapshot?(snapshot: RunSnapshot): void
}

/** The `ws` fixture: WebSocket clients as load. */
export interface WebSocketLoad {
  /**
   * Opens `connections` sockets, subscribes them, has the target publish on an open schedule, and accounts for every
   * delivery: on time, late or missing, with duplicates and disorder beside.
   *
   * @throws {OptionsError} naming every option that cannot be used, before any socket is opened
   * @throws whatever a function of the scenario throws; the run so far goes to `onRun`
   */
  fanOut(options: FanOutOptions): Promise<FanOutRun>
}

/** WebSocket load against one target. */
export function createWebSocket(context: WebSocketContext): WebSocketLoad {
  let fanOuts = 0
  return {
    async fanOut(options) {
      const { baseUrl, scale, seed, signal, onSnapshot } = context
      const plan = readFanOutOptions(options, { baseUrl, scale, defaultName: `fan-out ${++fanOuts}` })
      signal.throwIfAborted()
      const placement = await place('ws.fanOut()', plan, plan.clients)
      const limits = { ...DEFAULT_LIMITS, ...context.limits }
      const fanOut = new FanOut(
        { ...plan, ...placement },
        { seed, signal, limits, onSnapshot: onSnapshot?.bind(context) },
      )
      const { record, scenarioError } = await fanOut.run()
      const run = fanOutRun(record)
      context.onRun(run.result())
      if (scenarioError !== undefined) throw scenarioError.error
      return run
    },
  }
}
