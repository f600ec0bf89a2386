import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { addCommand, packageManagerOf } from '../machine/package-manager.ts'
import { configFile, scenarioFile } from './config-file.ts'
import { readCommand, readPath, readUrl } from './init-answers.ts'
import { initFiles, type InitAnswers, type InitFile } from './init-files.ts'
import { NoAnswerError, Prompt } from './prompt.ts'
import { readArguments } from './read-arguments.ts'
import type { Terminal } from './streams.ts'

const HELP = `Usage: vitest-slo init [options]

Writes vitest.perf.config.ts, a first scenario and a workflow for pull requests to this folder (vitest.perf.config.mts if its
package.json is not "type": "module"; .js or .mjs if the project has no TypeScript). In a terminal, asks for values that no option gives, and before it replaces an
existing file.

  --url <url>         URL of a running service, e.g. http://127.0.0.1:3000
  --command <words>   Or the command that starts it, e.g. "node server.js"; it receives its port in the variable PORT
  --path <path>       Path of the first request. Default: /
  --ready <path>      Path that returns 2xx once the service is ready. Default: the path of the first request
  --no-workflow       Write no workflow for pull requests
  -y, --yes           Use the defaults without questions, and keep existing files
  --dry-run           Print what would be written, and write nothing
  -h, --help          Show this help

Exit code: 0 if all files are written or existed, 1 if a file could not be written, 2 if an argument is invalid,
130 if stopped at a question.
`

const DEFAULT_URL = 'http://127.0.0.1:3000'

/**
 * `vitest-slo init`.
 *
 * @param args arguments after `init`
 * @param folder folder to write to
 * @returns the exit code
 */
export async function init(
  args: readonly string[],
  terminal: Terminal = process,
  folder: string = process.cwd(),
): Promise<number> {
  const { stdout, stderr } = terminal
  let options: InitOptions
  try {
    options = parse(args)
  } catch (error) {
    stderr.write(`vitest-slo init: ${messageOf(error)}\n\n${HELP}`)
    return 2
  }
  if (options.help) {
    stdout.write(HELP)
    return 0
  }
  const isInteractive = terminal.stdin.isTTY === true && !options.yes
  if (!isInteractive && !options.yes && options.url === undefined && options.command === undefined) {
    stderr.write(
      `vitest-slo init: without a terminal, the URL of the service or its command is required\nFix: --url ${DEFAULT_URL}, or --command "node server.js"\n`,
    )
    return 2
  }
  const config = configFile(folder)
  const inRepository = relative(repositoryRoot(folder), folder).split(sep).join('/')
  using prompt = isInteractive ? new Prompt(terminal) : undefined
  try {
    const files = initFiles(await answersFor(options, prompt), {
      ...{ name: config, install: INSTALL[packageManagerOf(folder)], folder: inRepository },
      scenarioPath: scenarioFile(folder, config),
    })
    const kept: string[] = []
    for (const file of files)
      if ((await writeInitFile(file, folder, options, prompt, terminal)) === 'kept') kept.push(file.path)
    if (inRepository !== '' && files.some(({ path }) => path.startsWith('..'))) {
      stdout.write(`\nThe workflow is at the root of the git repository: GitHub ignores those in ${inRepository}/.\n`)
    }
    if (kept.length > 0) stdout.write(notApplied(kept))
    if (!options.dryRun) stdout.write(await nextSteps(folder, config))
    return 0
  } catch (error) {
    if (error instanceof NoAnswerError) stderr.write('\nvitest-slo init: stopped\n')
    else stderr.write(`vitest-slo init: ${messageOf(error)}\n`)
    return error instanceof NoAnswerError ? 130 : 1
  }
}

interface InitOptions extends Partial<InitAnswers> {
  readonly help: boolean
  readonly yes: boolean
  readonly dryRun: boolean
}

/** @throws {Error} naming the invalid argument */
function parse(args: readonly string[]): InitOptions {
  const { values } = readArguments({
    args: [...args],
    allowNegative: true,
    options: {
      url: { type: 'string' },
      command: { type: 'string' },
      path: { type: 'string' },
      ready: { type: 'string' },
      workflow: { type: 'boolean' },
      yes: { type: 'boolean', short: 'y', default: false },
      'dry-run': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.url !== undefined && values.command !== undefined) {
    throw new Error('--url is for a running service, and --command starts one\nFix: pass only one of them')
  }
  return {
    help: values.help,
    yes: values.yes,
    dryRun: values['dry-run'],
    ...(values.url !== undefined && { url: readUrl(values.url) }),
    ...(values.command !== undefined && { command: readCommand(values.command) }),
    ...(values.path !== undefined && { path: readPath(values.path) }),
    ...(values.ready !== undefined && { ready: readPath(values.ready) }),
    ...(values.workflow !== undefined && { workflow: values.workflow }),
  }
}

async function answersFor(options: InitOptions, prompt: Prompt | undefined): Promise<InitAnswers> {
  const ask = <T>(question: string, fallback: string, read: (answer: string) => T): Promise<T> | T =>
    prompt === undefined ? read(fallback) : prompt.ask(question, fallback, read)
  let { url, command } = options
  if (url === undefined && command === undefined) {
    command = await ask(
      'Which command starts the service, e.g. node server.js (empty if it is running)?',
      '',
      readCommand,
    )
    if (command === undefined) url = await ask('What is its URL?', DEFAULT_URL, readUrl)
  }
  const path = options.path ?? (await ask('Path of the first request?', '/', readPath))
  const ready = options.ready ?? path
  const workflow = options.workflow ?? (await prompt?.confirm('Write a workflow for pull requests?', true)) ?? true
  return { url, command, path, ready, workflow }
}

async function writeInitFile(
  { path, content }: InitFile,
  folder: string,
  { dryRun }: InitOptions,
  prompt: Prompt | undefined,
  { stdout }: Terminal,
): Promise<'kept' | undefined> {
  const file = join(folder, path)
  const existing = existsSync(file) ? await readFile(file, 'utf8') : undefined
  if (existing === content) {
    stdout.write(`unchanged  ${path}\n`)
    return undefined
  }
  if (dryRun) {
    const indented = content.replace(/^(?=.)/gm, '    ')
    stdout.write(
      existing === undefined
        ? `would write ${path}\n${indented}\n`
        : `exists      ${path}, which differs: kept unless you confirm that it is replaced\n`,
    )
    return undefined
  }
  const replace = existing !== undefined && (await prompt?.confirm(`${path} already exists. Replace it?`, false))
  if (existing !== undefined && !replace) {
    stdout.write(`kept       ${path}\n`)
    return 'kept'
  }
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, content)
  stdout.write(`${replace ? 'replaced ' : 'written  '}  ${path}\n`)
  return undefined
}

function notApplied(kept: readonly string[]): string {
  const files = kept.join(', ')
  return `\nNot applied: ${files} differ${kept.length === 1 ? 's' : ''} from what these options generate, and ${kept.length === 1 ? 'was' : 'were'} kept.\nFix: change ${kept.length === 1 ? 'it' : 'them'} by hand, or remove ${kept.length === 1 ? 'it' : 'them'} and run init again.\n`
}

/** The command that installs the project's dependencies in CI, by its package manager. */
const INSTALL = {
  npm: 'npm ci',
  pnpm: 'corepack enable && pnpm install --frozen-lockfile',
  yarn: 'corepack enable && yarn install --immutable',
  bun: 'npm install --global bun && bun install --frozen-lockfile',
} as const

/** Root of the git repository that contains a folder; the folder itself if there is none. */
function repositoryRoot(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at
    if (at === dirname(at)) return folder
  }
}

async function nextSteps(folder: string, config: string): Promise<string> {
  const manifest = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '')
  const missing = ['vitest', 'vitest-slo'].filter((name) => !manifest.includes(`"${name}"`))
  const install = missing.length === 0 ? [] : [`  ${addCommand(packageManagerOf(folder), missing)}`]
  const ignored = await readFile(join(folder, '.gitignore'), 'utf8').catch(() => '')
  const ignore = ignored.includes('perf-report') ? [] : ['  echo perf-report/ >> .gitignore']
  return ['', 'Next:', ...install, ...ignore, `  npx vitest run --config ${config}`, ''].join('\n')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
