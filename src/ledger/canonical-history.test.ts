import { describe, expect, test } from 'vitest'
import { sampleHistory } from '../testing/sample-history.ts'
import { withCanonicalKeys } from './canonical-history.ts'
import { showKey } from './keys.ts'

describe('a history’s keys', () => {
  test('are compared by the type of the column', () => {
    const history = sampleHistory([{ key: '007', outcome: 'ok' }])
    expect([...withCanonicalKeys(history, ['number'], false).operations()].map(({ key }) => key)).toEqual(['7'])
    expect(withCanonicalKeys(history, ['text'], false)).toBe(history)
  })

  test('are compared part by part if they are composite', () => {
    const history = sampleHistory([{ key: JSON.stringify(['T 1', '007']), outcome: 'ok' }])
    expect([...withCanonicalKeys(history, ['text', 'number'], true).operations()].map(({ key }) => key)).toEqual([
      '["T 1","7"]',
    ])
  })

  test.for([['a'], ['["a"]'], ['["a","b","c"]'], ['["a"']])(
    'are rejected if the number of parts differs: %s',
    ([key]) => {
      const history = sampleHistory([{ key: key!, outcome: 'ok' }])
      expect(() => [...withCanonicalKeys(history, ['text', 'text'], true).operations()]).toThrow(
        `key names 2 columns, and the history recorded the key ${showKey(key!)}`,
      )
    },
  )
})
