import { inspect } from 'node:util'
import type { BenchResult } from 'vitest'
import {
  evidenceOf,
  type FanOutEvidence,
  type IterationEvidence,
  type RequestEvidence,
  type RunKind,
  type TimeEvidence,
} from '../evidence/evidence.ts'
import { metricOf, type MetricSource } from '../evidence/metric-evidence.ts'
import { History } from '../history/history.ts'
import { benchEvidence, isBenchResult } from './bench-result.ts'

/** Kind of value that a matcher judges, and how to read the evidence from it. */
export interface Subject<Evidence> {
  /** How the call line names the receiver: `run`, `ledger`. */
  readonly variable: string
  /** Replaces `variable` if a matcher judges several kinds of value. */
  variableFor?(received: unknown): string
  /** Completes "judges …": `a run with request counts, as http.run() gives`. */
  readonly noun: string
  /** Evidence of the value; `undefined` if it is of another kind. */
  read(received: unknown): Evidence | undefined
}

/** Value with evidence of a kind. `HttpRun`, its scopes and its steps are sources of request evidence. */
export interface EvidenceSource<Evidence> {
  readonly [evidenceOf]: () => Evidence
}

/** Run with times, or a result of a Vitest benchmark. */
export type TimeSource = EvidenceSource<TimeEvidence> | BenchResult
export type RequestSource = EvidenceSource<RequestEvidence>
export type DeliverySource = EvidenceSource<FanOutEvidence>

export const timedRun: Subject<TimeEvidence> = {
  variable: 'run',
  noun: 'the times of a run',
  read: (received) => (isBenchResult(received) ? benchEvidence(received) : evidenceIn(received)),
}

export const requestRun: Subject<RequestEvidence> = {
  variable: 'run',
  noun: 'a run of requests, as http.run() gives',
  read(received) {
    const evidence = evidenceIn(received)
    return evidence !== undefined && isOfRequests(evidence) ? evidence : undefined
  },
}

export const deliveryRun: Subject<FanOutEvidence> = {
  variable: 'run',
  noun: 'a fan-out, as ws.fanOut() gives',
  read(received) {
    const evidence = evidenceIn(received)
    return evidence !== undefined && isOfDeliveries(evidence) ? evidence : undefined
  },
}

export function isOfRequests(evidence: TimeEvidence): evidence is RequestEvidence {
  return hasCounts(evidence) && !isOfIterations(evidence)
}

export function isOfIterations(evidence: TimeEvidence): evidence is IterationEvidence {
  return 'of' in evidence
}

/** Whether evidence has the counts of requests, or the same counts of iterations or groups. */
export function hasCounts(evidence: TimeEvidence): evidence is RequestEvidence | IterationEvidence {
  return (evidence.kind === 'http' || evidence.kind === 'conversation') && !('ending' in evidence)
}

/** Plural of what the times of evidence are of. */
export function nounOf(evidence: TimeEvidence): string {
  if (evidence.kind === 'micro') return 'calls'
  return isOfIterations(evidence) ? evidence.of : 'requests'
}

export function isOfDeliveries(evidence: TimeEvidence): evidence is FanOutEvidence {
  return evidence.kind === 'fanOut'
}

export const KIND_NAMES: Record<RunKind, string> = {
  http: 'an HTTP run',
  conversation: 'a run of WebSocket conversations',
  fanOut: 'a fan-out run',
  micro: 'a micro run',
}

/** Description of the value passed to `expect`. */
export function describeReceived(received: unknown): string {
  const evidence = evidenceIn(received)
  if (evidence !== undefined) {
    const name = nameOf(received)
    if ('ending' in evidence)
      return `the ${evidence.ending === 'good' ? 'good responses' : 'failed requests'} of ${KIND_NAMES[evidence.kind]}${name === undefined ? '' : ` (${name})`}, which are selected by outcome`
    if (isOfIterations(evidence))
      return `the ${nounOf(evidence)} of ${KIND_NAMES[evidence.kind]}${name === undefined ? '' : ` (${name})`}`
    return KIND_NAMES[evidence.kind] + (name === undefined ? '' : ` (${name})`)
  }
  if (hasMetric(received)) {
    const { kind, metric } = received[metricOf]()
    return `the ${kind === 'softCheck' ? 'soft check' : kind} ${JSON.stringify(metric)}`
  }
  if (isBenchResult(received)) return `a benchmark result${received.name === undefined ? '' : ` (${received.name})`}`
  if (received === null || received === undefined) return String(received)
  if (received instanceof Promise) return 'a Promise'
  if (typeof received !== 'object') return `a ${typeof received} (${inspect(received)})`
  const type = received.constructor?.name
  if (type !== undefined && type !== 'Object') return `a value of type ${type}`
  const keys = Object.keys(received)
  return `an object with ${keys.length === 0 ? 'no keys' : keys.slice(0, 5).join(', ')}`
}

/** Name of the judged value, if it has one. */
export function nameOf(received: unknown): string | undefined {
  if (typeof received !== 'object' || received === null || !('name' in received)) return undefined
  return typeof received.name === 'string' ? received.name : undefined
}

/** Names of the runs whose evidence a matcher received. */
export function judgedRuns(given: readonly unknown[]): readonly string[] {
  return given.flatMap((value) => (historyIn(value) === undefined ? (nameOf(value) ?? []) : []))
}

/** The histories that a matcher received, directly or in its options: it does not judge the measurement of their runs. */
export function historiesIn(given: readonly unknown[]): readonly History[] {
  return given.flatMap((value) => historyIn(value) ?? [])
}

function historyIn(value: unknown): History | undefined {
  if (value instanceof History) return value
  if (typeof value !== 'object' || value === null || !('history' in value) || evidenceOf in value) return undefined
  return value.history instanceof History ? value.history : undefined
}

function evidenceIn(received: unknown): TimeEvidence | undefined {
  return hasEvidence(received) ? received[evidenceOf]() : undefined
}

function hasEvidence(received: unknown): received is EvidenceSource<TimeEvidence> {
  return typeof received === 'object' && received !== null && evidenceOf in received
}

/** Whether a value is a custom metric or a soft check of a run. */
export function hasMetric(received: unknown): received is MetricSource {
  return typeof received === 'object' && received !== null && metricOf in received
}
