import { expect, test } from 'vitest'
import { OptionsError, Problems } from '../options/problems.ts'
import { ABORT_WHEN } from './abort-when.ts'

const read = (option: unknown) => {
  const problems = new Problems()
  return { rule: ABORT_WHEN.read(problems, 'abortWhen', option), found: problems.found }
}

test('defaults to an error rate of 90% over 5 s; false disables it', () => {
  expect(read(undefined)).toEqual({ rule: { errorRateAbove: 0.9, forMs: 5_000 }, found: [] })
  expect(read(false)).toEqual({ rule: undefined, found: [] })
})

test('reads the duration of a rule in milliseconds, and keeps a function', () => {
  expect(read({ errorRateAbove: 0, duration: '2s' })).toEqual({ rule: { errorRateAbove: 0, forMs: 2_000 }, found: [] })
  const decide = () => false
  expect(read(decide)).toEqual({ rule: decide, found: [] })
})

test.each(['always', 5, null, true])('rejects %o', (option) => {
  const { rule, found } = read(option)
  expect(rule).toBe(undefined)
  expect(new OptionsError('http.run()', found).message).toBe(`http.run() received an invalid option:

  abortWhen: must be an object, a function of the live snapshot, or false
    Received: ${typeof option === 'string' ? `'${option}'` : option}
    Fix:      write, for example, abortWhen: { errorRateAbove: 0.5, duration: '5s' }`)
})

test('reports all mistakes in a rule', () => {
  const { found } = read({ errorRateAbove: 1, duration: 0, duraton: '2s' })
  expect(found.map(({ path, rule }) => `${path} ${rule.split(':', 1)[0]}`)).toEqual([
    'abortWhen.duraton unknown option; did you mean duration? Valid options',
    'abortWhen.errorRateAbove must be a number at least 0 and below 1',
    'abortWhen.duration must be a duration above 0 ms',
  ])
  expect(read({ duration: '2s' }).found.map(({ path }) => path)).toEqual(['abortWhen.errorRateAbove'])
})
