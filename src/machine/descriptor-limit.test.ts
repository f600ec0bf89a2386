import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { descriptorLimit } from './descriptor-limit.ts'

vi.mock('node:fs', { spy: true })
vi.mock('node:child_process', { spy: true })

test.runIf(existsSync('/proc/self/limits'))('is the soft limit that the shell sees too', () => {
  const [, limit] = execFileSync('sh', ['-c', 'echo . $(ulimit -n)'], { encoding: 'utf8' }).split(/\s/)
  expect(descriptorLimit()).toBe(limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit))
})

test('is read from the column of soft limits', () => {
  vi.mocked(readFileSync).mockReturnValueOnce(
    ['Limit          Soft Limit  Hard Limit  Units', 'Max open files 1024        524288      files'].join('\n'),
  )
  expect(descriptorLimit()).toBe(1_024)
})

test('is infinite where none is set', () => {
  vi.mocked(readFileSync).mockReturnValueOnce('Max open files   unlimited   unlimited   files')
  expect(descriptorLimit()).toBe(Number.POSITIVE_INFINITY)
})

test.each([
  ['4096\n', 4_096],
  ['unlimited\n', Number.POSITIVE_INFINITY],
])('is what the shell says, %j, where the system has no such file', (said, limit) => {
  vi.mocked(readFileSync).mockImplementationOnce(() => {
    throw new Error('ENOENT')
  })
  vi.mocked(execFileSync).mockReturnValueOnce(said)
  expect(descriptorLimit()).toBe(limit)
  expect(vi.mocked(execFileSync).mock.lastCall).toEqual(['sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }])
})
