import { expect, test } from 'vitest'
import type { FanOutRecord } from '../evidence/fan-out-record.ts'
import { fanOutHint, orderHint, unexpectedHint } from './fan-out-hints.ts'

type Parts = Pick<
  FanOutRecord,
  'deliveries' | 'publications' | 'clients' | 'closings' | 'traces' | 'assumedJoinMs' | 'heartbeats'
>

const SAMPLE = 'client 1 received publication #4 of group "a", and is not in it'

/** Two clients; of eight publications the first four were missed by client 1. */
function hint(parts: Parameters<typeof recordOf>[0], of = fanOutHint): string | undefined {
  return of(recordOf(parts))
}

function recordOf({
  deliveries,
  traces,
  publications,
  closings,
  ...more
}: {
  readonly deliveries?: Partial<FanOutRecord['deliveries']>
  readonly traces?: Partial<FanOutRecord['traces']>
  readonly publications?: readonly Partial<FanOutRecord['publications'][number]>[]
  readonly closings?: readonly (readonly [number, string])[]
  readonly assumedJoinMs?: number
  readonly heartbeats?: FanOutRecord['heartbeats']
}): FanOutRecord {
  const zero = { expected: 16, received: 12, onTime: 12, late: 0, duplicate: 0, outOfOrder: 0, racing: 0, optional: 0 }
  const record = {
    deliveries: { ...zero, missing: 4, unexpected: 0, unidentified: 0, ...deliveries },
    traces: {
      unidentified: 'text: "?"',
      unexpected: SAMPLE,
      certainUnexpected: 0,
      unknownIds: 0,
      heartbeat: undefined,
      ...traces,
    },
    publications: publications ?? Array.from({ length: 8 }, (_, at) => ({ missing: at < 4 ? 1 : 0, expected: 2 })),
    clients: { missing: Uint32Array.of(0, 4) },
    closings: new Map(closings),
    assumedJoinMs: undefined,
    ...more,
  }
  return record as unknown as Parts as FanOutRecord
}

test('names the close code of sockets, and an authorization failure', () => {
  expect(hint({ closings: [[1, 'closed with code 1012 (service restart)']] })).toBe(
    'most missing deliveries belong to the 1 client whose socket the other side closed (e.g. closed with code 1012 (service restart)): see the log of the target',
  )
  for (const why of [
    'closed with code 1008 (policy violation)',
    'closed with code 4401',
    'closed with code 4001: token used',
  ])
    expect(hint({ closings: [[1, why]] })).toContain(`(e.g. ${why}): the target refused them; check their credentials`)
})

test('names a heartbeat without a response, and one that the target requires', () => {
  const closings = [[1, 'closed with code 4000: heartbeat missed']] as const
  expect(hint({ closings })).toMatch(/it may require regular messages; set heartbeat: \{ every, message \}$/)
  expect(hint({ closings, heartbeats: { sent: 3, withoutResponse: undefined } })).not.toContain('regular messages')
  expect(hint({ closings: [[1, 'closed with code 1006']], traces: { heartbeat: 'text, 4 bytes: "ping"' } })).toMatch(
    /the target sent text, 4 bytes: "ping", which looks like a heartbeat, and got no response: set heartbeat or framing$/,
  )
})

test('names joins that the target rejected before all else, and joins without an effect after lost publications', () => {
  const join = { count: 1, missing: 4, sample: 'client 1, group "b": no' }
  const closings = [[1, 'closed with code 1006']] as const
  expect(hint({ closings, traces: { failedJoins: { rejected: join } } })).toBe(
    'most missing deliveries belong to 1 join that the target rejected (the first: client 1, group "b": no): check whether the client may join the group, and the credentials',
  )
  expect(hint({ traces: { failedJoins: { silent: { ...join, count: 2 } } } })).toBe(
    'most missing deliveries belong to 2 joins during the run after which the client received nothing of the group (the first: client 1, group "b": no): check whether the target accepted them',
  )
  const publications = [{ missing: 4, expected: 4 }]
  expect(hint({ publications, traces: { failedJoins: { silent: join } } })).toContain('that no client received')
  const few = { ...join, missing: 3 }
  expect(hint({ traces: { failedJoins: { rejected: few, silent: few } } })).toBeUndefined()
})

test('names unidentified messages and unknown ids before publications that no client received', () => {
  const publications = [{ missing: 4, expected: 4, isFailed: false }]
  expect(hint({ publications })).toBe(
    'most missing deliveries belong to 1 publication that no client received: check whether it was published',
  )
  expect(hint({ publications, deliveries: { unidentified: 4 } })).toBe(
    '4 messages were not identified, the first: text: "?"; check identify',
  )
  expect(hint({ publications, deliveries: { unexpected: 4 }, traces: { unknownIds: 4 } })).toMatch(
    /^4 messages had ids that no publication of the run has .* resolve publish\.send with the id that it returned$/,
  )
  expect(hint({ publications: [{ missing: 4, expected: 4, isFailed: true }] })).toBe(
    'find out why publish.send failed: most missing deliveries belong to its 1 failed publication',
  )
})

test('names an assumed join if deliveries are missing only at the beginning', () => {
  const publications = Array.from({ length: 8 }, (_, at) => ({ missing: at < 2 ? 2 : 0, expected: 2 }))
  expect(hint({ publications, assumedJoinMs: 500 })).toMatch(
    /from the beginning of the run, .* joined 500ms after subscribing; set isSubscribed, or raise joinDelay$/,
  )
  expect(hint({ assumedJoinMs: 500 })).toBeUndefined()
})

test('names unexpected and racing deliveries if none is missing, and nothing if there is no fault', () => {
  const none = { missing: 0 }
  expect(hint({ deliveries: none })).toBeUndefined()
  expect(hint({ deliveries: { ...none, unexpected: 1 } })).toBe(
    `check the groups of the clients in the target: 1 delivery reached clients that they were not for (${SAMPLE})`,
  )
  expect(hint({ deliveries: { ...none, outOfOrder: 3, racing: 2 } })).toMatch(
    /^2 of 3 deliveries out of order are of publications that were sent to the target at the same time/,
  )
})

test('names publications that reached the wrong clients as misrouted', () => {
  const publications = [{ missing: 4, expected: 4, unexpected: 4, isFailed: false }]
  const strayed = { publications, deliveries: { unexpected: 4 } }
  expect(hint(strayed)).toBe(
    `most missing deliveries belong to 1 publication that reached clients that they were not for (${SAMPLE}): ` +
      'check the groups of the clients in the target, and whether it acknowledges a subscription before the client has joined',
  )
})

test('unexpectedHint() and orderHint() ignore missing deliveries', () => {
  const publications = [{ missing: 4, expected: 4, isFailed: false }]
  expect(hint({ publications }, unexpectedHint)).toBeUndefined()
  expect(hint({ publications }, orderHint)).toBeUndefined()
  expect(hint({ publications, deliveries: { unexpected: 2 } }, unexpectedHint)).toBe(
    `check the groups of the clients in the target: 2 deliveries reached clients that they were not for (${SAMPLE})`,
  )
  expect(hint({ publications, deliveries: { unexpected: 2 }, traces: { unknownIds: 2 } }, unexpectedHint)).toMatch(
    /^2 messages had ids that no publication of the run has/,
  )
})

test('names messages in which identify found no publication', () => {
  const traces = { others: { count: 8, sample: 'text, 2 bytes: "{}"' } }
  const found =
    'no publication was received, but 8 messages arrived in which identify found none (the first: text, 2 bytes: "{}"): check identify'
  for (const of of [fanOutHint, unexpectedHint, orderHint])
    expect(hint({ deliveries: { received: 0, missing: 16 }, traces }, of)).toBe(found)
  // Fewer messages than publications, such as greetings, give no hint.
  const greetings = { others: { count: 2, sample: 'text: "hello"' } }
  expect(hint({ deliveries: { received: 0, missing: 16 }, traces: greetings })).toBeUndefined()
})

test('names a protocol violation of the target', () => {
  const why =
    'closed by this client with code 1007 (invalid data), as the target broke the protocol: invalid UTF-8 sequence'
  expect(hint({ closings: [[1, why]] })).toBe(
    `find out what the target sent before the socket of 1 client had to be closed: most missing deliveries belong to them (${why})`,
  )
})

test('names messages with another group than that of their publication', () => {
  const words = `4 messages named another group than that of the publication (${SAMPLE}): check which group the target writes into them, and which one identify returns`
  const strayed = Array.from({ length: 4 }, () => ({ missing: 1, expected: 2, unexpected: 1 }))
  const traces = { mislabelled: 4 }
  expect(hint({ deliveries: { unexpected: 4 }, traces, publications: strayed })).toBe(words)
  expect(hint({ deliveries: { unexpected: 4, missing: 0 }, traces })).toBe(words)
  expect(hint({ deliveries: { unexpected: 4 }, traces }, unexpectedHint)).toBe(words)
  expect(hint({ deliveries: { unexpected: 6 }, traces, publications: strayed })).not.toBe(words)
  expect(hint({ deliveries: { unexpected: 6, missing: 0 }, traces })).not.toBe(words)
})
