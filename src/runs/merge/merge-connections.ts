import type { HeartbeatCounts } from '../../evidence/fan-out-counts.ts'
import { firstMessageCounts } from '../first-message-counts.ts'
import type { ConnectionFigures, Readiness } from '../request-measurement.ts'
import type { HttpPart } from './http-part.ts'

/** Connections of all generators. The most open at once is at most the sum of those of each generator. */
export function mergeConnections(parts: readonly Pick<HttpPart, 'connections' | 'firstMessages'>[]): ConnectionFigures {
  const all = parts.map(({ connections }) => connections)
  const total = (of: (figures: ConnectionFigures) => number) => all.reduce((sum, figures) => sum + of(figures), 0)
  const present = <T>(of: (figures: ConnectionFigures) => T | undefined) => all.flatMap((figures) => of(figures) ?? [])
  const notTaken = present((figures) => figures.notTaken)
  const firstMessages = firstMessageCounts(parts.flatMap((part) => part.firstMessages ?? []))
  const resetIdle = present((figures) => figures.resetIdleMs)
  const redirects = present((figures) => figures.redirects)
  const closings = present((figures) => figures.closings)
  const readiness = present((figures) => figures.readiness)
  const idleTimeouts = present((figures) => figures.idleTimeoutMs)
  return {
    ...(notTaken.length === 0 ? {} : { notTaken: notTaken.reduce((sum, count) => sum + count, 0) }),
    ...(firstMessages.surplus === 0 ? {} : { firstMessages }),
    ...(readiness.length === 0 ? {} : { readiness: mergeReadiness(readiness) }),
    opened: total(({ opened }) => opened),
    refused: total(({ refused }) => refused),
    closedIdle: total(({ closedIdle }) => closedIdle),
    ...(closings.length === 0 ? {} : { closings: sumsByKind(closings) }),
    replaced: total(({ replaced }) => replaced),
    resetAfterUse: total(({ resetAfterUse }) => resetAfterUse),
    ...(resetIdle.length === 0
      ? {}
      : {
          resetIdleMs: {
            min: Math.min(...resetIdle.map(({ min }) => min)),
            max: Math.max(...resetIdle.map(({ max }) => max)),
          },
        }),
    ...(redirects.length === 0 ? {} : { redirects: redirects.reduce((sum, count) => sum + count, 0) }),
    ...(idleTimeouts.length === 0 ? {} : { idleTimeoutMs: Math.min(...idleTimeouts) }),
    openAtEnd: total(({ openAtEnd }) => openAtEnd),
    maxOpen: total(({ maxOpen }) => maxOpen),
  }
}

function mergeReadiness(all: readonly Readiness[]): Readiness {
  const fix = all.find((each) => each.fix !== undefined)?.fix
  return {
    began: all.reduce((sum, { began }) => sum + began, 0),
    neverReady: sumsByKind(all.map(({ neverReady }) => neverReady)),
    rejected: all.reduce((sum, { rejected }) => sum + rejected, 0),
    ...(fix === undefined ? {} : { fix }),
  }
}

/** Heartbeats of all generators; `undefined` if none was configured. */
export function mergeHeartbeats(all: readonly (HeartbeatCounts | undefined)[]): HeartbeatCounts | undefined {
  const counts = all.flatMap((each) => each ?? [])
  if (counts.length === 0) return undefined
  const without = counts.flatMap(({ withoutResponse }) => withoutResponse ?? [])
  return {
    sent: counts.reduce((sum, { sent }) => sum + sent, 0),
    withoutResponse: without.length === 0 ? undefined : without.reduce((sum, count) => sum + count, 0),
  }
}

function sumsByKind(all: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {}
  for (const [kind, count] of all.flatMap((each) => Object.entries(each))) sums[kind] = (sums[kind] ?? 0) + count
  return sums
}
