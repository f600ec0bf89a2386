import type { FanOutWindow } from '../../evidence/fan-out-record.ts'
import type { GeneratorHealth } from '../../evidence/generator-health.ts'
import type { GeneratorLimits } from '../../execution/generator-limits.ts'
import type { RunSnapshot } from '../../results/snapshot.ts'
import { Histogram } from '../../stats/histogram.ts'
import { fanOutSaturation } from './fan-out-limits.ts'
import type { FanOutPlan } from './fan-out-options.ts'

const RECENT_SECONDS = 5

/** Current figures of a fan-out, from which a snapshot is made. */
export interface FanOutStanding {
  readonly plan: FanOutPlan
  readonly load: string
  /** Time since publishing began; 0 while sockets are opened. */
  readonly elapsedMs: number
  readonly isOver: boolean
  readonly subscribed: number
  readonly failures: ReadonlyMap<string, number>
  readonly sent: number
  readonly expected: number
  readonly received: number
  readonly windows: readonly FanOutWindow[]
  readonly health: GeneratorHealth
  readonly limits: GeneratorLimits
}

/** Snapshot of a fan-out. While sockets are opened, the phase is `ramp` and the elapsed time 0. */
export function snapshotOf(standing: FanOutStanding): RunSnapshot {
  const { plan, elapsedMs, isOver, expected, received, health } = standing
  const [saturation] = fanOutSaturation(health, standing.limits)
  const isConnecting = elapsedMs === 0 && !isOver
  return {
    run: plan.name,
    kind: 'fanOut',
    load: standing.load,
    elapsedMs,
    plannedMs: plan.warmupMs + plan.durationMs,
    phase: isConnecting ? 'ramp' : elapsedMs < plan.warmupMs ? 'warmup' : 'steady',
    state: isOver ? 'ended' : 'running',
    counts: {
      offered: expected,
      sent: standing.sent,
      completed: received,
      dropped: isOver ? expected - received : 0,
      errors: Object.fromEntries(standing.failures),
    },
    recent: recentFigures(standing.windows),
    users: standing.subscribed,
    inFlight: expected - received,
    generator: {
      cpuRatio: health.cpuRatio,
      eventLoopDelayP99Ms: health.eventLoopDelay.p99Ms,
      ...(health.scheduleDelay === undefined ? {} : { scheduleDelayP99Ms: health.scheduleDelay.p99Ms }),
      ...(saturation === undefined ? {} : { saturated: saturation.finding }),
    },
  }
}

function recentFigures(windows: readonly FanOutWindow[]): RunSnapshot['recent'] {
  // The last window is still filling.
  const recent = windows.slice(0, -1).slice(-RECENT_SECONDS)
  const seconds = recent.length
  const sum = (of: (window: FanOutWindow) => number) => recent.reduce((total, window) => total + of(window), 0)
  const perSec = (total: number) => (seconds === 0 ? 0 : total / seconds)
  const figures = {
    seconds,
    offeredPerSec: perSec(sum(({ expected }) => expected)),
    achievedPerSec: perSec(sum(({ received }) => received)),
    errors: 0,
  }
  const lag = Histogram.merged(recent.map((window) => window.lag))
  if (lag.count === 0) return figures
  const at = (p: number) => lag.percentileUs(p) / 1000
  return { ...figures, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) }
}
