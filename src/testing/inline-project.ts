import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { TerminalSession } from './terminal-session.ts'

const HERE = import.meta.dirname
const ROOT = resolve(HERE, '../..')
const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs')
export const REPORTER = join(HERE, '../report/reporter.ts')

type OnOutput = (output: string, stop: (signal?: NodeJS.Signals) => void) => void

export interface InlineRun {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  /** Both streams, in the order of their chunks. */
  readonly output: string
}

/**
 * A project in a temporary folder, for tests that run the real Vitest on it. This package is linked into its
 * `node_modules`, and the package's dependencies into the folder above.
 */
export class InlineProject implements AsyncDisposable {
  readonly root: string
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
    this.root = join(folder, 'project')
  }

  static async create(files: Readonly<Record<string, string>>): Promise<InlineProject> {
    const project = new InlineProject(await mkdtemp(join(tmpdir(), 'slo-inline-')))
    await mkdir(project.path('node_modules'), { recursive: true })
    await symlink(join(ROOT, 'node_modules'), join(project.#folder, 'node_modules'))
    await symlink(ROOT, project.path('node_modules/vitest-slo'))
    for (const [name, content] of Object.entries(files)) await project.write(name, content)
    return project
  }

  path(name: string): string {
    return join(this.root, name)
  }

  async write(name: string, content: string): Promise<void> {
    await mkdir(dirname(this.path(name)), { recursive: true })
    await writeFile(this.path(name), content)
  }

  /**
   * Runs Vitest until it exits, without the variables of CI and of the outer Vitest.
   *
   * @param env additional variables
   * @param onOutput called with all output so far and a function that stops Vitest
   */
  run(args: readonly string[] = ['run'], env: NodeJS.ProcessEnv = {}, onOutput?: OnOutput): Promise<InlineRun> {
    const child = spawn(process.execPath, [VITEST, ...args], this.#options(env))
    return this.#outcome(child, onOutput)
  }

  /** Like {@link run} without arguments, by a command that receives the command line as arguments. */
  runUnder([command, ...before]: readonly [string, ...string[]]): Promise<InlineRun> {
    return this.#outcome(spawn(command, [...before, process.execPath, VITEST, 'run'], this.#options({})))
  }

  /** Like {@link run}, in a separate process group. All its processes receive a signal once a text was printed. */
  runInGroup(signal: NodeJS.Signals, wanted: string): Promise<InlineRun> {
    const child = spawn(process.execPath, [VITEST, 'run'], { ...this.#options({}), detached: true })
    let isSent = false
    return this.#outcome(child, (output) => {
      if (isSent || child.pid === undefined || !output.includes(wanted)) return
      isSent = true
      process.kill(-child.pid, signal)
    })
  }

  /** Like {@link run}, in a terminal of 100 columns, which merges both streams. */
  runInTerminal(args: readonly string[], onOutput?: OnOutput, env: NodeJS.ProcessEnv = {}): Promise<InlineRun> {
    const command = [process.execPath, VITEST, ...args].map((word) => `'${word}'`).join(' ')
    const script = ['-qefc', `stty cols 100 rows 40; exec ${command}`, '/dev/null']
    return this.#outcome(spawn('script', script, this.#options({ TERM: 'xterm-256color', ...env })), onOutput)
  }

  /** Starts Vitest in a terminal, for tests that press keys and read the screen. */
  openTerminal(args: readonly string[] = []): Promise<TerminalSession> {
    const env = { ...cleanEnv(), TERM: 'xterm-256color' }
    return TerminalSession.start([process.execPath, VITEST, ...args], { cwd: this.root, env })
  }

  #options(env: NodeJS.ProcessEnv) {
    const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe']
    return { cwd: this.root, env: { ...cleanEnv(), ...env }, stdio }
  }

  #outcome(child: ChildProcessByStdio<null, Readable, Readable>, onOutput?: OnOutput): Promise<InlineRun> {
    const run = { stdout: '', stderr: '', output: '' }
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (chunk: string) => {
        run[stream] += chunk
        run.output += chunk
        onOutput?.(run.output, (signal = 'SIGTERM') => void child.kill(signal))
      })
    }
    return new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (exitCode) => resolve({ exitCode, ...run }))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** Source of a config with this package's reporter. @param others source of further reporters, e.g. `'default', 'json'` */
export function configSource(options: object = {}, others = "'default'"): string {
  const reporter = `[${JSON.stringify(REPORTER)}, ${JSON.stringify(options)}]`
  return `export default { test: { include: ['**/*.perf.ts'], reporters: [${reporter}, ${others}], maxWorkers: 1 } }`
}

/** Source of a target that responds immediately. It listens on `PORT`. */
export const INSTANT_TARGET = `
  import { createServer } from 'node:http'
  createServer((request, response) => response.end('ok')).listen(Number(process.env.PORT), '127.0.0.1')
`

/** Source of a config that starts `target/server.mjs`. @param options source of further options */
export function perfConfigSource(options = ''): string {
  return `
    import { definePerfConfig, target } from 'vitest-slo/config'
    export default definePerfConfig({
      target: target({ command: ['node', 'target/server.mjs'], ready: '/' }),
      ${options}
    })
  `
}

/** The output without colours. */
export function plainText(output: string): string {
  return stripVTControlCharacters(output)
}

function cleanEnv(): NodeJS.ProcessEnv {
  const unwanted = /^(?:VITEST|CI$|GITHUB_|NO_COLOR$|FORCE_COLOR$|NODE_ENV$|TEST$|MODE$|PROD$|DEV$)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !unwanted.test(name)))
}
