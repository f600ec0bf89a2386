import { describe, expect, test } from 'vitest'
import { chooseScale } from './scale-choice.ts'

const none = { environment: undefined, mode: 'test', config: undefined, watch: false }

describe('chooseScale', () => {
  test.each([
    ['PERF_SCALE comes first', { environment: 'full', mode: 'pr', config: 'smoke' }, 'full', 'PERF_SCALE'],
    ['then --mode if it is a scale', { mode: 'pr', config: 'smoke' }, 'pr', '--mode'],
    ['other modes are ignored', { mode: 'staging', config: 'smoke' }, 'smoke', 'config'],
    ['a factor is a scale', { environment: '0.25' }, '0.25', 'PERF_SCALE'],
    ['the default in watch mode is small', { watch: true }, 'smoke', 'default in watch mode'],
    ['the default of a run is the full load', {}, 'full', 'default'],
    ['an empty variable is ignored', { environment: '', config: 'pr' }, 'pr', 'config'],
  ])('%s', (_, sources, name, source) => {
    const choice = chooseScale({ ...none, ...sources })
    expect([choice.scale.name, choice.source]).toEqual([name, source])
  })

  test('names the source of an unknown scale, and valid scales', () => {
    expect(() => chooseScale({ ...none, environment: 'huge' })).toThrowErrorMatchingInlineSnapshot(`
      [OptionsError: The scale received an invalid option:

        PERF_SCALE: must be 'smoke', 'pr', 'full', or a factor above 0 and at most 1 such as '0.25'
          Received: 'huge'
          Fix:      write, for example, PERF_SCALE=pr]
    `)
  })
})
