import type { Random } from '../src/load/random.ts'
import { studentQuantile } from '../src/stats/distributions.ts'
import { autoregression, filled, solveMs, type LatencyModel } from './latency-model.ts'

/**
 * A service that responds in 13.5 ms, plus or minus a few hundredths, with 3% of the responses 6 to 36 ms slower, and whose
 * level changes by tenths of a millisecond: far less than anyone notices, and far more than its spread.
 */
const MEDIAN_MS = 13.5
const SCALE_MS = 0.0275
const TAIL = { ratio: 0.03, fromMs: 6, toMs: 36 } as const
const FAST = -0.3
const SLOW = 0

/** Level at a time of the run. */
type Level = (atSec: number) => number
/** Draws the level of one run. */
type Levels = (random: Random, seconds: number) => Level

/** @param stationary levels that are equally likely in the long run */
function narrow(name: string, levels: Levels, stationary: readonly number[], drawn?: Levels): LatencyModel {
  const windowsOf = (of: Levels) => (random: Random, seconds: number, perSec: number) => {
    const level = of(random, seconds)
    return Array.from({ length: seconds }, (_, second) =>
      filled(perSec, () => latencyMs(random, level(second + random.next()))),
    )
  }
  const ratioAbove = (ms: number) =>
    stationary.reduce((sum, level) => sum + above(ms - MEDIAN_MS - level), 0) / stationary.length
  const known = { name: `narrow, ${name}`, windows: windowsOf(levels), trueMs: (p: number) => solveMs(ratioAbove, p) }
  return drawn === undefined ? known : { ...known, drawn: windowsOf(drawn) }
}

export const narrowSteady = narrow('steady', () => () => SLOW, [SLOW])

/** The first half of every run is 0.3 ms faster than the second. */
export const narrowHalves = narrow(
  'first half faster',
  (_, seconds) => halves(seconds, FAST, SLOW),
  [FAST, SLOW],
  (random, seconds) => halves(seconds, eitherLevel(random), eitherLevel(random)),
)

/** Every run is 0.3 ms slower at its end than at its beginning. */
export const narrowRamp = narrow(
  'slows down steadily',
  (_, seconds) => ramp(seconds, FAST, SLOW),
  Array.from({ length: 1_000 }, (_, at) => ramp(1_000, FAST, SLOW)(at + 0.5)),
  (random, seconds) => ramp(seconds, eitherLevel(random), eitherLevel(random)),
)

/** Every second has one of two levels. */
export const narrowSeconds = narrow(
  'one of two levels a second',
  (random, seconds) => bySecond(seconds, () => eitherLevel(random)),
  [FAST, SLOW],
)

/** A step of 0.3 ms up or down in one second out of four. */
export const narrowSteps = narrow(
  'steps',
  (random, seconds) => {
    let level = eitherLevel(random)
    return bySecond(seconds, () => (level = random.next() < 0.25 ? FAST + SLOW - level : level))
  },
  [FAST, SLOW],
)

const WAVE_MS = 0.1

export const narrowWaves = narrow(
  'level in waves, r = 0.5',
  (random, seconds) => {
    const level = autoregression(random, 0.5)
    return bySecond(seconds, () => WAVE_MS * level())
  },
  Array.from({ length: 2_000 }, (_, at) => WAVE_MS * studentQuantile((at + 0.5) / 2_000, Number.POSITIVE_INFINITY)),
)

function latencyMs(random: Random, level: number): number {
  const u = random.next()
  const slow = random.next() < TAIL.ratio ? TAIL.fromMs + (TAIL.toMs - TAIL.fromMs) * random.next() : 0
  return MEDIAN_MS + level + SCALE_MS * Math.log(u / (1 - u)) + slow
}

/** Ratio of requests that exceed their level by more than `ms`. The tail is wide compared with the spread. */
function above(ms: number): number {
  const slow = Math.min(1, Math.max(0, (TAIL.toMs - ms) / (TAIL.toMs - TAIL.fromMs)))
  return TAIL.ratio * slow + (1 - TAIL.ratio) / (1 + Math.exp(ms / SCALE_MS))
}

function eitherLevel(random: Random): number {
  return random.next() < 0.5 ? FAST : SLOW
}

function halves(seconds: number, first: number, second: number): Level {
  return (atSec) => (atSec < seconds / 2 ? first : second)
}

function ramp(seconds: number, from: number, to: number): Level {
  return (atSec) => from + ((to - from) * atSec) / seconds
}

function bySecond(seconds: number, next: () => number): Level {
  const levels = Array.from({ length: seconds }, next)
  return (atSec) => levels[Math.floor(atSec)]!
}
