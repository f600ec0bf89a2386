import { expect, test } from 'vitest'
import { expectsResponse, isResponseTo, Message, request } from '../message.ts'
import { Pending } from './pending.ts'

test('numbers each message, and does not reuse numbers written by hand', () => {
  const pending = new Pending()
  expect([pending.add('a'), pending.add('b', '7'), pending.add('c'), pending.next()]).toEqual(['1', '7', '8', '9'])
  expect(['1', '7', '8', '9'].map((id) => pending.take(id))).toEqual(['a', 'b', 'c', undefined])
})

test('returns the message for each of its responses until the last one', () => {
  const pending = new Pending()
  const id = pending.add('a')
  expect([pending.get(id), pending.get(id), pending.take(id), pending.take(id)]).toEqual(['a', 'a', 'a', undefined])
})

test('ignores the response to an earlier send of a message that was sent again', () => {
  const pending = new Pending()
  const message = request({ event: ['say'] })
  const [first, second] = [pending.add(message), pending.add(message)]
  expect(pending.take(first)).toBeUndefined()
  expect(pending.take(second)).toBe(message)
})

test('accepts the response that the protocol defines, otherwise the first message that responds to nothing else', () => {
  const [sent, other, pushed] = [request({ a: 1 }), request({ a: 1 }), { b: 1 }]
  const response = (responseTo?: object) => new Message(Buffer.of(), false, { responseTo: responseTo as { a: number } })
  expect([sent, pushed].map(expectsResponse)).toEqual([true, false])
  expect([response(sent), response(other), response()].map((it) => isResponseTo(it, sent))).toEqual([
    true,
    false,
    false,
  ])
  expect([response(pushed), response(other), response()].map((it) => isResponseTo(it, pushed))).toEqual([
    true,
    false,
    true,
  ])
  // The mark is not sent.
  expect(JSON.stringify(sent)).toBe('{"a":1}')
})
