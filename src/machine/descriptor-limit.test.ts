import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { descriptorLimit } from './descriptor-limit.ts'

vi.mock('node:fs', { spy: true })
vi.mock('node:child_process', { spy: true })

test.runIf(existsSync('/proc/self/limits'))('is the same soft limit as in a shell', () => {
  const [, limit] = execFileSync('sh', ['-c', 'echo . $(ulimit -n)'], { encoding: 'utf8' }).split(/\s/)
  expect(descriptorLimit()).toBe(limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit))
})

test('is read from the column of soft limits', () => {
  vi.mocked(readFileSync).mockReturnValueOnce(
    ['Limit          Soft Limit  Hard Limit  Units', 'Max open files 1024        524288      files'].join('\n'),
  )
  expect(descriptorLimit()).toBe(1_024)
})

test('is infinite if there is no limit', () => {
  vi.mocked(readFileSync).mockReturnValueOnce('Max open files   unlimited   unlimited   files')
  expect(descriptorLimit()).toBe(Number.POSITIVE_INFINITY)
})

test.each([
  ['4096\n', 4_096],
  ['unlimited\n', Number.POSITIVE_INFINITY],
])('is read from the output %j of a shell if the system has no such file', (output, limit) => {
  vi.mocked(readFileSync).mockImplementationOnce(() => {
    throw new Error('ENOENT')
  })
  vi.mocked(execFileSync).mockReturnValueOnce(output)
  expect(descriptorLimit()).toBe(limit)
  expect(vi.mocked(execFileSync).mock.lastCall).toEqual(['sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }])
})
