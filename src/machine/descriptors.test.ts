import { execFileSync } from 'node:child_process'
import { existsSync, openSync, closeSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { descriptorBudget, descriptorLimit } from './descriptors.ts'

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

test('leaves descriptors for connections after those that are reserved or open', () => {
  expect(descriptorBudget(1_024, 20)).toEqual({ limit: 1_024, reserved: 200, connections: 824 })
  expect(descriptorBudget(1_024, 400)).toEqual({ limit: 1_024, reserved: 464, connections: 560 })
  expect(descriptorBudget(100, 20)).toEqual({ limit: 100, reserved: 200, connections: 0 })
  expect(descriptorBudget(Number.POSITIVE_INFINITY, 20).connections).toBe(Number.POSITIVE_INFINITY)
})

test.runIf(existsSync('/proc/self/fd'))('counts the open descriptors of this process', () => {
  const files = Array.from({ length: 300 }, () => openSync('/dev/null', 'r'))
  const { reserved } = descriptorBudget()
  for (const file of files) closeSync(file)
  expect(reserved).toBeGreaterThan(364)
  expect(reserved).toBeLessThan(700)
})

test('reserves descriptors if the system does not list the open ones', () => {
  vi.mocked(readdirSync).mockImplementationOnce(() => {
    throw new Error('ENOENT')
  })
  expect(descriptorBudget(1_024).reserved).toBe(200)
})
