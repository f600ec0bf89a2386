import { expect, test } from 'vitest'
import { redactError } from './redact-reported.ts'

test('removes styles from an error, and keeps only the colours of the diff', () => {
  const error = {
    name: 'AssertionError',
    message: '\u001b[8mhidden\u001b[0m',
    diff: '\u001b[32m- Expected\u001b[39m\n\u001b[31m+ a \u001b[32mPASS\u001b[39m\n\u001b[2m  same\u001b[22m',
  }
  redactError(error, [])
  expect(error.message).toBe('hidden')
  expect(error.diff).toBe('\u001b[32m- Expected\u001b[39m\n\u001b[31m+ a PASS\u001b[39m\n  same')
})
