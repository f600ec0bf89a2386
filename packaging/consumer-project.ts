import { spawn, type ChildProcess } from 'node:child_process'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { arch, platform, tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

const ROOT = resolve(import.meta.dirname, '..')
/** Packages that consumers install: types, the servers, and the peer of `micro`. */
const PACKAGES = ['typescript', '@types/node@24', 'express', '@types/express', 'fastify', 'tinybench', '@types/ws']

/** Result of a command. */
export interface CommandResult {
  readonly exitCode: number | null
  /** Both streams, without colours. */
  readonly output: string
}

/** A project outside of the repository that uses only the packed tarball. */
export class ConsumerProject implements AsyncDisposable {
  readonly root: string
  /** Folder of the selected Node's programs; empty for the Node that runs the test. */
  #nodeFolder = ''
  readonly #sessions: TerminalSession[] = []

  private constructor(root: string) {
    this.root = root
  }

  /** Packs the build and installs it with its peers. @param vitest version to install */
  static async create(vitest: string): Promise<ConsumerProject> {
    const project = new ConsumerProject(await mkdtemp(join(tmpdir(), 'slo consumer-')))
    await cp(join(import.meta.dirname, 'consumer'), project.root, { recursive: true })
    await project.#runOrThrow('.', 'npm', 'pack', join(ROOT, 'dist'))
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    const tarball = `./vitest-slo-${version}.tgz`
    await project.#runOrThrow('.', 'npm', 'install', '--save-dev', tarball, `vitest@${vitest}`, ...PACKAGES)
    return project
  }

  /** Installs a version of Node, a separate package, on which later commands run. */
  async useNode(version: string): Promise<void> {
    const name = `node-${platform()}-${arch()}`
    const folder = `node-${version}`
    await this.#runOrThrow('.', 'npm', 'install', '--prefix', folder, `${name}@${version}`)
    this.#nodeFolder = join(this.root, folder, 'node_modules', name, 'bin')
  }

  path(name: string): string {
    return join(this.root, name)
  }

  /** Runs a command in a folder of the project and waits for its exit. */
  run(folder: string, ...command: readonly [string, ...string[]]): Promise<CommandResult> {
    const [program, ...args] = command
    return resultOf(spawn(program, args, { ...this.#options(folder), stdio: ['ignore', 'pipe', 'pipe'] }))
  }

  /** Starts a command in a terminal. Its output is recorded as plain text. */
  startInTerminal(folder: string, command: string): TerminalSession {
    const session = new TerminalSession(spawn('script', ['-qefc', command, '/dev/null'], this.#options(folder)))
    this.#sessions.push(session)
    return session
  }

  async #runOrThrow(folder: string, ...command: readonly [string, ...string[]]): Promise<void> {
    const { exitCode, output } = await this.run(folder, ...command)
    if (exitCode !== 0) throw new Error(`${command.join(' ')} exited with ${exitCode}:\n${output}`)
  }

  /** Options without the variables of npm and Vitest, and without the programs of the repository. */
  #options(folder: string) {
    const unwanted = /^(npm_|VITEST|CI$|GITHUB_|NODE_ENV$|NODE_OPTIONS$|TEST$|MODE$|PERF_)/
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !unwanted.test(name)))
    const path = (env['PATH'] ?? '').split(delimiter).filter((entry) => !entry.startsWith(ROOT))
    const nodeFolder = this.#nodeFolder || resolve(process.execPath, '..')
    return { cwd: join(this.root, folder), env: { ...env, PATH: [nodeFolder, ...path].join(delimiter), NO_COLOR: '1' } }
  }

  /** Also ends the session of a test that timed out: it would write to the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions) await session[Symbol.asyncDispose]()
    await rm(this.root, { recursive: true, force: true })
  }
}

/** A command in a terminal. */
export class TerminalSession implements AsyncDisposable {
  readonly result: Promise<CommandResult>
  readonly #child: ChildProcess
  #output = ''
  #readTo = 0
  #wake = Promise.withResolvers<void>()

  constructor(child: ChildProcess) {
    this.#child = child
    child.stdout!.on('data', (chunk: Buffer) => {
      this.#output += stripVTControlCharacters(chunk.toString('utf8'))
      this.#wake.resolve()
      this.#wake = Promise.withResolvers()
    })
    this.result = resultOf(child)
  }

  /**
   * Waits for a text after the one that was last waited for.
   *
   * @throws {Error} if the command exits without printing it
   */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#output.slice(this.#readTo))
      if (match !== null) {
        this.#readTo += match.index + match[0].length
        return match
      }
      const result = await Promise.race([this.#wake.promise, this.result])
      if (result !== undefined) throw new Error(`${pattern} was never printed:\n${result.output}`)
    }
  }

  type(keys: string): void {
    this.#child.stdin!.write(keys)
  }

  /** Output so far. */
  get output(): string {
    return this.#output
  }

  /** Presses Ctrl-C and waits for the exit of the command, which a signal to the terminal would not do. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.type('\u0003')
    await this.result
  }
}

function resultOf(child: ChildProcess): Promise<CommandResult> {
  let output = ''
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk: Buffer) => {
      output += stripVTControlCharacters(chunk.toString('utf8'))
    })
  return new Promise((done, failed) => {
    child.on('error', failed)
    child.on('close', (exitCode) => done({ exitCode, output }))
  })
}
