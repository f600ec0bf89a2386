import { expect, test } from 'vitest'
import type { FeedFigures } from '../../evidence/fan-out-record.ts'
import { messageInvalidities, socketInvalidities } from './fan-out-invalidities.ts'
import type { FanOutMeasurement } from './fan-out-measurement.ts'
import type { ForeignLabels } from './group-labels.ts'

/** Invalidities of a run with 99 messages that were publications. */
function messages(more: { unidentified?: number; lostDeliveries?: number; foreignLabels?: ForeignLabels }) {
  const { unidentified = 0, lostDeliveries = 0, foreignLabels } = more
  const parts = {
    deliveries: { received: 90, duplicate: 3, optional: 3, unexpected: 3, unidentified },
    traces: { unidentified: 'text: "?"' },
    lostDeliveries,
    foreignLabels,
  }
  return messageInvalidities(parts as unknown as FanOutMeasurement)
}

/** Invalidities of a run with 100 sockets, some of which failed. */
function sockets(failures: readonly (readonly [string, number])[], abortReason?: string) {
  const failed = failures.reduce((sum, [, count]) => sum + count, 0)
  const parts = {
    sockets: { requested: 100, subscribed: 100 - failed, failures: Object.fromEntries(failures) },
    abortReason,
  }
  return socketInvalidities(parts as unknown as FanOutMeasurement)
}

test('reports deliveries that could not be stored until their ids were known', () => {
  expect(messages({ lostDeliveries: 1234 })).toEqual([
    {
      reason: 'undecided',
      finding:
        'the publications of 1,234 deliveries are unknown: too many arrived before their ids were known, or too many ids before the run',
      fix: 'make the target respond to publish.send sooner, or request fewer connections',
    },
  ])
})

test('reports messages whose groups cannot be matched to those of the run', () => {
  const sample = 'publication #2 of group "b" named "all", as did one of "a"'
  expect(messages({ foreignLabels: { count: 1234, sample } })).toEqual([
    {
      reason: 'undecided',
      finding:
        'identify returned groups that the run does not have, and not one for each of its groups, for 1,234 messages: ' +
        `${sample}; whether they belong to the right group is unknown`,
      fix: 'return from identify the group by the name in the option group, or omit it if ids are unique in the run',
    },
  ])
})

test.each<[string, Partial<FeedFigures>, string[]]>([
  ['is steady', {}, []],
  [
    'rises by 2',
    { step: 2, isNumbered: false, leftOut: 40 },
    [
      "the feed's sequence nearly always rises by 2 from one publication to the next: whether the numbers between were skipped is unknown",
    ],
  ],
  [
    'leaves out most',
    { isNumbered: false, leftOut: 4000 },
    ['the feed skipped 4,000 sequences, more than ten for each publication received'],
  ],
  [
    'falls silent',
    { silentMs: 2500 },
    ['nothing was published in the last 2.50 s of the run: whether the feed failed to publish is unknown'],
  ],
  [
    'repeats itself',
    { silentMs: 2500, repeated: 140 },
    [
      'nothing was published in the last 2.50 s of the run, although 140 messages with earlier ids arrived: what they are is unknown',
    ],
  ],
  [
    'publishes only in the warm-up',
    { onlyBefore: 140 },
    [
      'nothing was published while deliveries were counted, after 140 publications before that: whether the feed failed to publish is unknown',
    ],
  ],
  [
    'has a group without publications',
    { silentGroups: { count: 1, all: 2, first: 'b', silentMs: undefined } },
    [
      'nothing was published in the group "b" while deliveries were counted: whether the feed failed to publish is unknown',
    ],
  ],
  [
    'falls silent in several groups',
    { silentGroups: { count: 12, all: 1200, first: 'b', silentMs: 2500 } },
    [
      'nothing was published in the group "b" in the last 2.50 s in which it had clients, and too little in 11 more of the 1,200 groups with clients: whether the feed failed to publish is unknown',
    ],
  ],
  [
    'had no client for a time',
    { unseen: { ms: 600, publications: 0.6, deliveries: 1.2 } },
    [
      'no client was connected for 600 ms, in which the feed may have made about 1 publication that nobody received (1.2% of the deliveries, limit 1%): whether they are missing is unknown',
    ],
  ],
  ['had no client for a short time', { unseen: { ms: 400, publications: 0.4, deliveries: 0.8 } }, []],
  [
    'had no client in some groups',
    { unseen: { ms: 600, group: 'b', groups: 12, publications: 21.3, deliveries: 300 } },
    [
      'no client of the group "b" was connected for 600 ms, and none of 11 more groups for some time, in which the feed may have made about 21 publications that nobody received (75% of the deliveries, limit 1%): whether they are missing is unknown',
    ],
  ],
  [
    'falls silent, and had no client for a time before',
    { silentMs: 2500, unseen: { ms: 600, publications: 20, deliveries: 40 } },
    ['nothing was published in the last 2.50 s of the run: whether the feed failed to publish is unknown'],
  ],
  [
    'reuses ids, and falls silent for that',
    { silentMs: 2500, repeated: 140, reused: { count: 50, id: 'a', first: 1, again: 2 } },
    [
      'ids are not unique: 50 messages have an id that their client received with another sequence, the first "a", with 1 and with 2',
    ],
  ],
  [
    'falls silent, and reuses one id',
    { silentMs: 2500, reused: { count: 1, id: 'a', first: 1, again: 2 } },
    ['nothing was published in the last 2.50 s of the run: whether the feed failed to publish is unknown'],
  ],
])('reports what is unknown of a feed that %s', (_, more, findings) => {
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
    lateThresholdMs: 1000,
    deliveries: { expected: 100, received: 100, duplicate: 0, optional: 0, unexpected: 0, unidentified: 0 },
    traces: {},
    hasPublished: true,
    feed: { ...steady, ...more },
    lostDeliveries: 0,
    subscribedAtEnd: 1,
  }
  expect(messageInvalidities(parts as unknown as FanOutMeasurement).map(({ finding }) => finding)).toEqual(findings)
})

test.each([
  [
    'has lost every client',
    { feed: { silentMs: 2500, repeated: 50, isNumbered: true }, hasPublished: true, subscribedAtEnd: 0 },
    {
      finding: 'nothing was published in the last 2.50 s of the run, at whose end every client had lost its connection',
      fix: 'find out why the target closed the connections',
      blame: 'target',
    },
  ],
  [
    'has lost every client just before the end',
    {
      feed: { unseen: { ms: 200, publications: 2, deliveries: 4 }, isNumbered: true, orderedBy: 'sequence' },
      hasPublished: true,
      subscribedAtEnd: 0,
    },
    {
      finding: expect.stringMatching(/^no client was connected for 200 ms, .* \(100% of the deliveries, limit 1%\)/),
      fix: 'find out why the target closed the connections',
      blame: 'target',
    },
  ],
  [
    'numbers its publications, and had no client before the end',
    {
      feed: { unseen: { ms: 200, publications: 2, deliveries: 4 }, isNumbered: true, orderedBy: 'sequence' },
      hasPublished: true,
    },
    { fix: 'lengthen the run, so that the sequences of later publications show what was missed' },
  ],
  [
    'does not number its publications, and had no client for a time',
    { feed: { unseen: { ms: 200, publications: 2, deliveries: 4 }, isNumbered: true }, hasPublished: true },
    {
      fix: 'return sequence from identify, which shows what was missed, or find out why the target closed the connections',
    },
  ],
  [
    'publishes nothing',
    {},
    {
      reason: 'no-samples',
      finding: 'the feed published nothing: no message arrived',
      fix: 'check whether the feed publishes to these clients: they may have to subscribe first',
    },
  ],
  [
    'publishes nothing that identify finds',
    { traces: { others: { count: 1234, sample: 'text, 2 bytes: "{}"' } } },
    {
      finding:
        'the feed published nothing: 1,234 messages arrived in which identify found no publication (the first: text, 2 bytes: "{}")',
      fix: 'check identify',
    },
  ],
])('names the cause of a feed that %s', (_, more, found) => {
  const parts = {
    deliveries: { expected: 0, received: 0, duplicate: 0, optional: 0, unexpected: 0, unidentified: 0 },
    traces: {},
    feed: {},
    hasPublished: false,
    lostDeliveries: 0,
    sockets: { subscribed: 2 },
    subscribedAtEnd: 2,
    ...more,
  }
  expect(messageInvalidities(parts as unknown as FanOutMeasurement)).toMatchObject([found])
  expect(
    messageInvalidities({ ...parts, hasPublished: false, abortReason: 'Ctrl-C' } as unknown as FanOutMeasurement),
  ).toEqual([])
})

test('allows 1% of messages that are not identified', () => {
  expect(messages({ unidentified: 1 })).toEqual([])
  expect(messages({ unidentified: 2 })).toMatchObject([
    { finding: expect.stringMatching(/^2 of 101 messages .* were not identified, limit 1%.* The first: text: "\?"$/) },
  ])
})

test('allows 1% of sockets that are not subscribed, and any number if the run was aborted', () => {
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
  ['closed with code 1001 (going away), before it was ready', 'target'],
  [
    'closed with code 1006 (connection lost without a closing handshake): read ECONNRESET, before it was ready',
    'target',
  ],
  ['closed with code 1011 (server error), before it was ready', 'target'],
  ['closed with code 1012 (service restart), before it was ready', 'target'],
  ['closed with code 1013 (try again later): busy, before it was ready', 'target'],
  ['closed with code 1014, before it was ready', 'target'],
  ['closed with code 1000 (normal), before it was ready', undefined],
  ['closed with code 1008 (policy violation), before it was ready', undefined],
  ['closed with code 4001: token used, before it was ready', undefined],
  ['closed with code 1006 (…): a ping got no response in time, before it was ready', undefined],
  ['status 404', undefined],
  ['timeout', undefined],
])('attributes more than 1% of sockets that failed by "%s" to: %s', (kind, blame) => {
  expect(sockets([[kind, 1]])).toEqual([])
  expect(sockets([[kind, 2]])[0]!.blame).toBe(blame)
})

test('does not attribute failures to the target if it refused only 1% of the sockets', () => {
  const [found] = sockets([
    ['refused', 1],
    ['timeout', 2],
  ])
  expect(found).toMatchObject({ finding: 'only 97 of 100 sockets (97%) were subscribed: 2 × timeout, 1 × refused' })
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
  [
    'status 401',
    /^the target did not authorize the clients: check the credentials in headers, cookies, query or subprotocols/,
  ],
  ['closed with code 4401', /^the target did not authorize the clients/],
  ['closed with code 1013 (try again later), before it was ready', /^the target closed the connections that it had/],
  ['extension not agreed', /^the target chose a WebSocket extension that was not offered/],
  ['status 404', /check path$/],
  ['status 302', /^the target redirects the handshake/],
  ['status 200', /^the target responded as to a plain HTTP request/],
  ['status 400', /^the target refused the handshake/],
  ['subprotocol not agreed', /check subprotocols/],
  ['subprotocol "other", which was not offered', /check subprotocols/],
  ['status 429', /^the target limits the rate of connections: .*lower connectRate/],
  ['status 429 (Retry-After up to 5 s)', /^the target limits the rate of connections/],
  ['not acknowledged', /^isSubscribed \(isReady of ws.run\(\)\) accepted no message/],
  ['not acknowledged: isReady always returned undefined', /^return whether the message acknowledges/],
])('names the fix for %s if some or all sockets failed by it', (kind, fix) => {
  for (const count of [2, 100]) expect(sockets([[kind, count]])[0]!.fix).toMatch(fix)
})
