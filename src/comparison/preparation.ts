import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ManagedProcess, describeExit } from '../services/managed-process.ts'
import type { Reaper } from '../services/reaper/reaper.ts'
import { buildEnv } from './builds.ts'
import { RevisionError, type CheckedOut } from './revision.ts'

/** How a revision is made ready to start. An empty text: not at all. Left out: as its lockfile and scripts say. */
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

/** By lockfile: how each package manager installs exactly what was locked. */
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
 * @throws {RevisionError} quoting the last lines of the command that failed
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

/** The commands, in order. */
export function stepsFor(
  { folder, worktree }: Pick<CheckedOut, 'folder' | 'worktree'>,
  { install, build }: PreparationOptions,
): Step[] {
  const found = managerOf(folder, worktree)
  const steps: Step[] = []
  const installing = install ?? found?.install
  if (installing) steps.push({ what: 'installed', command: installing, folder: found?.folder ?? folder })
  const building = build ?? (hasBuildScript(folder) ? `${found?.name ?? 'npm'} run build` : '')
  if (building) steps.push({ what: 'built', command: building, folder })
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
    env: outsideOfNpm(buildEnv(process.env, step.folder)),
    reaper,
  })
  const stop = () => void child.stop()
  signal.addEventListener('abort', stop, { once: true })
  const exit = await child.exited
  signal.removeEventListener('abort', stop)
  signal.throwIfAborted()
  if (exit.code === 0) return
  throw new RevisionError(
    `${label} could not be ${step.what}: ${step.command}, ${describeExit(exit)}. Its last lines:\n${child.log.quote()}`,
  )
}

/** npx tells its child about the package it was called in; to another package that is wrong. */
function outsideOfNpm(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const told = /^(npm_(package|lifecycle)_.*|npm_config_local_prefix|npm_command|npm_execpath|INIT_CWD|NODE_ENV)$/
  return Object.fromEntries(Object.entries(env).filter(([name]) => !told.test(name)))
}
