import { expect, test } from 'vitest'
import { Identifier } from './identifier.ts'
import type { Message } from './message.ts'

function counting() {
  const asked: string[] = []
  const identify = (message: Message) => {
    asked.push(message.toString())
    return message.toString().startsWith('?') ? undefined : { id: message.toString() }
  }
  return { asked, identifier: new Identifier(identify, ({ id }) => `publication ${id}`) }
}

test('equal bytes are identified once, also with other messages in between', () => {
  const { asked, identifier } = counting()
  for (const text of ['a', 'b', 'a', 'a', 'b', 'c', 'a'])
    expect(identifier.identify(Buffer.from(text), false)).toBe(`publication ${text}`)
  expect(asked).toEqual(['a', 'b', 'c'])
})

test('the same bytes as text and as binary are two messages', () => {
  const { asked, identifier } = counting()
  identifier.identify(Buffer.from('a'), false)
  identifier.identify(Buffer.from('a'), true)
  expect(asked).toEqual(['a', 'a'])
})

test('a message that begins like another is not taken for it', () => {
  const { identifier } = counting()
  expect(identifier.identify(Buffer.from('aa'), false)).toBe('publication aa')
  expect(identifier.identify(Buffer.from('a'), false)).toBe('publication a')
  expect(identifier.identify(Buffer.from('ab'), false)).toBe('publication ab')
})

test('every message without an identity is counted, and the first is kept, shortened', () => {
  const { identifier } = counting()
  expect(identifier.identify(Buffer.from(`? ${'é'.repeat(500)}`), false)).toBeUndefined()
  identifier.identify(Buffer.from('?'), false)
  identifier.identify(Buffer.from('?'), false)
  expect(identifier.unidentified).toBe(3)
  expect(identifier.sample).toBe(`text, 1002 bytes: "? ${'é'.repeat(198)}…"`)
})

test('binary messages are shown as the hexadecimal of their beginning', () => {
  const identifier = new Identifier(
    () => undefined,
    () => 1,
  )
  identifier.identify(Buffer.from([0, 255, 16]), true)
  expect(identifier.sample).toBe('binary, 3 bytes: 00ff10')
})
