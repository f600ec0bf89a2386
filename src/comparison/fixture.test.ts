import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { InlineProject, plainText } from '../testing/inline-project.ts'
import { readValidResults } from '../testing/valid-results.ts'

const SRC = resolve(import.meta.dirname, '..')

/** A server that responds after `TAKES` milliseconds. Each process writes a note when it begins and when it ends. */
const SERVER = `
  import { createServer } from 'node:http'
  import { appendFileSync } from 'node:fs'
  const note = (word) => appendFileSync(process.env.NOTES, word + ' ' + process.env.BUILD + '\\n')
  process.on('SIGTERM', () => { note('ends'); process.exit() })
  note('begins')
  createServer((request, response) => {
    setTimeout(() => response.end('{}'), request.url === '/' ? Number(process.env.TAKES) : 0)
  }).listen(process.env.PORT, '127.0.0.1')
`

/** A server that exits once the other build has begun for the second time, so that both scenarios begin and end it. */
const BROKEN = `
  import { readFileSync } from 'node:fs'
  const begun = () => readFileSync(process.env.NOTES, 'utf8').split('begins old').length - 1
  setInterval(() => begun() === 2 && process.exit(1), 10)
`

const CONFIG = `
  import { definePerfConfig } from '${SRC}/config/index.ts'
  export default definePerfConfig({ test: { reporters: 'default' } })
`

/** Tolerance and delays are large, so that a busy machine does not change the verdict. */
const SCENARIO = `
  import { expect } from 'vitest'
  import { constantVus, perfTest } from '${SRC}/index.ts'
  const build = (BUILD, TAKES) => ({ command: ['node', 'server.mjs'], env: { BUILD, TAKES, NOTES: process.env.NOTES } })
  const options = { load: constantVus({ vus: 2, duration: '1200ms' }), request: { path: '/' }, slices: 6, warmup: '100ms' }

  perfTest('slower', async ({ compare, task }) => {
    const comparison = await compare({ base: build('old', '10'), head: build('new', '60') }, options)
    expect(comparison).toBeNoSlowerThan('base', { tolerance: 0.5 })
  })
  perfTest('broken', async ({ compare }) => {
    await compare({ base: build('old', '10'), head: { command: ['node', 'broken.mjs'], env: { NOTES: process.env.NOTES } } }, options)
  })
`

test('a scenario compares two builds and stops all their processes', { timeout: 120_000 }, async () => {
  const project = await InlineProject.create({
    'server.mjs': SERVER,
    'broken.mjs': BROKEN,
    'vitest.config.ts': CONFIG,
    'perf/compare.perf.ts': SCENARIO,
    'notes.txt': '',
  })
  onTestFinished(() => project[Symbol.asyncDispose]())
  const { exitCode, output } = await project.run(['run'], { NOTES: project.path('notes.txt') })
  const text = plainText(output)
  expect({ exitCode, text }).toMatchObject({ exitCode: 1 })
  expect(text).toMatch(
    /expect\(comparison\)\.toBeNoSlowerThan\('base', \{ tolerance: 0\.5 \}\)\n\nExpected: p50 of head at most 50% above that of base\nReceived: p50 of head \+\d+/,
  )
  expect(text).toMatch(/CPU per request/)
  expect(text).toMatch(/perf\/compare\.perf\.ts:9:\d+/)
  expect(text).toMatch(
    /BuildError: head: the environment did not start\.\n\ntarget: node broken\.mjs exited before it was ready: exit code 1/,
  )
  const { scenarios } = await readValidResults(project.path('perf-report/results.json'))
  expect(scenarios[0]!.comparisons).toMatchObject([{ base: 'base', head: 'head', pairs: 6 }])
  expect(scenarios[1]).not.toHaveProperty('comparisons')
  const notes = (await readFile(project.path('notes.txt'), 'utf8')).trim().split('\n')
  expect(notes.toSorted()).toEqual(['begins new', 'begins old', 'begins old', 'ends new', 'ends old', 'ends old'])
})
