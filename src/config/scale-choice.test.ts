import { describe, expect, test } from 'vitest'
import { chooseScale } from './scale-choice.ts'

const none = { environment: undefined, mode: 'test', config: undefined, watch: false }

describe('chooseScale', () => {
  test.each([
    ['PERF_SCALE comes first', { environment: 'full', mode: 'pr', config: 'smoke' }, 'full', 'PERF_SCALE'],
    ['then --mode where it names a scale', { mode: 'pr', config: 'smoke' }, 'pr', '--mode'],
    ['other modes are left alone', { mode: 'staging', config: 'smoke' }, 'smoke', 'config'],
    ['a factor works', { environment: '0.25' }, '0.25', 'PERF_SCALE'],
    ['watch mode without a choice is small', { watch: true }, 'smoke', 'default in watch mode'],
    ['a run without a choice is the load as written', {}, 'full', 'default'],
    ['an empty variable is no choice', { environment: '', config: 'pr' }, 'pr', 'config'],
  ])('%s', (_, sources, name, source) => {
    const choice = chooseScale({ ...none, ...sources })
    expect([choice.scale.name, choice.source]).toEqual([name, source])
  })

  test('an unknown scale is named with where it stands and what is legal', () => {
    expect(() => chooseScale({ ...none, environment: 'huge' })).toThrowErrorMatchingInlineSnapshot(`
      [OptionsError: The scale received an invalid option:

        PERF_SCALE: must be 'smoke', 'pr', 'full', or a factor above 0 and at most 1 such as '0.25'
          received: 'huge'
          example:  PERF_SCALE=pr]
    `)
  })
})
