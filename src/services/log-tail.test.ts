import { expect, test } from 'vitest'
import { LogTail } from './log-tail.ts'

test('keeps the last lines, joined across chunks, and truncates long ones', () => {
  const log = new LogTail()
  log.write('first\nsec')
  log.write(`ond\n${'x'.repeat(5_000)}\nunfinished`)
  expect(log.last(4)).toEqual(['first', 'second', 'x'.repeat(2_000), 'unfinished'])
  for (let line = 0; line < 1_000; line++) log.write(`${line}\n`)
  expect(log.last()).toHaveLength(200)
  expect(log.last(2)).toEqual(['998', '999'])
  expect(log.quote(2)).toBe('  | 998\n  | 999')
})

test('notes that nothing was printed', () => {
  expect(new LogTail().quote()).toBe('  (no output)')
})
