import { expect, test } from 'vitest'
import { parseCompareArguments } from './compare-arguments.ts'

test.each(['name', 'config', 'scale', 'tolerance', 'slices', 'markdown'])('rejects an empty --%s', (name) => {
  for (const value of ['', ' '])
    expect(() => parseCompareArguments(['main', `--${name}`, value])).toThrow(
      `--${name} has an empty value\nFix: give it a value, or leave it out`,
    )
})

test('rejects an empty argument', () => {
  expect(() => parseCompareArguments([''])).toThrow('an argument is empty, as from a variable that is not set')
})

test('accepts an empty command of compare, which runs none', () => {
  expect(parseCompareArguments(['main', '--install', '', '--build', ''])).toMatchObject({ install: '', build: '' })
})
