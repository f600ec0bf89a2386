import { afterAll, beforeAll, expect, test } from 'vitest'
import { Problems } from '../options/problems.ts'
import { InlineProject, INSTANT_TARGET, perfConfigSource, plainText } from '../testing/inline-project.ts'
import { refuseUnfit, type RunOptions } from './refused-options.ts'

let project: InlineProject
beforeAll(async () => {
  project = await InlineProject.create({
    'vitest.config.ts': perfConfigSource('test: JSON.parse(process.env.INLINE ?? "{}"),'),
    'target/server.mjs': INSTANT_TARGET,
    'perf/a.perf.ts': `
      import { expect } from 'vitest'
      import { perfTest } from 'vitest-slo'
      perfTest('runs', () => { console.log('THE SCENARIO RAN'); expect(1).toBe(1) })`,
  })
})
afterAll(() => project[Symbol.asyncDispose]())

const run = (args: readonly string[], inline: object = {}) =>
  project.run(['run', ...args], { INLINE: JSON.stringify(inline) })

test.each([
  [['--retry', '3'], {}, 'test.retry'],
  [['--sequence.concurrent'], {}, 'test.sequence.concurrent'],
  [['--pool', 'threads'], {}, 'test.pool'],
  [[], { retry: { count: 2 } }, 'test.retry'],
  [[], { maxWorkers: 2, fileParallelism: true }, 'test.fileParallelism'],
])('rejects %j on the command line, %j in the config', async (args, inline, option) => {
  const { exitCode, output } = await run(args, inline)
  expect(exitCode).toBe(1)
  expect(plainText(output)).toContain(`received an invalid option:\n\n  ${option}`)
  expect(output).not.toContain('THE SCENARIO RAN')
})

const FIT: RunOptions = { maxWorkers: 1, pool: 'forks', retry: 0, sequence: { shuffle: true } as never }

test('rejects every unsuitable option in one error, with the reason', () => {
  const problems = new Problems()
  const unfit = { maxWorkers: 4, pool: 'vmThreads', retry: 1, sequence: { concurrent: true } as never }
  refuseUnfit(problems, unfit, { fileParallelism: true })
  expect(() => problems.throwIfAny('definePerfConfig()')).toThrowErrorMatchingInlineSnapshot(`
    [OptionsError: definePerfConfig() received 4 invalid options:

      test.retry (--retry): must be 0: a measurement that is repeated until it passes samples until it is lucky
        Received: 1
        Fix:      write, for example, test: { retry: 0 }
      test.sequence.concurrent (--sequence.concurrent): must be false: scenarios that run at the same time measure each other
        Received: true
        Fix:      write, for example, test: { sequence: { concurrent: false } }
      test.fileParallelism, test.maxWorkers (--file-parallelism, --max-workers): must be false and 1: files that run at the same time measure each other
        Received: { fileParallelism: true, maxWorkers: 4 }
        Fix:      write, for example, test: { fileParallelism: false, maxWorkers: 1 }
      test.pool (--pool): must be 'forks': the generator's CPU and event loop are measured per process
        Received: 'vmThreads'
        Fix:      write, for example, test: { pool: 'forks' }]
  `)
})

test.each([{ fileParallelism: true }, { maxWorkers: 2 }, { maxWorkers: '50%' }])(
  'rejects %j although Vitest uses one worker',
  (given) => {
    const problems = new Problems()
    refuseUnfit(problems, FIT, given)
    expect(() => problems.throwIfAny('definePerfConfig()')).toThrow('files that run at the same time')
  },
)

test.each([undefined, {}, { fileParallelism: false }, { maxWorkers: 1 }, { isolate: false }])('accepts %j', (given) => {
  const problems = new Problems()
  refuseUnfit(problems, FIT, given)
  expect(problems.found).toEqual([])
})

test('accepts options that repeat nothing and run nothing simultaneously', async () => {
  const { exitCode, output } = await run(['--bail', '1', '--no-file-parallelism'], { sequence: { shuffle: true } })
  expect(exitCode).toBe(0)
  expect(plainText(output)).toContain('THE SCENARIO RAN')
})
