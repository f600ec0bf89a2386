import { execFileSync, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { InlineProject, plainText } from '../testing/inline-project.ts'

const SRC = resolve(import.meta.dirname, '..')
const MAIN = join(import.meta.dirname, 'main.ts')

/** A server that has to be built, and takes `takesMs` for a response. Each process logs its start and its exit. */
const source = (takesMs: number) => `
  import { createServer } from 'node:http'
  import { appendFileSync } from 'node:fs'
  const note = (word) => appendFileSync(process.env.NOTES, word + ' ' + process.cwd() + '\\n')
  note('starts')
  process.on('SIGTERM', () => { note('exits'); process.exit() })
  createServer((request, response) => {
    setTimeout(() => response.end('{}'), request.url === '/' ? ${takesMs} : 0)
  }).listen(process.env.PORT, '127.0.0.1')
`

const CONFIG = `
  import { definePerfConfig, target } from '${SRC}/config/index.ts'
  export default definePerfConfig({
    target: target({ command: ['node', 'dist/server.mjs'], env: () => ({ NOTES: process.env.NOTES }) }),
  })
`

const SCENARIO = `
  import { expect } from 'vitest'
  import { constantVus, perfTest, sharedIterations } from '${SRC}/index.ts'

  perfTest('polling', async ({ http }) => {
    const load = constantVus({ vus: 2, duration: process.env.DURATION ?? '1200ms' })
    const run = await http.run({ load, request: { path: '/' }, warmup: '100ms' })
    expect(run).toHaveP95Below(0.001)
  })
  perfTest('fan-out', async ({ ws }) => {
    await ws.fanOut({})
  })
  perfTest('work', async ({ http }) => {
    await http.run({ load: sharedIterations({ iterations: 5, vus: 1 }), request: { path: '/' } })
  })
`

let project: InlineProject
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: project.root, encoding: 'utf8' })

beforeAll(async () => {
  project = await InlineProject.create({
    '.gitignore': 'node_modules\ndist\nnotes.txt\n',
    'package.json': JSON.stringify({ type: 'module', scripts: { build: 'node build.mjs' } }),
    'build.mjs': `import { cpSync } from 'node:fs'\ncpSync('server.mjs', 'dist/server.mjs')`,
    'server.mjs': source(10),
    'vitest.perf.config.ts': CONFIG,
    'perf/poll.perf.ts': SCENARIO,
  })
  git('init', '--quiet', '--initial-branch', 'main')
  git('add', '.')
  git('commit', '--quiet', '-m', 'quick')
  await project.write(
    'build.mjs',
    `console.log('compiling'); console.error('no such module: left-pad'); process.exit(2)`,
  )
  git('commit', '--quiet', '-am', 'does not build')
  git('tag', 'unbuildable')
  await project.write('server.mjs', source(60))
  await project.write('dist/server.mjs', source(60))
})

afterAll(() => project[Symbol.asyncDispose]())

interface Ended {
  readonly exitCode: number | null
  readonly text: string
}

/** @param onOutput called with everything printed so far and a way to interrupt it */
function compare(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  onOutput = (_text: string, _interrupt: () => void) => {},
) {
  const kept = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_ENV|TEST$|MODE$|PERF_|CI$)/.test(name)),
  )
  const child = spawn(process.execPath, [MAIN, 'compare', ...args], {
    cwd: project.root,
    env: { ...kept, NOTES: project.path('notes.txt'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += plainText(chunk)
      onOutput(text, () => child.kill('SIGINT'))
    })
  return new Promise<Ended>((done) => child.on('close', (exitCode) => done({ exitCode, text })))
}

/** The exit code that belongs to the printed verdict. The verdict itself depends on how busy the machine is. */
function exitCodeIn(text: string): number {
  if (/^SLOWER /m.test(text)) return 1
  return /^NO SLOWER /m.test(text) ? 0 : 3
}

/** Expects that every started process has exited, and that git has only one working tree. */
async function nothingLeft(): Promise<void> {
  const notes = (await readFile(project.path('notes.txt'), 'utf8').catch(() => '')).trim().split('\n')
  const count = (word: string) => notes.filter((line) => line.startsWith(word)).length
  expect(count('exits')).toBe(count('starts'))
  expect(git('worktree', 'list').trim().split('\n')).toHaveLength(1)
}

describe('vitest-slo compare', () => {
  test(
    'applies the load to a revision and to the working tree, and shows what got slower',
    { timeout: 120_000 },
    async () => {
      const markdown = project.path('dist/table.md')
      const ended = await compare([
        'HEAD~1',
        '--scale',
        'full',
        '--slices',
        '6',
        '--tolerance',
        '0.5',
        '--markdown',
        markdown,
      ])
      const { text } = ended
      expect(ended).toMatchObject({ exitCode: exitCodeIn(text) })
      expect(text).toMatch(/HEAD~1 \([0-9a-f]{7}\): npm install\n/)
      expect(text).toMatch(/HEAD~1 \([0-9a-f]{7}\): npm run build\n/)
      expect(text).toMatch(
        /\n(SLOWER|INVALID|UNDECIDED) +polling\n  constantVus 2 VUs, 1.2s; 6 pairs of slices of 200ms; base: HEAD~1 \([0-9a-f]{7}\)\n/,
      )
      expect(text).toMatch(/\n  p50 +[\d.]+ ms +[\d.]+ ms +\+\d+(\.\d)?% +.*\n/)
      expect(text).toMatch(/\n  CPU per request /)
      expect(text).toContain('fan-out: not compared: it uses ws before its first http.run()')
      expect(text).toContain('work: not compared: its first http.run() has a fixed number of iterations')
      expect(text).toMatch(/\n1 (slower|invalid|undecided)\n$/)
      expect(await readFile(markdown, 'utf8')).toMatch(
        /^### (slower|invalid|undecided): polling\n[^]*\| p50 \| .* \|\n/,
      )
      await nothingLeft()
    },
  )

  test('passes a build that is not slower, and runs only scenarios that match', { timeout: 120_000 }, async () => {
    const ended = await compare([
      'HEAD~1',
      'poll',
      '-t',
      'polling',
      '--scale',
      'full',
      '--slices',
      '6',
      '--tolerance',
      '0.99',
      '--build',
      `mkdir dist; sed 's/? 10/? 50/' server.mjs > dist/server.mjs`,
    ])
    expect(ended.text).not.toContain('fan-out')
    expect(ended.text).toMatch(/\n(NO SLOWER|UNDECIDED|INVALID) +polling\n/)
    expect(ended).toMatchObject({ exitCode: exitCodeIn(ended.text) })
    await nothingLeft()
  })

  test('prints the last lines of a build that fails', { timeout: 60_000 }, async () => {
    const ended = await compare(['unbuildable'])
    expect(ended).toMatchObject({ exitCode: 2 })
    expect(ended.text).toMatch(
      /vitest-slo compare: unbuildable \([0-9a-f]{7}\) could not be built: npm run build, exit code 2\. Its last lines:\n[^]*\| no such module: left-pad\n/,
    )
    await nothingLeft()
  })

  test('fails if a revision cannot be installed, or its target does not start', { timeout: 60_000 }, async () => {
    const installing = await compare(['HEAD~1', '--install', 'echo no registry; false'])
    expect(installing).toMatchObject({ exitCode: 2 })
    expect(installing.text).toMatch(
      /could not be installed: echo no registry; false, exit code 1\. Its last lines:\n  \| no registry\n/,
    )
    const starting = await compare(['HEAD~1', '--install', '', '--build', ''])
    expect(starting).toMatchObject({ exitCode: 2 })
    expect(starting.text).toMatch(/node dist\/server\.mjs exited before it was ready: exit code 1/)
    await nothingLeft()
  })

  test('rejects an unknown revision', async () => {
    const ended = await compare(['origin/main'])
    expect(ended).toEqual({
      exitCode: 2,
      text: 'vitest-slo compare: git finds no revision origin/main in this repository.\nFix: if it exists only on the remote, or this is a shallow clone, run: git fetch origin main\n',
    })
  })

  test('cleans up after Ctrl-C during the installation and during the load', { timeout: 120_000 }, async () => {
    const installing = await compare(['HEAD~1', '--install', 'echo installing; sleep 600'], {}, (text, interrupt) => {
      if (text.includes('sleep 600')) interrupt()
    })
    expect(installing).toMatchObject({ exitCode: 130 })
    await nothingLeft()
    let isInterrupted = false
    const measuring = await compare(['HEAD~1', '--scale', 'full'], { DURATION: '10m' }, (text, interrupt) => {
      if (isInterrupted || !text.includes('polling …')) return
      isInterrupted = true
      setTimeout(interrupt, 1_000)
    })
    expect(measuring).toMatchObject({ exitCode: 130 })
    expect(measuring.text).toContain('SIGINT: stopping the load and cleaning up')
    await nothingLeft()
  })

  test.for([
    [[], 'the revision to compare with is missing'],
    [['main', '--tolerance', '5'], '--tolerance must be a ratio'],
    [['main', '--slices', '3'], '--slices must be an integer from 6 to 200'],
    [['main', '--speed'], "Unknown option '--speed'"],
    [['main', '--tolerence', '0.1'], "Unknown option '--tolerence'; did you mean '--tolerance'?\n"],
  ] as const)('rejects the arguments %j', async ([args, message]) => {
    const ended = await compare(args)
    expect(ended.exitCode).toBe(2)
    expect(ended.text).toContain(message)
    expect(ended.text).toContain('Usage: vitest-slo compare')
  })
})
