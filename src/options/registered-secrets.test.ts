import { expect, onTestFinished, test, vi } from 'vitest'
import { OptionsError } from './problems.ts'
import { secret } from './registered-secrets.ts'
import { registeredSecrets } from './registered-values.ts'

test('returns the value and masks it in all later output', () => {
  const printed: unknown[][] = []
  const log = vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => void printed.push(values))
  onTestFinished(() => log.mockRestore())
  expect(secret('opaque-word')).toBe('opaque-word')
  console.log('user %s has', 'ann', { id: 'opaque-word' })
  console.log('nothing here', 5)
  expect(printed).toEqual([[`user ann has { id: '***' }`], ['nothing here', 5]])
  expect(registeredSecrets()).toEqual(['opaque-word'])
})

test.each([
  ['short', 'a string of 5 characters'],
  [undefined as never, 'undefined'],
])('rejects %j', (value, received) => {
  expect(() => secret(value)).toThrow(OptionsError)
  expect(() => secret(value)).toThrow(`Received: ${received === 'undefined' ? received : `'${received}'`}`)
})
