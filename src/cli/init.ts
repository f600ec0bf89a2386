import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readCommand, readPath, readUrl } from './init-answers.ts'
import { CONFIG, initFiles, type InitAnswers, type InitFile } from './init-files.ts'
import { NoAnswerError, Prompt } from './prompt.ts'
import { readArguments } from './read-arguments.ts'
import type { Terminal } from './streams.ts'

const HELP = `Usage: vitest-slo init [options]

Writes ${CONFIG}, a first scenario and a workflow for pull requests into this folder. Asks for what no option
says where there is a terminal to ask at. A file that is there already is replaced only where you say so.

  --url <url>         Where the service runs, e.g. http://127.0.0.1:3000
  --command <words>   How it is started instead, e.g. "node server.js"; it is told its port in the variable PORT
  --path <path>       Path of the first request. Default: /
  --ready <path>      Path that answers 2xx once the service can take load. Default: the path of the first request
  --no-workflow       No workflow for pull requests
  -y, --yes           Ask nothing, take the defaults, leave what is there
  --dry-run           Print what would be written, write nothing
  -h, --help          This text

Exit code: 0 when all is written or was there, 1 when something could not be written, 2 when called wrongly,
130 when stopped at a question.
`

const DEFAULT_URL = 'http://127.0.0.1:3000'

/**
 * `vitest-slo init`.
 *
 * @param args what stands after `init` on the command line
 * @param folder where to
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
  const asks = terminal.stdin.isTTY === true && !options.yes
  if (!asks && !options.yes && options.url === undefined && options.command === undefined) {
    stderr.write(
      `vitest-slo init: there is no terminal to ask at: say where the service runs, e.g. --url ${DEFAULT_URL}\n`,
    )
    return 2
  }
  using prompt = asks ? new Prompt(terminal) : undefined
  try {
    const files = initFiles(await answersFor(options, prompt), installLine(folder))
    const kept: string[] = []
    for (const file of files) if ((await put(file, folder, options, prompt, terminal)) === 'kept') kept.push(file.path)
    if (kept.length > 0) stdout.write(notApplied(kept))
    if (!options.dryRun) stdout.write(await nextSteps(folder))
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

/** @throws {Error} whose message says what is wrong with the arguments */
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
    throw new Error('--url says that the service runs already, --command how to start it: give one of them')
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
    command = await ask('How is the service started, e.g. node server.js (empty: it runs already)?', '', readCommand)
    if (command === undefined) url = await ask('Where does it run?', DEFAULT_URL, readUrl)
  }
  const path = options.path ?? (await ask('Path of the first request?', '/', readPath))
  const ready = options.ready ?? path
  const workflow = options.workflow ?? (await prompt?.confirm('A workflow for pull requests?', true)) ?? true
  return { url, command, path, ready, workflow }
}

async function put(
  { path, content }: InitFile,
  folder: string,
  { dryRun }: InitOptions,
  prompt: Prompt | undefined,
  { stdout }: Terminal,
): Promise<'kept' | undefined> {
  const file = join(folder, path)
  const found = existsSync(file) ? await readFile(file, 'utf8') : undefined
  if (found === content) {
    stdout.write(`unchanged  ${path}\n`)
    return undefined
  }
  if (dryRun) {
    const indented = content.replace(/^(?=.)/gm, '    ')
    stdout.write(`${found === undefined ? 'would write' : 'is there    '} ${path}\n${indented}\n`)
    return undefined
  }
  const replace = found !== undefined && (await prompt?.confirm(`${path} is there already. Replace it?`, false))
  if (found !== undefined && !replace) {
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
  return `\nNot applied: ${files} differ${kept.length === 1 ? 's' : ''} from what these options give, and ${kept.length === 1 ? 'was' : 'were'} kept.\nFix: change ${kept.length === 1 ? 'it' : 'them'} by hand, or remove ${kept.length === 1 ? 'it' : 'them'} and run init again.\n`
}

/** What installs the project's dependencies in CI, by the lock file that is there. */
function installLine(folder: string): string {
  if (existsSync(join(folder, 'pnpm-lock.yaml'))) return 'corepack enable && pnpm install --frozen-lockfile'
  if (existsSync(join(folder, 'yarn.lock'))) return 'corepack enable && yarn install --immutable'
  return 'npm ci'
}

async function nextSteps(folder: string): Promise<string> {
  const manifest = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '')
  const missing = ['vitest', 'vitest-slo'].filter((name) => !manifest.includes(`"${name}"`))
  const install = missing.length === 0 ? [] : [`  npm install --save-dev ${missing.join(' ')}`]
  const ignored = await readFile(join(folder, '.gitignore'), 'utf8').catch(() => '')
  const ignore = ignored.includes('perf-report') ? [] : ['  echo perf-report/ >> .gitignore']
  return ['', 'Next:', ...install, ...ignore, `  npx vitest run --config ${CONFIG}`, ''].join('\n')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
