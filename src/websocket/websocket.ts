import type { Scale } from '../load/scale.ts'
import { fanOutRun, type FanOutRun } from '../run/fan-out-run.ts'
import type { RunResult } from '../run/result.ts'
import type { RunSnapshot } from '../run/snapshot.ts'
import type { FanOutOptions } from './fan-out-options.ts'
import { FanOut } from './fan-out.ts'
import { place, readFanOutOptions } from './read-fan-out-options.ts'

export interface WebSocketContext {
  /** `http://`, `https://`, `ws://` or `wss://`; paths are put below it. */
  readonly baseUrl: string
  /** Stops every run within a second, keeping what was measured. */
  readonly signal: AbortSignal
  readonly scale: Scale
  readonly seed: number
  /** Gets the result of each run as it ends. */
  readonly onRun: (result: RunResult) => void
  /** How a run stands, once a second. */
  readonly onSnapshot?: (snapshot: RunSnapshot) => void
}

/** The `ws` fixture: WebSocket clients as load. */
export interface WebSocketLoad {
  /**
   * Opens `connections` sockets, subscribes them, has the target publish on an open schedule, and accounts for every
   * delivery: on time, late or missing, with duplicates and disorder beside.
   *
   * @throws {OptionsError} naming every option that cannot be used, before any socket is opened
   */
  fanOut(options: FanOutOptions): Promise<FanOutRun>
}

/** WebSocket load against one target. */
export function createWebSocket(context: WebSocketContext): WebSocketLoad {
  let fanOuts = 0
  return {
    async fanOut(options) {
      const { baseUrl, scale, seed, signal } = context
      const plan = readFanOutOptions(options, { baseUrl, scale, defaultName: `fan-out ${++fanOuts}` })
      const record = await new FanOut(await place(plan), { seed, signal, onSnapshot: context.onSnapshot }).run()
      const run = fanOutRun(record)
      context.onRun(run.result())
      return run
    },
  }
}
