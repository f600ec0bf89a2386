import { describe, expect, test } from 'vitest'
import { ScenarioError } from '../execution/scenario-error.ts'
import { constantArrivalRate } from '../load/builders.ts'
import { OptionsError } from '../options/problems.ts'
import { load, start } from '../testing/truth-websocket.ts'
import type { ConversationOptions } from './conversation/conversation-options.ts'
import type { FramedConnection, Framing } from './framing.ts'
import { encode } from './message.ts'
import { checkedMessage, checkedMessages } from './returned-values.ts'

const promise = Promise.resolve('jwt')

class Login {
  readonly user = 'ann'
}

test.each([
  ['a string', 'x'],
  ['bytes', Buffer.from('x')],
  ['an object', { type: 'say' }],
  ['an empty object', {}],
  ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
  ['an instance of a class with fields', new Login()],
])('accepts %s as a message', (_, value) => {
  expect(checkedMessage('send', value)).toBe(value)
})

test.each([
  ['a number', 5, 'it returned 5'],
  ['null', null, 'it returned null'],
  ['undefined', undefined, 'it returned undefined'],
  ['an array', ['x'], 'it returned an array'],
  ['a promise', promise, 'it returned a Promise; it is called for each message and cannot wait'],
  ['a Map', new Map([['a', 1]]), 'it returned a Map'],
  ['an ArrayBuffer', new ArrayBuffer(1), 'it returned an ArrayBuffer'],
  ['an object with a promise', { user: { token: promise } }, 'a promise as user.token, which would be sent as {}'],
  ['a list with a promise', { event: ['say', promise] }, 'a promise as event[1]'],
])('rejects %s as a message', (_, value, problem) => {
  expect(() => checkedMessage('steps.send', value)).toThrow(ScenarioError)
  expect(() => checkedMessage('steps.send', value)).toThrow(/^steps\.send: the function /)
  expect(() => checkedMessage('steps.send', value)).toThrow(problem)
  expect(() => checkedMessage('steps.send', value)).toThrow(/\nFix: /)
})

test('accepts an empty list of messages, and rejects nothing and a list with something else', () => {
  expect(checkedMessages('subscribe', [])).toEqual([])
  for (const value of [undefined, null, ['x', 5]])
    expect(() => checkedMessages('subscribe', value)).toThrow('subscribe')
})

test('names the reason why JSON cannot represent a message', () => {
  expect(() => encode({ a: 1n })).toThrow(
    'a message cannot be sent as JSON: TypeError: Do not know how to serialize a BigInt',
  )
})

/** A framing of JSON messages with other methods. */
function json(changed: Partial<FramedConnection> = {}, others: Partial<Framing> = {}): Framing {
  return {
    name: 'mine',
    open(socket) {
      socket.ready()
      return { receive: (frame) => frame, send: (message) => [JSON.stringify(message)], ...changed }
    },
    ...others,
  }
}

const boom = (): never => {
  throw new Error('boom')
}

describe('a conversation ends with the error of the scenario', () => {
  async function errorOf(more: object): Promise<unknown> {
    const server = await start('responding')
    const options = {
      path: '/',
      load: constantArrivalRate({ rate: 50, vus: 5, duration: '20s' }),
      steps: { send: ({ iteration }: { iteration: number }) => ({ id: iteration }) },
      ...more,
    } as unknown as ConversationOptions
    return load(server)
      .run(options)
      .then(
        () => 'no error',
        (error: unknown) => error,
      )
  }

  const every = '100ms'
  test.each<[string, object, string]>([
    ['send returns a number', { steps: { send: () => 5 } }, 'steps.send: the function must return a message'],
    ['send returns a promise', { steps: { send: () => Promise.resolve('x') } }, 'steps.send'],
    ['send is async', { steps: { send: async () => 'x' } }, 'must be a function that is not async'],
    ['send returns a bigint', { steps: { send: () => ({ a: 1n }) } }, 'a message cannot be sent as JSON'],
    ['onOpen is async', { onOpen: async () => 'x' }, 'must be a function that is not async'],
    ['onOpen returns a number', { onOpen: () => 5 }, 'onOpen: the function must return a message'],
    ['a heartbeat throws', { heartbeat: { every, message: boom } }, 'boom'],
    ['a heartbeat is no message', { heartbeat: { every, message: () => 5 } }, 'heartbeat.message: the function must'],
    ['the response to a heartbeat throws', { heartbeat: { every, message: { id: 0 }, response: boom } }, 'boom'],
    [
      'the response to a heartbeat is a promise',
      { heartbeat: { every, message: { id: 0 }, response: () => Promise.resolve(true) } },
      'heartbeat.response: the function must return true or false, it returned a Promise',
    ],
    ['a framing throws in send', { framing: json({ send: boom }) }, 'boom'],
    ['a framing throws in receive', { framing: json({ receive: boom }) }, 'boom'],
    ['a framing throws in open', { framing: json({}, { open: boom }) }, 'boom'],
    [
      'a framing returns a string of frames',
      { framing: json({ send: (() => 'x') as never }) },
      'send of the framing mine: the function must return a list of frames, each a string or bytes, it returned "x"',
    ],
    [
      'a framing returns nothing from open',
      { framing: json({}, { open: (socket) => socket.ready() as never }) },
      'open of the framing mine: the function must return an object with receive() and send(), it returned undefined',
    ],
    [
      'a framing receives a text',
      { framing: json({ receive: (() => 'x') as never }) },
      'receive of the framing mine: the function must return a Message, several in a list',
    ],
    [
      'a framing receives later',
      { framing: json({ receive: (async (frame: unknown) => frame) as never }) },
      'receive of the framing mine: the function must return a Message',
    ],
    [
      'a framing receives a list with null',
      { framing: json({ receive: ((frame: unknown) => [frame, null]) as never }) },
      'it returned null',
    ],
    [
      'the heartbeat of a framing is no frame',
      { framing: json({}, { heartbeat: { every, message: (() => 5) as never } }) },
      'heartbeat.message of the framing mine: the function must return a frame',
    ],
    [
      'a framing sends no frame from a timer',
      {
        framing: json(
          {},
          {
            open(socket) {
              socket.ready()
              setTimeout(() => socket.send(5 as never), 50)
              return { receive: (frame) => frame, send: (message) => [JSON.stringify(message)] }
            },
          },
        ),
      },
      'socket.send() of the framing mine',
    ],
  ])('if %s', async (_, more, problem) => {
    const error = await errorOf(more)
    expect(error).toBeInstanceOf(Error)
    expect((error as Error).message).toContain(problem)
  })

  test('if the connection of a framing throws when it closes', async () => {
    const error = await errorOf({
      load: constantArrivalRate({ rate: 50, vus: 5, duration: '200ms' }),
      framing: json({ close: boom }),
    })
    expect((error as Error).message).toBe('boom')
  })
})

test('a fan-out ends with the error of the scenario if a subscription is no message', async () => {
  const server = await start('batching')
  const fanOut = (subscribe: unknown) =>
    load(server).fanOut({
      path: '/',
      connections: 2,
      subscribe: subscribe as () => string,
      publish: { rate: 10, send: () => undefined },
      identify: () => 'other',
      duration: '20s',
    })
  await expect(fanOut(async () => 'x')).rejects.toThrow(OptionsError)
  await expect(fanOut(() => 5)).rejects.toThrow('subscribe: the function must return a message')
  await expect(fanOut(() => undefined)).rejects.toThrow('subscribe: the function must return a message')
})
