import { isAbsolute, join, relative, resolve } from 'node:path'
import { buildEnv, sharedServices } from '../comparison/builds.ts'
import {
  startEnvironment,
  type Environment,
  type EnvironmentContext,
  type EnvironmentOptions,
} from '../services/environment.ts'
import type { TargetOptions } from '../services/target/target-options.ts'
import { target } from '../services/target/target.ts'

/** Variable in which `vitest-slo compare` passes the other build. */
export const COMPARE_VARIABLE = 'PERF_COMPARE'

/** The other build of a comparison, and options of the comparison. Plain JSON. */
export interface ComparedBase {
  readonly label: string
  /** The working tree of the config, and the one that replaces it. */
  readonly root: string
  readonly worktree: string
  readonly slices?: number
}

/** The other build; `undefined` if this invocation compares nothing. */
export function comparedBase(env: NodeJS.ProcessEnv): ComparedBase | undefined {
  const text = env[COMPARE_VARIABLE]
  return text === undefined || text === '' ? undefined : (JSON.parse(text) as ComparedBase)
}

/**
 * Starts the config's target in the other working tree, with separate services.
 *
 * @throws {Error} if the config's target cannot be started there
 */
export async function startBase(
  base: ComparedBase,
  options: EnvironmentOptions,
  context: EnvironmentContext,
  head: Environment,
): Promise<Environment> {
  const { log = () => {}, env = process.env, signal } = context
  const started = await startEnvironment(
    { ...options, target: target(moved(options.target?.options, base)) },
    {
      env: buildEnv(env, movedPath(process.cwd(), base)),
      log: (line) => log(`${base.label}: ${line}`),
      ...(signal && { signal }),
    },
  )
  for (const name of sharedServices(started, head))
    log(`both builds share the external service ${name}: each reads what the other writes`)
  return started
}

/** Options of the target in the other working tree: free ports, and paths of this working tree moved there. */
export function moved(options: TargetOptions | undefined, base: ComparedBase): TargetOptions {
  if (options?.command === undefined || options.url !== undefined || process.env['PERF_TARGET_URL'])
    throw new Error(
      'vitest-slo compare starts both builds, but the config does not start its target\n' +
        'Fix: use target({ command }) without url, and unset PERF_TARGET_URL',
    )
  const { port: _port, internalPort: _internalPort, ...rest } = options
  return {
    ...rest,
    command: options.command.map((word) => (isAbsolute(word) ? movedPath(word, base) : word)),
    cwd: movedPath(resolve(options.cwd ?? '.'), base),
  }
}

/** A path within this working tree, moved to the other one; other paths are unchanged. */
function movedPath(path: string, { root, worktree }: ComparedBase): string {
  const inside = relative(root, path)
  return inside.startsWith('..') || isAbsolute(inside) ? path : join(worktree, inside)
}
