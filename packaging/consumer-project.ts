import { spawn, type ChildProcess } from 'node:child_process'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { arch, platform, tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

const ROOT = resolve(import.meta.dirname, '..')
/** What a reader of the README installs, the servers, and what `micro` needs. */
const PACKAGES = ['typescript', '@types/node@24', 'express', '@types/express', 'fastify', 'tinybench', '@types/ws']

export interface Ended {
  readonly exitCode: number | null
  /** Both streams, without colours. */
  readonly output: string
}

/** A project outside of the repository that has nothing of ours but the packed tarball. */
export class ConsumerProject implements AsyncDisposable {
  readonly root: string
  /** Where the programs of the chosen Node are; empty for the one that runs the test. */
  #nodeFolder = ''

  private constructor(root: string) {
    this.root = root
  }

  /** Packs what was built and installs it with its peers. @param vitest the version to install */
  static async create(vitest: string): Promise<ConsumerProject> {
    const project = new ConsumerProject(await mkdtemp(join(tmpdir(), 'slo consumer-')))
    await cp(join(import.meta.dirname, 'consumer'), project.root, { recursive: true })
    await project.#must('.', 'npm', 'pack', join(ROOT, 'dist'))
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    const tarball = `./vitest-slo-${version}.tgz`
    await project.#must('.', 'npm', 'install', '--save-dev', tarball, `vitest@${vitest}`, ...PACKAGES)
    return project
  }

  /** From now on commands run on this version of Node, which comes as a package of its own. */
  async useNode(version: string): Promise<void> {
    const name = `node-${platform()}-${arch()}`
    const folder = `node-${version}`
    await this.#must('.', 'npm', 'install', '--prefix', folder, `${name}@${version}`)
    this.#nodeFolder = join(this.root, folder, 'node_modules', name, 'bin')
  }

  path(name: string): string {
    return join(this.root, name)
  }

  /** Runs a command in a folder of the project to its end. */
  run(folder: string, ...command: readonly [string, ...string[]]): Promise<Ended> {
    const [program, ...args] = command
    return outcome(spawn(program, args, { ...this.#options(folder), stdio: ['ignore', 'pipe', 'pipe'] }))
  }

  /** Starts a command in a terminal; what it prints is plain text. */
  startInTerminal(folder: string, command: string): TerminalSession {
    return new TerminalSession(spawn('script', ['-qefc', command, '/dev/null'], this.#options(folder)))
  }

  async #must(folder: string, ...command: readonly [string, ...string[]]): Promise<void> {
    const { exitCode, output } = await this.run(folder, ...command)
    if (exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${exitCode}:\n${output}`)
  }

  /** Without what npm and Vitest tell the processes they start, and without the programs of the repository. */
  #options(folder: string) {
    const unwanted = /^(npm_|VITEST|CI$|GITHUB_|NODE_ENV$|NODE_OPTIONS$|TEST$|MODE$|PERF_)/
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !unwanted.test(name)))
    const path = (env['PATH'] ?? '').split(delimiter).filter((entry) => !entry.startsWith(ROOT))
    const nodeFolder = this.#nodeFolder || resolve(process.execPath, '..')
    return { cwd: join(this.root, folder), env: { ...env, PATH: [nodeFolder, ...path].join(delimiter), NO_COLOR: '1' } }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true })
  }
}

/** A command in a terminal. */
export class TerminalSession implements AsyncDisposable {
  readonly ended: Promise<Ended>
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
    this.ended = outcome(child)
  }

  /**
   * Waits for a text that was not waited for before.
   *
   * @throws {Error} if the command ends without it
   */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#output.slice(this.#readTo))
      if (match !== null) {
        this.#readTo += match.index + match[0].length
        return match
      }
      const ended = await Promise.race([this.#wake.promise, this.ended])
      if (ended !== undefined) throw new Error(`${pattern} was never printed:\n${ended.output}`)
    }
  }

  type(keys: string): void {
    this.#child.stdin!.write(keys)
  }

  /** Ends the command as closing its terminal does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill()
    await this.ended
  }
}

function outcome(child: ChildProcess): Promise<Ended> {
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
