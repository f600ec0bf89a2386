import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FirstMessages, noMessages } from './first-messages.ts'

type Step = 'say' | 'respond' | 'push' | 'close'

/** One connection with one step, or two alternating steps, without isResponse. */
function after(steps: readonly Step[], kinds = 1) {
  const [firsts, last] = [new FirstMessages(), noMessages()]
  let said = 0
  for (const step of steps) {
    if (step === 'say') firsts.said(last, said++ % kinds)
    else if (step === 'respond') firsts.took(last, 5)
    else if (step === 'push') firsts.received(last)
    else firsts.closed(last)
  }
  firsts.closed(last)
  const { taken, surplus, doubtful } = firsts
  return { taken, surplus, doubtful }
}

const step: readonly Step[] = ['say', 'respond']
const times = (count: number, steps: readonly Step[]) => Array.from({ length: count }, () => steps).flat()

test('doubts no response if each request is followed by one message', () => {
  expect(after(times(20, step))).toEqual({ taken: 20, surplus: 0, doubtful: 0 })
})

test.each([1, 2])('doubts no response if each request is followed by two messages, and the last one by %i', (last) => {
  const steps = [...times(19, [...step, 'push']), ...step, ...times(last - 1, ['push'] as const)]
  expect(after(steps)).toMatchObject({ taken: 20, doubtful: 0 })
})

test('doubts no response if the number of messages depends only on the step', () => {
  const steps = times(10, [...step, 'push', ...step])
  expect(after(steps, 2)).toEqual({ taken: 20, surplus: 10, doubtful: 0 })
  expect(after(steps, 1)).toMatchObject({ doubtful: 19 })
})

test('doubts the responses before a surplus message, on its connection only', () => {
  expect(after([...times(7, step), 'push', ...times(5, step)])).toMatchObject({ taken: 12, doubtful: 7 })
  expect(after([...times(7, step), 'close', ...times(5, step), 'push'])).toMatchObject({ doubtful: 5 })
  expect(after([...times(7, step), 'push', ...times(5, step), 'push'])).toMatchObject({ doubtful: 12 })
})

test('ignores messages before the first send', () => {
  expect(after(['push', 'push', ...times(3, step)])).toEqual({ taken: 3, surplus: 0, doubtful: 0 })
})

test('doubts every response before a push that was mistaken for one shows as a surplus message', () => {
  fc.assert(
    fc.property(fc.nat(30), fc.nat(30), (before, between) => {
      // A push is mistaken for the response to one request; each response then goes to the next request.
      const { doubtful } = after([...times(before, step), ...step, ...times(between, step), 'push'])
      expect(doubtful).toBeGreaterThanOrEqual(before + between === 0 ? 0 : between + 1)
    }),
  )
})
