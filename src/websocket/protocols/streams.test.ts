import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FramedConnection, Framing } from '../framing.ts'
import { Message } from '../message.ts'
import { delimited } from './delimited.ts'
import { lengthPrefixed } from './length-prefixed.ts'

function open(framing: Framing): { connection: FramedConnection; failures: string[] } {
  const failures: string[] = []
  const connection = framing.open({
    client: 0,
    vu: { id: 0, data: undefined, vars: {} },
    send: () => {},
    ready: () => {},
    heartbeatResponded: () => {},
    fail: (why) => void failures.push(why),
  })
  return { connection, failures }
}

/** Messages of a connection for a stream of bytes that is split into frames at the given positions. */
function received(framing: Framing, stream: Buffer, cuts: readonly number[], isBinary = true): string[] {
  const { connection } = open(framing)
  const places = [...new Set([0, ...cuts.map((cut) => cut % (stream.length + 1)), stream.length])].toSorted(
    (a, b) => a - b,
  )
  return places
    .slice(1)
    .flatMap((end, at) => [
      ...((connection.receive(new Message(stream.subarray(places[at], end), isBinary)) ?? []) as Iterable<Message>),
    ])
    .map((message) => message.data.toString('latin1'))
}

const cuts = fc.array(fc.nat(10_000), { maxLength: 20 })

test.each([
  { prefixBytes: 1, isLittleEndian: false },
  { prefixBytes: 2, isLittleEndian: true },
  { prefixBytes: 4, isLittleEndian: false },
] as const)('returns every length-prefixed message, however the stream is cut into frames: %o', (options) => {
  const framing = lengthPrefixed(options)
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 255 }), { maxLength: 8 }), cuts, (messages, at) => {
      const { connection } = open(framing)
      const stream = Buffer.concat(messages.flatMap((message) => connection.send(message) as Uint8Array[]))
      expect(received(framing, stream, at)).toEqual(messages.map((bytes) => Buffer.from(bytes).toString('latin1')))
    }),
  )
})

test.each(['\n', '\u001e', '\r\n', '§'])('returns every message that %o terminates, split at any byte', (delimiter) => {
  const framing = delimited({ delimiter, isTerminated: true })
  const text = fc
    .string({ unit: 'binary-ascii', minLength: 1 })
    .filter((it) => !['\r', '\n', '\u001e'].some((delimiter) => it.includes(delimiter)))
  fc.assert(
    fc.property(fc.array(text, { maxLength: 8 }), cuts, (messages, at) => {
      const { connection } = open(framing)
      const stream = Buffer.from(messages.flatMap((message) => connection.send(message) as string[]).join(''))
      expect(received(framing, stream, at, false)).toEqual(messages)
    }),
  )
})

test('ends a message at the end of its frame without isTerminated', () => {
  const { connection } = open(delimited())
  const texts = (frame: string) =>
    [...(connection.receive(new Message(Buffer.from(frame), false)) as Iterable<Message>)].map(String)
  expect(texts('a\nb')).toEqual(['a', 'b'])
  expect(texts('c\n\nd\n')).toEqual(['c', 'd'])
  expect(connection.send({ a: 1 })).toEqual(['{"a":1}'])
})

test('closes the connection at an implausible length', () => {
  const { connection, failures } = open(lengthPrefixed())
  expect(connection.receive(new Message(Buffer.from('garbage!'), true))).toEqual([])
  expect(failures).toEqual(['length-prefixed messages: a length above 64 MiB'])
})

test('rejects an invalid delimiter and an invalid prefix', () => {
  expect(() => delimited({ delimiter: '' })).toThrowErrorMatchingInlineSnapshot(`
    [OptionsError: delimited() received an invalid option:

      delimiter: must be a string of one character or more
        Received: ''
        Fix:      write, for example, delimiter: '\\n']
  `)
  expect(() => lengthPrefixed({ prefixBytes: 3 as 4 })).toThrowErrorMatchingInlineSnapshot(`
    [OptionsError: lengthPrefixed() received an invalid option:

      prefixBytes: must be 1, 2 or 4
        Received: 3
        Fix:      write, for example, prefixBytes: 4]
  `)
})
