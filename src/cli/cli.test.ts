import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { COMMENT_MARKER } from '../report/markdown/summary.ts'

const MAIN = join(import.meta.dirname, 'main.ts')

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slo-cli-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
})

interface Ended {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command in the folder, without a terminal. */
function run(...args: readonly string[]): Promise<Ended> {
  return outcome(spawn(process.execPath, [MAIN, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] }))
}

/**
 * Runs the command in a terminal and answers its questions.
 *
 * @param answers each question with the text to type; `\x03` is Ctrl-C
 */
function runInTerminal(args: readonly string[], answers: readonly (readonly [RegExp, string])[]): Promise<Ended> {
  const command = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ')
  const child = spawn('script', ['-qefc', command, '/dev/null'], { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] })
  const left = [...answers]
  let since = ''
  child.stdout.on('data', (chunk: Buffer) => {
    since += stripVTControlCharacters(chunk.toString('utf8'))
    if (left[0]?.[0].test(since)) {
      since = ''
      child.stdin.write(left.shift()![1])
    }
  })
  return outcome(child)
}

function outcome(child: ReturnType<typeof spawn>): Promise<Ended> {
  const text = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream]!.setEncoding('utf8').on('data', (chunk: string) => {
      text[stream] += stripVTControlCharacters(chunk)
    })
  return new Promise((done, failed) => {
    child.on('error', failed)
    child.on('close', (exitCode) => done({ exitCode, ...text }))
  })
}

function content(path: string): Promise<string> {
  return readFile(join(folder, path), 'utf8')
}

async function written(): Promise<readonly string[]> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  return files
    .filter((file) => file.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length))
    .toSorted()
}

test('exits without an error if the reader closes the pipe, as head does', async () => {
  const child = spawn(process.execPath, [MAIN, '--help'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  expect(await outcome(child)).toEqual({ exitCode: 0, stdout: '', stderr: '' })
})

describe('vitest-slo', () => {
  test('lists its commands', async () => {
    const { exitCode, stdout } = await run('--help')
    expect(exitCode).toBe(0)
    for (const command of ['init', 'doctor', 'report']) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'))
  })

  test.each([[[]], [['nope']], [['toString']]])('called with %j shows its help and fails', async (args) => {
    const { exitCode, stdout, stderr } = await run(...args)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain('Usage: vitest-slo <command>')
  })

  test('suggests the command that was probably meant', async () => {
    const { exitCode, stderr } = await run('docter')
    expect(exitCode).toBe(2)
    expect(stderr.split('\n')[0]).toBe('vitest-slo: unknown command docter; did you mean doctor?')
    expect((await run('nope')).stderr.split('\n')[0]).toBe('vitest-slo: unknown command nope')
  })

  test.each(['--version', '-v'])('%s prints the version', async (flag) => {
    const { exitCode, stdout } = await run(flag)
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringMatching(/^vitest-slo \d+\.\d+\.\d+\n$/) })
  })

  test.each(['init', 'doctor', 'report'])('%s --help explains the command', async (command) => {
    const { exitCode, stdout, stderr } = await run(command, '--help')
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toContain(`Usage: vitest-slo ${command}`)
    expect(stdout).toContain('Exit code')
  })
})

describe('vitest-slo init', () => {
  test('writes the files that options describe', async () => {
    const { exitCode, stdout, stderr } = await run('init', '--url', 'http://127.0.0.1:4000', '--path', '/users')
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(await written()).toEqual(['/.github/workflows/perf.yml', '/perf/first.perf.ts', '/vitest.perf.config.mts'])
    expect(await content('vitest.perf.config.mts')).toContain(`url: 'http://127.0.0.1:4000'`)
    expect(await content('vitest.perf.config.mts')).not.toContain('allowRemote')
    expect(await content('perf/first.perf.ts')).toContain(`request: { path: '/users' }`)
    expect(stdout).toContain('npm install --save-dev vitest vitest-slo')
    expect(stdout).toContain('npx vitest run --config vitest.perf.config.mts')
  })

  test('allows load on another machine', async () => {
    await run('init', '--url', 'https://staging.example.com', '--no-workflow')
    expect(await content('vitest.perf.config.mts')).toContain(`allowRemote: ['staging.example.com']`)
    expect(await written()).toHaveLength(2)
  })

  test('asks for values that no option gives', async () => {
    const { exitCode, stdout } = await runInTerminal(
      ['init'],
      [
        [/Which command starts the service.*\? $/, 'node "server.js"\r'],
        [/without quotes[^]*\? $/, 'node server.js\r'],
        [/Path of the first request\? \[\/\] $/, 'users\r'],
        [/starts with a slash[^]*\] $/, '/users\r'],
        [/workflow for pull requests\? \(yes\/no\) \[yes\] $/, '\r'],
      ],
    )
    expect(exitCode).toBe(0)
    expect(stdout).toContain('written    perf/first.perf.ts')
    expect(await content('vitest.perf.config.mts')).toContain(`command: ['node', 'server.js']`)
    expect(await written()).toHaveLength(3)
  })

  test('writes nothing if it is stopped at a question', async () => {
    const { exitCode, stdout } = await runInTerminal(['init'], [[/starts the service.*\? $/, '\x03']])
    expect(exitCode).toBe(130)
    expect(stdout).toContain('stopped')
    expect(await written()).toEqual([])
  })

  test('replaces existing files only if that is confirmed', async () => {
    await mkdir(join(folder, 'perf'))
    await writeFile(join(folder, 'perf/first.perf.ts'), 'mine')
    await writeFile(join(folder, 'vitest.perf.config.ts'), 'mine')
    const flags = ['init', '--url', 'http://127.0.0.1:4000', '--path', '/', '--no-workflow']
    const { stdout: second } = await run(...flags, '--yes')
    expect(second).toContain('kept       perf/first.perf.ts')
    expect(second).toContain(
      '\nNot applied: vitest.perf.config.ts, perf/first.perf.ts differ from what these options generate, and were kept.\n' +
        'Fix: change them by hand, or remove them and run init again.\n',
    )
    expect(await content('vitest.perf.config.ts')).toBe('mine')

    const { stdout } = await runInTerminal(flags, [
      [/vitest\.perf\.config\.ts already exists\. Replace it\? \(yes\/no\) \[no\] $/, '\r'],
      [/first\.perf\.ts already exists\. Replace it\? \(yes\/no\) \[no\] $/, 'yes\r'],
    ])
    expect(stdout).toContain('kept       vitest.perf.config.ts')
    expect(stdout).toContain('replaced   perf/first.perf.ts')
    expect(await content('vitest.perf.config.ts')).toBe('mine')
    expect(await content('perf/first.perf.ts')).toContain('perfTest')
    expect((await run(...flags)).stdout).toContain('unchanged  perf/first.perf.ts')
  })

  test('names the config after the kind of the package, and keeps an existing name', async () => {
    const flags = ['init', '--url', 'http://127.0.0.1:4000']
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
    const { stdout } = await run(...flags)
    expect(stdout).toContain('npx vitest run --config vitest.perf.config.ts\n')
    expect(await content('.github/workflows/perf.yml')).toContain('--config vitest.perf.config.ts\n')
    await writeFile(join(folder, 'package.json'), '{ "type": "commonjs" }')
    expect((await run(...flags)).stdout).toContain('unchanged  vitest.perf.config.ts')
    await rm(join(folder, 'vitest.perf.config.ts'))
    expect((await run(...flags, '--dry-run')).stdout).toContain('would write vitest.perf.config.mts')
  })

  test('--dry-run writes nothing', async () => {
    const { exitCode, stdout } = await run('init', '--dry-run', '--url', 'http://127.0.0.1:4000')
    expect(exitCode).toBe(0)
    expect(stdout).toContain('would write vitest.perf.config.mts')
    expect(await written()).toEqual([])
    await writeFile(join(folder, 'vitest.perf.config.mts'), 'mine')
    const { stdout: second } = await run('init', '--dry-run', '--url', 'http://127.0.0.1:4000')
    expect(second).toContain('exists      vitest.perf.config.mts, which differs: kept unless you confirm')
    expect(second).not.toContain('definePerfConfig')
  })

  test('writes the workflow at the root of the repository, for the folder of the project', async () => {
    const root = folder
    await mkdir(join(root, '.git'))
    await writeFile(join(root, 'pnpm-lock.yaml'), '')
    folder = join(root, 'services/orders')
    await mkdir(folder, { recursive: true })
    const { stdout } = await run('init', '--command', 'node server.js')
    expect(stdout).toContain('written    ../../.github/workflows/perf-services-orders.yml\n')
    expect(stdout).toContain(
      'The workflow is at the root of the git repository: GitHub ignores those in services/orders/.',
    )
    expect(stdout).toContain('pnpm add --save-dev vitest vitest-slo')
    const workflow = await readFile(join(root, '.github/workflows/perf-services-orders.yml'), 'utf8')
    expect(workflow).toContain(`    defaults:\n      run:\n        working-directory: 'services/orders'\n    steps:`)
    expect(workflow).toContain(`path: 'services/orders/perf-report/'`)
    expect(workflow).toContain('group: perf-services-orders-${{')
    expect(workflow).toContain('pnpm install --frozen-lockfile')
  })

  test('the workflow comments from a job that runs no code of the pull request, and compares if it can', async () => {
    const path = '.github/workflows/perf.yml'
    await run('init', '--command', 'node server.js')
    const workflow = await content(path)
    const [load, comment] = workflow.split('\n  comment:\n') as [string, string]
    expect(load).not.toContain('write')
    expect(load).toContain('npx vitest-slo compare "$(git merge-base "origin/$BASE" HEAD)" --config vitest.perf.config')
    expect(comment).toContain('pull-requests: write')
    expect(comment).toContain(`startswith("${COMMENT_MARKER}")`)
    expect(comment).not.toMatch(/npm|npx|checkout/)
    await rm(join(folder, path))
    await rm(join(folder, 'vitest.perf.config.mts'))
    await run('init', '--url', 'http://127.0.0.1:3000')
    expect(await content(path)).not.toContain('vitest-slo compare')
  })

  test('the workflow installs with the package manager of the lock file', async () => {
    await writeFile(join(folder, 'pnpm-lock.yaml'), '')
    await run('init', '--yes')
    expect(await content('.github/workflows/perf.yml')).toContain('pnpm install --frozen-lockfile')
  })

  test.each([
    [['--url', '127.0.0.1:3000'], /not an http or https URL: [^]*\nFix: write it as http:/],
    [['--url', 'http://me:secret@127.0.0.1:3000'], /would be written to a file/],
    [['--command', 'node'], /node without arguments starts no service\nFix: write, for example, node server\.js/],
    [['--pth', '/'], /Unknown option '--pth'; did you mean '--path'\?\n/],
    [['--command', 'PORT=1 node a.js | tee log'], /without quotes or a shell/],
    [['--command', 'PORT=3000 node a.js'], /received the variable PORT\nFix: leave it out: .* free port/],
    [['--command', 'KEY=secret node a.js'], /received the variable KEY\nFix: .* add env: \{ KEY: '…' \} to target\(\)/],
    [['--path', 'users', '--yes'], /a path starts with a slash/],
    [['--url', 'http://127.0.0.1', '--command', 'node a.js'], /pass only one of them/],
    [['--nope'], /Unknown option '--nope'/],
    [[], /without a terminal, .* is required\nFix: --url .*, or --command "node server\.js"\n/],
  ])('rejects %j', async (args, message) => {
    const { exitCode, stderr } = await run('init', ...args)
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(message)
    expect(stderr).not.toContain('secret')
    expect(await written()).toEqual([])
  })

  test('reports a file that cannot be written', async () => {
    await writeFile(join(folder, 'perf'), 'a file')
    const { exitCode, stderr } = await run('init', '--yes')
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/vitest-slo init: E(NOTDIR|EXIST)/)
  })
})

describe('vitest-slo doctor', () => {
  const NAMES = ['Node', 'Vitest', 'container engine', 'PostgreSQL', 'Redis', 'descriptors', 'ports', 'cores']

  test('checks everything, and fails if scenarios cannot run', async () => {
    const { exitCode, stdout, stderr } = await run('doctor')
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' })
    for (const name of [...NAMES, 'load average', 'clock'])
      expect(stdout).toMatch(new RegExp(`^(ok|limits|MISSING) +${name}: .`, 'm'))
    expect(stdout).toMatch(/MISSING +Vitest: not installed in this folder\n.*\n +Fix: npm install --save-dev vitest@5/)
    expect(stdout).toMatch(/\nScenarios cannot run: 1 missing, \d limits\.\n$/)
  })

  test('passes if Vitest is installed', async () => {
    await mkdir(join(folder, 'node_modules/vitest'), { recursive: true })
    await writeFile(join(folder, 'node_modules/vitest/package.json'), '{ "version": "5.0.0" }')
    const { exitCode, stdout } = await run('doctor', '--json')
    expect(exitCode).toBe(0)
    const { findings } = JSON.parse(stdout) as { findings: { name: string; health: string; found: string }[] }
    expect(findings.find(({ name }) => name === 'Vitest')).toEqual({ name: 'Vitest', health: 'ok', found: '5.0.0' })
  })
})
