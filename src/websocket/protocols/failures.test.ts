import { expect, test } from 'vitest'
import type { Framing } from '../framing.ts'
import { Message, type Outgoing } from '../message.ts'
import { graphqlOperation, graphqlTransportWs } from './graphql-transport-ws.ts'
import { phoenixChannels, phoenixPush } from './phoenix-channels.ts'
import { signalR, signalRInvocation } from './signal-r.ts'

/** Messages that a connection returns for the given frames after it has sent one message. */
function received(framing: Framing, sent: Outgoing, frames: readonly string[]): readonly Message[] {
  const nothing = () => {}
  const vu = { id: 0, data: undefined, vars: {} }
  const socket = { client: 0, vu, send: nothing, ready: nothing, heartbeatResponded: nothing, fail: nothing }
  const connection = framing.open(socket)
  connection.send(sent)
  return frames.flatMap((text) => {
    const found = connection.receive(new Message(Buffer.from(text), false)) ?? []
    return Symbol.iterator in found ? [...found] : [found]
  })
}

const END = '\u001e'

test.each<[string, Framing, Outgoing, string[], string | undefined]>([
  [
    'a completion with an error',
    signalR(),
    signalRInvocation('Say'),
    [`{}${END}`, `{"type":3,"invocationId":"1","error":"HubException: no"}${END}`],
    'SignalR: HubException: no',
  ],
  [
    'a completion',
    signalR(),
    signalRInvocation('Say'),
    [`{}${END}`, `{"type":3,"invocationId":"1","result":1}${END}`],
    undefined,
  ],
  [
    'an error of an operation',
    graphqlTransportWs(),
    graphqlOperation({ query: '{ a }' }),
    ['{"id":"1","type":"error","payload":[{"message":"not allowed"}]}'],
    'graphql-transport-ws: the operation failed: not allowed',
  ],
  [
    'an error without a list',
    graphqlTransportWs(),
    graphqlOperation({ query: '{ a }' }),
    ['{"id":"1","type":"error"}'],
    'graphql-transport-ws: the operation failed',
  ],
  [
    'a result',
    graphqlTransportWs(),
    graphqlOperation({ query: '{ a }' }),
    ['{"id":"1","type":"next","payload":{"data":{}}}'],
    undefined,
  ],
  [
    'a result of errors without data',
    graphqlTransportWs(),
    graphqlOperation({ query: '{ a }' }),
    ['{"id":"1","type":"next","payload":{"errors":[{"message":"not allowed"}]}}'],
    'graphql-transport-ws: the operation failed: not allowed',
  ],
  [
    'a result of errors and null',
    graphqlTransportWs(),
    graphqlOperation({ query: '{ a }' }),
    ['{"id":"1","type":"next","payload":{"data":null,"errors":[{"message":"not allowed"}]}}'],
    'graphql-transport-ws: the operation failed: not allowed',
  ],
  [
    'a result of errors and a part of the data',
    graphqlTransportWs(),
    graphqlOperation({ query: '{ a b }' }),
    ['{"id":"1","type":"next","payload":{"data":{"a":1,"b":null},"errors":[{"message":"not allowed"}]}}'],
    undefined,
  ],
  [
    'a result of null without errors',
    graphqlTransportWs(),
    graphqlOperation({ query: '{ a }' }),
    ['{"id":"1","type":"next","payload":{"data":null,"errors":[]}}'],
    undefined,
  ],
  [
    'a reply with the status error',
    phoenixChannels(),
    phoenixPush('room', 'say'),
    ['[null,"1","room","phx_reply",{"status":"error","response":{"reason":"no"}}]'],
    'Phoenix: reply with status error: {"reason":"no"}',
  ],
  [
    'a reply with the status ok',
    phoenixChannels(),
    phoenixPush('room', 'say'),
    ['[null,"1","room","phx_reply",{"status":"ok","response":{}}]'],
    undefined,
  ],
  ...[null, 'ok', {}, { response: {} }, { status: 1 }, { Status: 'ok' }].map(
    (payload): [string, Framing, Outgoing, string[], string] => [
      `the reply ${JSON.stringify(payload)}`,
      phoenixChannels(),
      phoenixPush('room', 'say'),
      [JSON.stringify([null, '1', 'room', 'phx_reply', payload])],
      'Phoenix: reply without a status',
    ],
  ),
  ...[undefined, null, 'ok', {}, { extensions: {} }].map((payload): [string, Framing, Outgoing, string[], string] => [
    `the result ${JSON.stringify(payload)}`,
    graphqlTransportWs(),
    graphqlOperation({ query: '{ a }' }),
    [JSON.stringify({ id: '1', type: 'next', payload })],
    'graphql-transport-ws: a result without data and errors',
  ]),
  [
    'errors that are no list, without data',
    graphqlTransportWs(),
    graphqlOperation({ query: '{ a }' }),
    ['{"id":"1","type":"next","payload":{"errors":{"message":"no"}}}'],
    'graphql-transport-ws: a result without data and errors',
  ],
  [
    'an empty list of errors, without data',
    graphqlTransportWs(),
    graphqlOperation({ query: '{ a }' }),
    ['{"id":"1","type":"next","payload":{"errors":[]}}'],
    'graphql-transport-ws: a result without data and errors',
  ],
  [
    'a later part of a result',
    graphqlTransportWs(),
    graphqlOperation({ query: '{ a ... @defer { b } }' }),
    ['{"id":"1","type":"next","payload":{"incremental":[{"data":{"b":1},"path":[]}],"hasNext":false}}'],
    undefined,
  ],
  [
    'a completion without a result',
    signalR(),
    signalRInvocation('Say'),
    [`{}${END}`, `{"type":3,"invocationId":"1"}${END}`],
    undefined,
  ],
  [
    'a completion with the error null',
    signalR(),
    signalRInvocation('Say'),
    [`{}${END}`, `{"type":3,"invocationId":"1","error":null,"result":1}${END}`],
    undefined,
  ],
  [
    'a completion whose error is not a string',
    signalR(),
    signalRInvocation('Say'),
    [`{}${END}`, `{"type":3,"invocationId":"1","error":{"code":7}}${END}`],
    'SignalR: {"code":7}',
  ],
  [
    'a push that has a status',
    phoenixChannels(),
    phoenixPush('room', 'say'),
    ['[null,null,"room","price",{"status":"error"}]'],
    undefined,
  ],
])('sets failure of %s', (_, framing, sent, frames, failure) => {
  expect(received(framing, sent, frames).map((message) => message.failure)).toEqual([failure])
})
