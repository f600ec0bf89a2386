import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { LogTail } from '../services/log-tail.ts'
import { ManagedProcess, describeExit } from '../services/managed-process.ts'
import type { Reaper } from '../services/reaper/reaper.ts'
import { buildEnv } from './builds.ts'
import { RevisionError, type CheckedOut } from './revision.ts'

/**
 * Commands that install and build a revision. An empty string skips the step.
 *
 * @default by its lockfile and its `build` script
 */
export interface PreparationOptions {
  readonly install?: string | undefined
  readonly build?: string | undefined
}

export interface PreparationContext {
  readonly reaper: Reaper
  readonly signal: AbortSignal
  readonly log: (line: string) => void
}

interface Step {
  readonly what: 'installed' | 'built'
  readonly command: string
  readonly folder: string
}

/** The command with which each package manager installs the locked versions. */
const MANAGERS = [
  { lockfile: 'package-lock.json', name: 'npm', install: 'npm ci' },
  { lockfile: 'npm-shrinkwrap.json', name: 'npm', install: 'npm ci' },
  { lockfile: 'pnpm-lock.yaml', name: 'pnpm', install: 'pnpm install --frozen-lockfile' },
  { lockfile: 'yarn.lock', name: 'yarn', install: 'yarn install --immutable || yarn install --frozen-lockfile' },
  { lockfile: 'bun.lock', name: 'bun', install: 'bun install --frozen-lockfile' },
] as const

/**
 * Installs a revision's dependencies and builds it.
 *
 * @throws {RevisionError} quoting the last lines of the failed command
 */
export async function prepare(
  revision: CheckedOut,
  options: PreparationOptions,
  context: PreparationContext,
): Promise<void> {
  for (const step of stepsFor(revision, options)) {
    context.log(`${revision.label}: ${step.command}`)
    await runStep(step, revision, context)
  }
}

/** Commands that prepare a revision, in order. */
export function stepsFor(
  { folder, worktree }: Pick<CheckedOut, 'folder' | 'worktree'>,
  { install, build }: PreparationOptions,
): Step[] {
  const found = managerOf(folder, worktree)
  const steps: Step[] = []
  const installCommand = install ?? found?.install
  if (installCommand) steps.push({ what: 'installed', command: installCommand, folder: found?.folder ?? folder })
  const buildCommand = build ?? (hasBuildScript(folder) ? `${found?.name ?? 'npm'} run build` : '')
  if (buildCommand) steps.push({ what: 'built', command: buildCommand, folder })
  return steps
}

/** The package manager of the nearest lockfile, from the folder up to the root of the working tree. */
function managerOf(
  folder: string,
  root: string,
): { readonly name: string; readonly install: string; readonly folder: string } | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const manager = MANAGERS.find(({ lockfile }) => existsSync(join(at, lockfile)))
    if (manager !== undefined) return { ...manager, folder: at }
    if (at === root || at === dirname(at)) break
  }
  return existsSync(join(folder, 'package.json')) ? { name: 'npm', install: 'npm install', folder } : undefined
}

function hasBuildScript(folder: string): boolean {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { scripts?: { build?: unknown } }
    return typeof manifest.scripts?.build === 'string'
  } catch {
    return false
  }
}

async function runStep(step: Step, { label }: CheckedOut, { reaper, signal }: PreparationContext): Promise<void> {
  signal.throwIfAborted()
  const [shell, flag] = process.platform === 'win32' ? (['cmd', '/c'] as const) : (['sh', '-c'] as const)
  const child = await ManagedProcess.start({
    command: shell,
    args: [flag, step.command],
    cwd: step.folder,
    env: withoutNpmVariables(buildEnv(process.env, step.folder)),
    reaper,
  })
  const stop = () => void child.stop()
  signal.addEventListener('abort', stop, { once: true })
  const exit = await child.exited
  signal.removeEventListener('abort', stop)
  signal.throwIfAborted()
  if (exit.code === 0) return
  throw new RevisionError(
    `${label} could not be ${step.what}: ${step.command}, ${describeExit(exit)}. ${failureLines(child.log, step.what)}\n` +
      'Fix: pass the commands for this revision with --install and --build; an empty one skips the step',
  )
}

const QUOTED_LINES = 20

/**
 * What a command printed about its failure: the last lines, or those from the first error of an installation by npm, which
 * ends with its usage. A build prints its own errors before those of npm.
 */
export function failureLines(log: LogTail, what: Step['what']): string {
  const lines = log.last()
  const at = what === 'built' ? -1 : lines.findIndex((line) => /^npm (error|ERR!)/.test(line))
  if (at < 0) return `Its last lines:\n${log.quote(QUOTED_LINES)}`
  const errors = lines.slice(at, at + QUOTED_LINES)
  return `Its first errors:\n${errors.map((line) => `  | ${line}`).join('\n')}`
}

/** Removes the variables with which npx describes the package it was called in: for another package they are wrong. */
function withoutNpmVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ofNpm = /^(npm_(package|lifecycle)_.*|npm_config_local_prefix|npm_command|npm_execpath|INIT_CWD|NODE_ENV)$/
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ofNpm.test(name)))
}
