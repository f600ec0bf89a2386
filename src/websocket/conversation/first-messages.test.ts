import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FirstMessages, nothingSaid } from './first-messages.ts'

type Step = 'say' | 'respond' | 'push' | 'close'

/** One connection, on which steps of one kind, or of two in turns, take the first message. */
function after(steps: readonly Step[], kinds = 1) {
  const [firsts, last] = [new FirstMessages(), nothingSaid()]
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

test('nothing is doubtful if each request brings one message', () => {
  expect(after(times(20, step))).toEqual({ taken: 20, surplus: 0, doubtful: 0 })
})

test.each([1, 2])('nothing is doubtful if each request brings two messages, also if %i ends the last', (last) => {
  const steps = [...times(19, [...step, 'push']), ...step, ...times(last - 1, ['push'] as const)]
  expect(after(steps)).toMatchObject({ taken: 20, doubtful: 0 })
})

test('each kind of step may bring a number of its own', () => {
  const steps = times(10, [...step, 'push', ...step])
  expect(after(steps, 2)).toEqual({ taken: 20, surplus: 10, doubtful: 0 })
  expect(after(steps, 1)).toMatchObject({ doubtful: 19 })
})

test('responses are doubtful up to the last message that is none, and on that connection alone', () => {
  expect(after([...times(7, step), 'push', ...times(5, step)])).toMatchObject({ taken: 12, doubtful: 7 })
  expect(after([...times(7, step), 'close', ...times(5, step), 'push'])).toMatchObject({ doubtful: 5 })
  expect(after([...times(7, step), 'push', ...times(5, step), 'push'])).toMatchObject({ doubtful: 12 })
})

test('what comes before anything is said is a greeting', () => {
  expect(after(['push', 'push', ...times(3, step)])).toEqual({ taken: 3, surplus: 0, doubtful: 0 })
})

test('a response that a push was taken for is always noticed, however long it was passed on', () => {
  fc.assert(
    fc.property(fc.nat(30), fc.nat(30), (before, between) => {
      // A push is taken for the response to one request; each response then goes to the request after it.
      const { doubtful } = after([...times(before, step), ...step, ...times(between, step), 'push'])
      expect(doubtful).toBeGreaterThanOrEqual(before + between === 0 ? 0 : between + 1)
    }),
  )
})
