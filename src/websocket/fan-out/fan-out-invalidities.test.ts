import { expect, test } from 'vitest'
import type { FeedFigures } from '../../evidence/fan-out-record.ts'
import { messageInvalidities, socketInvalidities } from './fan-out-invalidities.ts'
import type { FanOutParts } from './fan-out-parts.ts'
import type { ForeignLabels } from './group-labels.ts'

const NOTHING = { received: 0, duplicate: 0, optional: 0, unexpected: 0 }

/** The invalidities of a run in which 99 messages were publications. */
function messages(more: { unidentified?: number; lostDeliveries?: number; foreignLabels?: ForeignLabels }) {
  const { unidentified = 0, lostDeliveries = 0, foreignLabels } = more
  const parts = {
    ledger: { counts: () => ({ ...NOTHING, received: 90, duplicate: 3, optional: 3, unexpected: 3 }) },
    identifier: { unidentified, sample: 'text: "?"' },
    lostDeliveries,
    foreignLabels,
  }
  return messageInvalidities(parts as unknown as FanOutParts)
}

/** The invalidities of a run of 100 sockets, some of which failed. */
function sockets(failures: readonly (readonly [string, number])[], abortReason?: string) {
  const failed = failures.reduce((sum, [, count]) => sum + count, 0)
  const parts = {
    plan: { clients: 100 },
    sockets: { everSubscribedCount: 100 - failed, failures: new Map(failures) },
    abortReason,
  }
  return socketInvalidities(parts as unknown as FanOutParts)
}

test('says that deliveries are not known if their ids came too late to be kept', () => {
  expect(messages({ lostDeliveries: 1234 })).toEqual([
    {
      reason: 'undecided',
      finding:
        'it is not known what 1,234 deliveries are: too many came before their ids were known, or too many ids before the run',
      remedy: 'have the target respond to publish.send sooner, or ask for fewer connections',
    },
  ])
})

test('says that groups are not known if messages name others, and not one for each', () => {
  const sample = 'publication #2 of group "b" named "all", and one of "a" too'
  expect(messages({ foreignLabels: { count: 1234, sample } })).toEqual([
    {
      reason: 'undecided',
      finding:
        'identify returned groups that the run does not have, and not one for each of its groups, for 1,234 messages: ' +
        `${sample}; whether they are of the right group is not known`,
      remedy:
        'return as group from identify the name that the option group gives it, or leave it out if ids are unique in the run',
    },
  ])
})

test.each<[string, Partial<FeedFigures>, string[]]>([
  ['is steady', {}, []],
  [
    'rises by 2',
    { step: 2, isNumbered: false, leftOut: 40 },
    [
      "the feed's sequence nearly always rises by 2 from one publication to the next: whether those between were left out is not known",
    ],
  ],
  [
    'leaves out most',
    { isNumbered: false, leftOut: 4000 },
    ['4,000 sequences were left out by the feed, more than ten for each publication received'],
  ],
  [
    'falls silent',
    { silentMs: 2500 },
    ['nothing was published in the last 2.50 s of the run: what the feed did not send is not known'],
  ],
  [
    'repeats itself',
    { silentMs: 2500, repeated: 140 },
    [
      'nothing was published in the last 2.50 s of the run, though 140 messages came, with ids that had come before: what they are is not known',
    ],
  ],
  [
    'reuses ids, and falls silent for that',
    { silentMs: 2500, repeated: 140, reused: { count: 50, id: 'a', first: 1, again: 2 } },
    [
      'ids are not unique: 50 messages carry an id that their client had with another sequence, the first "a", with 1 and with 2',
    ],
  ],
  [
    'falls silent, and reuses one id',
    { silentMs: 2500, reused: { count: 1, id: 'a', first: 1, again: 2 } },
    ['nothing was published in the last 2.50 s of the run: what the feed did not send is not known'],
  ],
])('says of a feed that %s what is not known', (_, more, findings) => {
  const steady = {
    stamped: 0,
    fastestMs: undefined,
    driftMs: 0,
    isClockUnsteady: false,
    orderedBy: 'sequence',
    leftOut: 0,
    isNumbered: true,
    silentMs: undefined,
  }
  const parts = {
    plan: { lateAfterMs: 1000 },
    ledger: { counts: () => ({ ...NOTHING, received: 100 }), publications: [1] },
    identifier: { unidentified: 0 },
    feed: { ...steady, ...more },
    lostDeliveries: 0,
    sockets: { subscribedCount: 1 },
  }
  expect(messageInvalidities(parts as unknown as FanOutParts).map(({ finding }) => finding)).toEqual(findings)
})

test('allows one message in a hundred that is not identified', () => {
  expect(messages({ unidentified: 1 })).toEqual([])
  expect(messages({ unidentified: 2 })).toMatchObject([
    { finding: expect.stringMatching(/^2 of 101 messages .* were not identified, limit 1%.* The first: text: "\?"$/) },
  ])
})

test('allows one socket in a hundred that is not subscribed, and any number if the run was aborted', () => {
  expect(sockets([['status 500', 1]])).toEqual([])
  expect(sockets([['status 500', 2]])).toMatchObject([
    { reason: 'offered-rate-missed', finding: 'only 98 of 100 sockets (98%) were subscribed: 2 × status 500' },
  ])
  expect(sockets([['status 500', 2]], 'Ctrl-C')).toEqual([])
})

test.each([
  ['refused', 'target'],
  ['reset', 'target'],
  ['status 503', 'target'],
  ['status 429', 'target'],
  ['status 429 (Retry-After up to 5 s)', 'target'],
  ['status 404', undefined],
  ['timeout', undefined],
])('blames more than one socket in a hundred that failed by "%s" on: %s', (kind, blame) => {
  expect(sockets([[kind, 1]])).toEqual([])
  expect(sockets([[kind, 2]])[0]!.blame).toBe(blame)
})

test('does not blame the target if it refused one socket in a hundred, and others failed by something else', () => {
  const [found] = sockets([
    ['refused', 1],
    ['timeout', 2],
  ])
  expect(found).toMatchObject({ finding: 'only 97 of 100 sockets (97%) were subscribed: 1 × refused, 2 × timeout' })
  expect(found).not.toHaveProperty('blame')
})

test.each([
  ['TLS: self-signed certificate', /^the certificate is not trusted: give its authority as tls\.ca/],
  ['TLS (EPROTO)', /does not speak TLS at this port/],
  ['TLS (ERR_TLS_CERT_ALTNAME_INVALID)', /^the certificate is for another name/],
  ['response is no WebSocket handshake', /does not open WebSockets/],
  ['response is not HTTP', /does not open WebSockets/],
  ['MQTT: connection refused (code 5), before it was ready', /refused the client by its protocol/],
  ['Socket.IO: not authorized, before it was ready', /refused the client by its protocol/],
  ['status 401', /^the target refused the clients: see that headers, cookies, query or subprotocols/],
  ['closed with code 4401', /^the target refused the clients/],
  ['status 404', /see path$/],
  ['status 302', /^the target redirects the handshake/],
  ['status 200', /^the target responded as to a plain HTTP request/],
  ['status 400', /^the target refused the handshake/],
  ['subprotocol not agreed', /see subprotocols/],
  ['subprotocol "other", which was not offered', /see subprotocols/],
  ['status 429', /^the target limits the rate of connections: .*lower connectRate/],
  ['status 429 (Retry-After up to 5 s)', /^the target limits the rate of connections/],
  ['not acknowledged', /see isSubscribed/],
])('names the cause that %s shows, if some or all sockets failed by it', (kind, remedy) => {
  for (const count of [2, 100]) expect(sockets([[kind, count]])[0]!.remedy).toMatch(remedy)
})
