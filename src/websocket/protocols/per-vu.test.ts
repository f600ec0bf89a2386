import { expect, test } from 'vitest'
import { ScenarioError } from '../../execution/scenario-error.ts'
import { OptionsError } from '../../options/problems.ts'
import type { Framing } from '../framing.ts'
import { graphqlOperation, graphqlTransportWs } from './graphql-transport-ws.ts'
import { mqtt, mqttPublish, mqttSubscribe } from './mqtt.ts'
import { signalR } from './signal-r.ts'
import { socketIo } from './socket-io.ts'
import { stomp, stompSend } from './stomp.ts'

function open(framing: Framing): void {
  const nothing = () => {}
  const vu = { id: 0, data: undefined, vars: {} }
  framing.open({ client: 0, vu, send: nothing, ready: nothing, heartbeatResponded: nothing, fail: nothing })
}

const FRAMINGS: readonly [string, (value: never) => Framing, unknown][] = [
  ['socketIo({ auth })', (auth) => socketIo({ auth }), { token: 'x' }],
  [
    'graphqlTransportWs({ connectionParams })',
    (connectionParams) => graphqlTransportWs({ connectionParams }),
    { a: 1 },
  ],
  ['stomp({ connectHeaders })', (connectHeaders) => stomp({ connectHeaders }), { login: 'a' }],
  ['mqtt({ username })', (username) => mqtt({ username }), 'a'],
  ['mqtt({ password })', (password) => mqtt({ username: 'a', password }), 'a'],
  ['mqtt({ clientId })', (clientId) => mqtt({ clientId }), 'a'],
]

test.each(FRAMINGS)('rejects credentials that are not there at once: %s', (name, framing, value) => {
  expect(() => framing((async () => value) as never)).toThrow(OptionsError)
  expect(() => framing(Promise.resolve(value) as never)).toThrow(OptionsError)
  const later = framing((() => Promise.resolve(value)) as never)
  expect(() => open(later)).toThrow(ScenarioError)
  expect(() => open(later)).toThrow(`${name}: the function must return `)
  expect(() => open(later)).toThrow('it returned a Promise; it is called for each connection and cannot wait')
  expect(() => open(framing((() => 5) as never))).toThrow(`${name}: the function must return `)
  expect(() => open(framing((() => value) as never))).not.toThrow()
})

test('rejects credentials that contain a promise', () => {
  const token = Promise.resolve('x')
  expect(() => socketIo({ auth: { token } })).toThrow(OptionsError)
  expect(() => open(graphqlTransportWs({ connectionParams: () => ({ user: { token } }) }))).toThrow(ScenarioError)
})

test('rejects async results of messages by the server', () => {
  expect(() => signalR({ result: async () => 7 })).toThrow(OptionsError)
  expect(() => socketIo({ acknowledgement: (async () => []) as never })).toThrow(OptionsError)
})

test('rejects unknown and invalid options of functions that make messages', () => {
  expect(() => mqttPublish('a', 'x', { qos: 3 as never, retain: true } as never)).toThrowErrorMatchingInlineSnapshot(`
    [OptionsError: mqttPublish() received 2 invalid options:

      retain: unknown option; did you mean isRetained? Valid options: qos, isRetained
        Received: true
        Fix:      write isRetained: true
      qos: must be 0, 1 or 2
        Received: 3
        Fix:      write, for example, qos: 1]
  `)
  expect(() => mqttSubscribe('a', { qos: '1' as never })).toThrow('qos')
  expect(() => stompSend('/a', 'x', { confirmed: true } as never)).toThrow('confirmed')
  expect(() => stompSend('/a', 'x', { headers: { priority: 4 } as never })).toThrow('headers')
  expect(() => graphqlOperation({ query: '{ a }', variable: {} } as never)).toThrow('variable')
  expect(() => graphqlOperation('{ a }' as never)).toThrow('must be an object with query')
})
