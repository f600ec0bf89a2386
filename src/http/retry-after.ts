import { wallMs } from '../machine/clock.ts'
import { namesAndValues, type RawHeaders } from './response-headers.ts'

/** Statuses with which a target asks clients to come back later (RFC 9110, 10.2.3; RFC 6585, 4). */
export function mayRetryLater(status: number): boolean {
  return status === 429 || status === 503
}

/**
 * Time that the header `Retry-After` asks for, in milliseconds. A date is compared with that of the response, if it has one,
 * because the clock of the target may differ from that of this machine.
 *
 * @returns `undefined` without a valid header
 */
export function retryAfterMs(rawHeaders: RawHeaders, now: () => number = wallMs): number | undefined {
  const fields = namesAndValues(rawHeaders)
  const valueOf = (name: string) => {
    for (let at = 0; at < fields.length; at += 2) if (fields[at]!.toLowerCase() === name) return fields[at + 1]!.trim()
    return undefined
  }
  const value = valueOf('retry-after')
  if (value === undefined) return undefined
  if (/^\d+$/.test(value)) return Number(value) * 1000
  const dateMs = Date.parse(value)
  if (Number.isNaN(dateMs) || !/[a-z]/i.test(value)) return undefined
  const sentMs = Date.parse(valueOf('date') ?? '')
  return Math.max(0, dateMs - (Number.isNaN(sentMs) ? now() : sentMs))
}
