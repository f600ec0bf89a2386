import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

const HERE = import.meta.dirname
const ROOT = resolve(HERE, '../..')
export const REPORTER = join(HERE, 'reporter.ts')

export interface InlineRun {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  /** Both streams, as written. */
  readonly output: string
}

/** A project of given files in a temporary folder, for tests that run the real Vitest on it. */
export class InlineProject implements AsyncDisposable {
  readonly root: string

  private constructor(root: string) {
    this.root = root
  }

  static async create(files: Readonly<Record<string, string>>): Promise<InlineProject> {
    const project = new InlineProject(await mkdtemp(join(tmpdir(), 'slo-inline-')))
    await symlink(join(ROOT, 'node_modules'), join(project.root, 'node_modules'))
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

  /** Runs Vitest to its end. Without CI's and the outer Vitest's variables; `env` is added. */
  run(args: readonly string[] = ['run'], env: NodeJS.ProcessEnv = {}): Promise<InlineRun> {
    const child = spawn(process.execPath, [join(ROOT, 'node_modules/vitest/vitest.mjs'), ...args], {
      cwd: this.root,
      env: { ...cleanEnv(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const run = { stdout: '', stderr: '', output: '' }
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (chunk: string) => {
        run[stream] += chunk
        run.output += chunk
      })
    }
    return new Promise((done, failed) => {
      child.on('error', failed)
      child.on('close', (exitCode) => done({ exitCode, ...run }))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true })
  }
}

/** A config with the reporter beside Vitest's default one. @param reporters as source, e.g. `'default', [REPORTER, {}]` */
export function configSource(options: object = {}, others = "'default'"): string {
  const reporter = `[${JSON.stringify(REPORTER)}, ${JSON.stringify(options)}]`
  return `export default { test: { include: ['**/*.perf.ts'], reporters: [${others}, ${reporter}], maxWorkers: 1 } }`
}

/** The text without colours, one line a row. */
export function plainText(output: string): string {
  return stripVTControlCharacters(output)
}

function cleanEnv(): NodeJS.ProcessEnv {
  const unwanted = /^(?:VITEST|CI$|GITHUB_|NO_COLOR$|FORCE_COLOR$|NODE_ENV$|TEST$|MODE$|PROD$|DEV$)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !unwanted.test(name)))
}
