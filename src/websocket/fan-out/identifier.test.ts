import { describe, expect, test } from 'vitest'
import { ScenarioError } from '../../execution/scenario-error.ts'
import { Message, type MessageOrigin } from '../message.ts'
import { Identifier, type Identification, type IdentifyResult } from './identifier.ts'

function counting() {
  const seen: string[] = []
  const identify = (message: Message) => {
    seen.push(message.toString())
    return message.toString().startsWith('?') ? undefined : { id: message.toString() }
  }
  return { seen, identifier: new Identifier(identify, ({ id }) => `publication ${id}`) }
}

test('identifies equal bytes once, also with other messages in between', () => {
  const { seen, identifier } = counting()
  for (const text of ['a', 'b', 'a', 'a', 'b', 'c', 'a'])
    expect(identifier.identify(Buffer.from(text), false)).toEqual([`publication ${text}`])
  expect(seen).toEqual(['a', 'b', 'c'])
})

test('distinguishes equal bytes of text and binary messages', () => {
  const { seen, identifier } = counting()
  identifier.identify(Buffer.from('a'), false)
  identifier.identify(Buffer.from('a'), true)
  expect(seen).toEqual(['a', 'a'])
})

test('distinguishes messages that begin with the same bytes', () => {
  const { identifier } = counting()
  expect(identifier.identify(Buffer.from('aa'), false)).toEqual(['publication aa'])
  expect(identifier.identify(Buffer.from('a'), false)).toEqual(['publication a'])
  expect(identifier.identify(Buffer.from('ab'), false)).toEqual(['publication ab'])
})

test('counts messages that are not identified, and keeps the first one, shortened', () => {
  const { identifier } = counting()
  expect(identifier.identify(Buffer.from(`? ${'é'.repeat(500)}`), false)).toEqual([])
  identifier.identify(Buffer.from('?'), false)
  identifier.identify(Buffer.from('?'), false)
  expect(identifier.unidentified).toBe(3)
  expect(identifier.sample).toBe(`text, 1002 bytes: "? ${'é'.repeat(198)}…"`)
})

test('shows the beginning of a binary message in hexadecimal', () => {
  const identifier = new Identifier(
    () => undefined,
    () => 1,
  )
  identifier.identify(Buffer.from([0, 255, 16]), true)
  expect(identifier.sample).toBe('binary, 3 bytes: 00ff10')
})

const text = (value: string) => Buffer.from(value)
const idOf = ({ id }: Identification) => String(id)

test.each<[string, (message: Message) => IdentifyResult]>([
  [
    'a list',
    (message) =>
      message
        .toString()
        .split('\n')
        .map((id) => (id === '-' ? 'other' : { id })),
  ],
  [
    'an iterator',
    function* (message) {
      for (const id of message.toString().split('\n')) yield id === '-' ? 'other' : { id }
    },
  ],
  [
    'an iterator that is not iterable',
    (message) => {
      const ids = message.toString().split('\n').values()
      const next = (): IteratorResult<Identification | 'other'> => {
        const { value, done } = ids.next()
        return done === true
          ? { value: undefined, done }
          : { value: value === '-' ? 'other' : { id: value }, done: false }
      }
      return { next } as Iterator<Identification | 'other'>
    },
  ],
])('returns several publications of a message from %s', (_, identify) => {
  const identifier = new Identifier(identify, idOf)
  expect(identifier.identify(text('a\n-\nb'), false)).toEqual(['a', 'b'])
  expect(identifier.identify(text('-'), false)).toEqual([])
  expect(identifier.unidentified).toBe(0)
})

test('counts each undefined among several results', () => {
  const identifier = new Identifier(() => [{ id: 1 }, undefined, undefined], idOf)
  for (const _ of [1, 2]) expect(identifier.identify(text('x'), false)).toEqual(['1'])
  expect(identifier.unidentified).toBe(4)
})

test.each([
  [{ id: undefined }, '{ id: undefined }'],
  [{ id: 'undefined' }, "{ id: 'undefined' }"],
  [{ id: '' }, "{ id: '' }"],
  [{ id: Number.NaN }, '{ id: NaN }'],
  [{ id: { n: 1 } }, '{ id: { n: 1 } }'],
  [[{ id: 1 }, { id: null }], '{ id: null }'],
  ['price', "'price'"],
  [true, 'true'],
  [null, 'null'],
])('rejects a result of identify without an id: %j', (result, shown) => {
  const identifier = new Identifier(() => result as IdentifyResult, idOf)
  const identify = () => identifier.identify(text('{"token":"hunter2hunter2"}'), false)
  expect(identify).toThrow(ScenarioError)
  expect(identify).toThrow(`identify returned a publication without an id: ${shown}, for the message text, 26 bytes: `)
  expect(identify).toThrow(/\nFix: return 'other' for a message that is not a publication/)
  expect(identify).not.toThrow('hunter2')
  expect(identifier.peek(text('x'), false)).toEqual(Array.isArray(result) ? ['1'] : [])
})

test.each([
  [{ sequence: '10' }, 'sequence'],
  [{ sequence: Number.NaN }, 'sequence'],
  [{ sequence: null }, 'sequence'],
  [{ sequence: 10n }, 'sequence'],
  [{ publishedAtMs: new Date(0) }, 'publishedAtMs'],
  [{ publishedAtMs: '1970-01-01' }, 'publishedAtMs'],
  [{ group: 7 }, 'group'],
  [{ group: '' }, 'group'],
])('rejects an invalid part of an identification: %o', (part, name) => {
  const identifier = new Identifier(() => ({ id: 1, ...part }) as unknown as IdentifyResult, idOf)
  const identify = () => identifier.identify(text('x'), false)
  expect(identify).toThrow(ScenarioError)
  expect(identify).toThrow(`identify returned a publication with an invalid ${name}: { id: 1, ${name}: `)
})

test.each([
  ['seq', 'sequence', '2'],
  ['seqence', 'sequence', '2'],
  ['publishedAt', 'publishedAtMs', '1700000000000'],
  ['published_at_ms', 'publishedAtMs', '1700000000000'],
  ['groups', 'group', '"a"'],
])('rejects the key %s of an identification, as %s was probably meant', (key, meant, value) => {
  const identify = (item: string) => new Identifier(() => JSON.parse(item), idOf).identify(text('{"id":1}'), false)
  expect(() => identify(`{"id":1,"${key}":${value}}`)).toThrow(ScenarioError)
  expect(() => identify(`{"id":1,"${key}":${value}}`)).toThrow(
    new RegExp(
      `^identify returned a publication with the unknown key ${key}: \\{ id: 1, .*, for the message text, 8 bytes: .*; did you mean ` +
        `${meant}\\? Valid keys: id, sequence, publishedAtMs, group\nFix: return \\{ id, ${meant}: … \\}, or \\{ id \\} if ${key} `,
    ),
  )
  expect(identify(`{"id":1,"${key}":${value},"${meant}":${value}}`)).toEqual(['1'])
})

test('accepts a parsed message with keys of its own', () => {
  const message = { id: 1, type: 'price', published: true, publisher: 'a', groupId: 7, room: 'b', ts: 1, sentAtMs: 2 }
  expect(new Identifier(() => message, idOf).identify(text('x'), false)).toEqual(['1'])
})

test('checks the keys of the first 1,000 different identifications', () => {
  let typo = 999
  const identifier = new Identifier((message) => {
    const n = Number(message.toString())
    return n === typo ? ({ id: n, seq: n } as Identification) : { id: n }
  }, idOf)
  const identify = (n: number) => identifier.identify(text(String(n)), false)
  for (let n = 0; n < 999; n++) identify(n)
  expect(() => identify(999)).toThrow('unknown key seq')
  typo = 1000
  expect(identify(1000)).toEqual(['1000'])
})

test('counts a message that is not JSON as not identified, and throws any other error of identify', () => {
  const identifier = new Identifier((message) => ({ id: message.json<{ a: { id: number } }>().a.id }), idOf)
  expect(identifier.identify(text('<html>'), false)).toEqual([])
  expect(identifier.unidentified).toBe(1)
  expect(() => identifier.identify(text('{}'), false)).toThrow(TypeError)
  expect(identifier.peek(text('{}'), false)).toEqual([])
})

test('keeps the first message without a publication that looks like a heartbeat', () => {
  const identifier = new Identifier(() => 'other', idOf)
  for (const message of ['{"type":"hello"}', '{"type":"ping"}', '{"type":"heartbeat"}'])
    identifier.identify(text(message), false)
  expect(identifier.heartbeat).toBe('text, 15 bytes: "{\\"type\\":\\"ping\\"}"')
})

test('counts messages without a publication, known or new, and keeps the first', () => {
  const identifier = new Identifier((message) => (message.toString() === 'a' ? { id: 1 } : 'other'), idOf)
  expect(identifier.others).toBeUndefined()
  for (const message of ['a', 'hello', 'hello', 'bye']) identifier.identify(text(message), false)
  expect(identifier.others).toEqual({ count: 3, sample: 'text, 5 bytes: "hello"' })
})

describe('messages of a framing with equal bytes', () => {
  const bytes = text('{"id":1}')

  /** Identifies messages of equal bytes, and returns how many times `identify` was called. */
  function calls(...messages: readonly Message[]): number {
    let count = 0
    const identifier = new Identifier(() => ({ id: ++count }), idOf)
    for (const message of messages) identifier.identify(message.packet, message.isBinary, message)
    return count
  }

  const of = (origin: MessageOrigin = {}) => new Message(bytes, false, origin)

  test('are identified once if all that identify can read is equal', () => {
    const origin = () => ({ headers: { topic: 'a' }, responseTo: { query: 'a', n: [1n] }, failure: 'no' })
    expect(calls(of(origin()), of(origin()), of(origin()))).toBe(1)
  })

  test.each<[string, Message, Message]>([
    ['headers', of({ headers: { topic: 'a' } }), of({ headers: { topic: 'b' } })],
    ['a header that the other lacks', of({ headers: { topic: 'a' } }), of({ headers: { topic: 'a', room: 'b' } })],
    ['a header that it lacks', of({ headers: { topic: 'a' } }), of()],
    ['responseTo', of({ responseTo: { query: 'a' } }), of({ responseTo: { query: 'b' } })],
    ['a text in responseTo', of({ responseTo: 'a' }), of({ responseTo: 'b' })],
    ['bytes in responseTo', of({ responseTo: { body: text('a') } }), of({ responseTo: { body: text('b') } })],
    ['failure', of({ failure: 'a' }), of({ failure: 'b' })],
    ['the payload in an equal packet', of({ packet: text('p') }), new Message(text('x'), false, { packet: text('p') })],
    ['a property of its own', Object.assign(of(), { topic: 'a' }), Object.assign(of(), { topic: 'b' })],
  ])('are identified separately if they differ in %s', (_, first, second) => {
    expect(calls(first, second, first)).toBeGreaterThanOrEqual(2)
  })

  test('are identified separately if a framing has a class of its own for them', () => {
    class Topical extends Message {
      readonly #topic: string
      constructor(topic: string) {
        super(bytes, false)
        this.#topic = topic
      }
      override get headers() {
        return { topic: this.#topic }
      }
    }
    expect(calls(new Topical('a'), new Topical('b'))).toBe(2)
  })

  test('are identified separately if the framing reuses one object of headers', () => {
    const headers = { topic: 'a' }
    const topics: unknown[] = []
    const identifier = new Identifier((message) => {
      topics.push(message.headers['topic'])
      return { id: 1 }
    }, idOf)
    for (const topic of ['a', 'a', 'b']) {
      headers.topic = topic
      identifier.identify(bytes, false, of({ headers }))
    }
    expect(topics).toEqual(['a', 'b'])
  })

  test('are identified separately if what they respond to cannot be compared', () => {
    const responseTo = () => ({ query: () => 'a' })
    expect(calls(of({ responseTo: responseTo() }), of({ responseTo: responseTo() }))).toBe(2)
  })
})

test.each<[string, Buffer, string]>([
  ['text', Buffer.from('abc'), 'text, 3 bytes: "abc"'],
  ['binary', Buffer.of(1, 2), 'binary, 2 bytes: 0102'],
])('ends the run if identify yields without end: %s', (kind, data, shown) => {
  const identifier = new Identifier(function* () {
    for (let n = 0; ; n++) yield { id: `g${n}` }
  }, idOf)
  const identify = () => identifier.identify(data, kind === 'binary')
  expect(identify).toThrow(ScenarioError)
  expect(identify).toThrow(
    `identify returned more than 1,000 publications for one message, and it has fewer bytes: ${shown}
Fix: let the list or iterator that it returns end with the last publication of the message`,
  )
  expect(identifier.peek(data, kind === 'binary')).toEqual([])
})
