import { expect, test } from 'vitest'
import { messageInvalidities, socketInvalidities } from './fan-out-invalidities.ts'
import type { FanOutParts } from './fan-out-parts.ts'

const NOTHING = { received: 0, duplicate: 0, optional: 0, unexpected: 0 }

/** The invalidities of a run in which 99 messages were publications. */
function messages(more: { unidentified?: number; lostDeliveries?: number }) {
  const { unidentified = 0, lostDeliveries = 0 } = more
  const parts = {
    ledger: { counts: () => ({ ...NOTHING, received: 90, duplicate: 3, optional: 3, unexpected: 3 }) },
    identifier: { unidentified, sample: 'text: "?"' },
    lostDeliveries,
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
  ['TLS: self-signed certificate', /^the certificate was not accepted: give its authority as tls\.ca/],
  ['TLS (EPROTO)', /does not speak TLS at this port/],
  ['TLS (ERR_TLS_CERT_ALTNAME_INVALID)', /^the certificate is of another name/],
  ['response is no WebSocket handshake', /does not open WebSockets/],
  ['response is not HTTP', /does not open WebSockets/],
  ['MQTT: connection refused (code 5), before it was ready', /refused the client by its protocol/],
  ['Socket.IO: not authorized, before it was ready', /refused the client by its protocol/],
  ['status 401', /^the target refused the clients: see that headers, cookies, query or subprotocols/],
  ['closed with code 4401', /^the target refused the clients/],
  ['status 404', /see path$/],
  ['status 302', /^the target redirects the handshake/],
  ['status 200', /^the target responded as to a plain request/],
  ['status 400', /^the target refused the handshake/],
  ['subprotocol not agreed', /see subprotocols/],
  ['subprotocol "other", which was not offered', /see subprotocols/],
  ['status 429', /lower connectRate/],
  ['not acknowledged', /see isSubscribed/],
])('names the cause that %s shows, if some or all sockets failed by it', (kind, remedy) => {
  for (const count of [2, 100]) expect(sockets([[kind, count]])[0]!.remedy).toMatch(remedy)
})
