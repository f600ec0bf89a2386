import type { RunKind } from '../evidence/evidence.ts'
import { describeLoad, isOpen } from '../load/describe.ts'
import type { Load, Phase } from '../load/load.ts'
import { cpuUsage, now } from '../machine/clock.ts'
import type { RunSnapshot } from '../results/snapshot.ts'
import { percentilesJson } from '../stats/summary.ts'
import { generatorInvalidities, limitsForServiceTime, type GeneratorLimits } from './generator-limits.ts'
import type { GeneratorMonitor } from './generator-monitor.ts'
import type { RequestSeries } from './request-scope.ts'
import { RequestWindow } from './request-timeline.ts'
import type { Tally } from './tally.ts'

/** Whole seconds that a snapshot's recent figures cover. */
const RECENT_SECONDS = 3

interface SnapshotDeps {
  readonly name: string
  readonly kind: RunKind
  readonly load: Load
  readonly phases: readonly Phase[]
  readonly plannedMs: number
  readonly limits: GeneratorLimits
  readonly tally: Tally
  readonly watch: GeneratorMonitor
  readonly series: () => readonly RequestSeries[]
}

/** Creates snapshots of a running load. */
export class SnapshotMaker {
  /** Start of the load; `undefined` for a run that was aborted before. */
  startMs: number | undefined
  readonly #deps: SnapshotDeps
  readonly #load: string
  #cpu = cpuUsage()
  #atMs = now()

  constructor(deps: SnapshotDeps) {
    this.#deps = deps
    this.#load = describeLoad(deps.load)
  }

  make(state: RunSnapshot['state'], inFlight: number, users: number): RunSnapshot {
    const { name, kind, plannedMs, tally, phases } = this.#deps
    const elapsedMs = this.startMs === undefined ? 0 : now() - this.startMs
    const { offered, sent, completed, dropped, errors } = tally
    const recent = this.#recent(elapsedMs)
    return {
      run: name,
      kind,
      load: this.#load,
      elapsedMs,
      plannedMs,
      phase: (phases.find(({ endMs }) => elapsedMs < endMs) ?? phases.at(-1)!).name,
      state,
      counts: { offered, sent, completed, dropped, errors: Object.fromEntries(errors) },
      recent,
      users,
      inFlight,
      responseTimes: tally.responseTimes.toJSON(),
      generator: this.#health(typicalMs(recent)),
    }
  }

  #recent(elapsedMs: number): RunSnapshot['recent'] {
    const second = Math.floor(elapsedMs / 1000)
    const isFirst = second === 0
    const seconds = isFirst ? Math.max(elapsedMs, 1) / 1000 : Math.min(RECENT_SECONDS, second)
    const sum = new RequestWindow(0)
    for (const { timeline } of this.#deps.series())
      for (const window of timeline.inSeconds(isFirst ? 0 : second - seconds, isFirst ? 1 : second)) sum.add(window)
    const wrong = sum.errorCount + sum.dropped
    return {
      seconds,
      offeredPerSec: sum.offered / seconds,
      achievedPerSec: sum.completed / seconds,
      errors: wrong,
      ...percentilesJson(sum.good.latency.withInfinite(wrong)),
    }
  }

  #health(medianMs: number): RunSnapshot['generator'] {
    const { watch, limits, load } = this.#deps
    const health = watch.health()
    const { user, system } = cpuUsage(this.#cpu)
    const nowMs = now()
    const cpuRatio = (user + system) / 1000 / Math.max(1, nowMs - this.#atMs)
    this.#cpu = cpuUsage()
    this.#atMs = nowMs
    const [found] = generatorInvalidities(health, limitsForServiceTime(medianMs, limits))
    return {
      cpuRatio,
      eventLoopDelayP99Ms: health.eventLoopDelay.p99Ms,
      ...(isOpen(load) && health.scheduleDelay !== undefined ? { scheduleDelayP99Ms: health.scheduleDelay.p99Ms } : {}),
      ...(found === undefined ? {} : { saturated: found.finding }),
    }
  }
}

/** The median if it is finite: failures must not raise the limits of the generator. */
function typicalMs({ p50Ms }: RunSnapshot['recent']): number {
  return typeof p50Ms === 'number' ? p50Ms : Number.NaN
}
