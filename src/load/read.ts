import type { Fields } from './fields.ts'
import type {
  ConstantArrivalRate,
  ConstantVus,
  Load,
  LoadKind,
  RampingArrivalRate,
  RampingVus,
  SharedIterations,
  Stage,
} from './load.ts'

const TEN_SECONDS_MS = 10_000
const TEN_MINUTES_MS = 600_000

function readConstantVus(fields: Fields): ConstantVus {
  return {
    kind: 'constantVus',
    vus: fields.whole('vus', { min: 1, example: 50 }),
    durationMs: fields.duration('duration'),
    thinkTime: fields.thinkTime(),
    ...fields.isStaggered(),
  }
}

function readRampingVus(fields: Fields): RampingVus {
  return {
    kind: 'rampingVus',
    startVus: fields.whole('startVus', { min: 0, example: 10, otherwise: 0 }),
    stages: fields.stages('vus'),
    thinkTime: fields.thinkTime(),
    ...fields.isStaggered(),
  }
}

function readConstantArrivalRate(fields: Fields): ConstantArrivalRate {
  return {
    kind: 'constantArrivalRate',
    ratePerSec: fields.rate('rate', { above: 0, example: 50 }),
    vus: fields.whole('vus', { min: 1, example: 50 }),
    durationMs: fields.duration('duration'),
    arrivals: fields.arrivals(),
  }
}

function readRampingArrivalRate(fields: Fields): RampingArrivalRate {
  return {
    kind: 'rampingArrivalRate',
    startRatePerSec: fields.rate('startRate', { min: 0, example: 10, otherwise: 0 }),
    stages: fields.stages('rate'),
    vus: fields.whole('vus', { min: 1, example: 50 }),
    arrivals: fields.arrivals(),
  }
}

function readSharedIterations(fields: Fields): SharedIterations {
  return {
    kind: 'sharedIterations',
    iterations: fields.whole('iterations', { min: 1, example: 1000 }),
    vus: fields.whole('vus', { min: 1, example: 50 }),
    maxDurationMs: fields.duration('maxDuration', { above: 0, otherwise: TEN_MINUTES_MS }),
  }
}

function readSpike(fields: Fields): RampingArrivalRate {
  const rate = fields.rate('rate', { above: 0, example: 200 })
  const durationMs = fields.duration('duration')
  const vus = fields.whole('vus', { min: 1, example: 2000 })
  const baseRate = fields.rate('baseRate', { min: 0, example: 20, otherwise: rate / 10 })
  const beforeMs = fields.duration('timeBefore', { min: 0, otherwise: TEN_SECONDS_MS })
  const afterMs = fields.duration('timeAfter', { min: 0, otherwise: TEN_SECONDS_MS })
  const rampUpMs = fields.duration('rampUp', { min: 0, otherwise: 0 })
  const stages: readonly Stage[] = [
    { target: baseRate, durationMs: beforeMs, phase: 'steady' },
    { target: rate, durationMs: rampUpMs, phase: 'ramp' },
    { target: rate, durationMs, phase: 'spike' },
    { target: baseRate, durationMs: 0 },
    { target: baseRate, durationMs: afterMs, phase: 'cooldown' },
  ]
  const arrivals = fields.arrivals()
  return { kind: 'rampingArrivalRate', startRatePerSec: baseRate, stages, vus, arrivals }
}

/** How each kind of load is read from the options of its builder, or from plain data. */
export const READERS = {
  constantVus: readConstantVus,
  rampingVus: readRampingVus,
  constantArrivalRate: readConstantArrivalRate,
  rampingArrivalRate: readRampingArrivalRate,
  sharedIterations: readSharedIterations,
  spike: readSpike,
} satisfies Readonly<Record<LoadKind | 'spike', (fields: Fields) => Load>>
