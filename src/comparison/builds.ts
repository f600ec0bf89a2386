import { statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { AsyncDisposableStack } from '@whatwg-node/disposablestack'
import type { Problems } from '../options/problems.ts'
import { object, optional, readOptions, reading } from '../options/schema.ts'
import { startEnvironment, type Environment } from '../services/environment.ts'
import type { Service } from '../services/service.ts'
import type { TargetOptions } from '../services/target/target-options.ts'
import { target } from '../services/target/target.ts'
import type { Build, Builds } from './slice.ts'

/**
 * A build to compare: the URL of a running one, the folder in which to start the config's target, or options of
 * `target()` to start it with.
 */
export type BuildOption = string | TargetOptions

/** The two builds and the services that each of them needs. */
export interface CompareTargets {
  /** The build to compare with. */
  readonly base: BuildOption
  /** The build under test. */
  readonly head: BuildOption
  /** Services, started once for each build, so that neither reads what the other wrote. @default none */
  readonly services?: readonly Service[]
}

/** The config's target as plain data, to be started again in another folder. */
export interface StartableTarget {
  readonly options: TargetOptions
  /** Whether its `env` is a function, which cannot be passed to the worker in which scenarios run. */
  readonly hasEnvFunction: boolean
}

export interface BuildContext {
  readonly signal: AbortSignal
  /** The config's target; `undefined` if the config has none. */
  readonly startable: StartableTarget | undefined
  /** As for `startEnvironment()`. */
  readonly scale: 'full' | number
  readonly log: (line: string) => void
  readonly env: NodeJS.ProcessEnv
}

/** Both running builds. Disposing stops them and their services. */
export interface StartedBuilds extends Builds, AsyncDisposable {}

/** A build or one of its services did not start. */
export class BuildError extends Error {
  /** Name of the class. */
  override readonly name = 'BuildError'
}

const SIDES = ['base', 'head'] as const

/**
 * Starts both builds, each with separate services.
 *
 * @throws {OptionsError} naming every invalid option, before anything is started
 * @throws {BuildError} if one of them does not start, after the other has been cleaned up
 */
export async function startBuilds(targets: CompareTargets, context: BuildContext): Promise<StartedBuilds> {
  const options = readOptions('compare()', targetsOf(context.startable), targets)
  await using stack = new AsyncDisposableStack()
  const [base, head] = await bothOrNone(
    (side, signal) =>
      startOne(side, options[side], targets.services ?? [], { ...context, signal }).then((started) =>
        stack.use(started),
      ),
    context.signal,
  )
  for (const name of sharedServices(base, head))
    context.log(`base and head share ${name}, an external service: each reads what the other writes`)
  const kept = stack.move()
  return {
    base: buildOf('base', base),
    head: buildOf('head', head),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** Names of the services that are external for both environments. */
export function sharedServices(base: Environment, head: Environment): readonly string[] {
  const others = head.details.services
  return Object.entries(base.details.services)
    .filter(([name, { provider }]) => provider === 'external' && others[name]?.provider === 'external')
    .map(([name]) => name)
}

/**
 * Environment variables of a build. The `node_modules/.bin` of its folder comes first in `PATH`, and no variable names an
 * external target in its place.
 */
export function buildEnv(env: NodeJS.ProcessEnv, folder: string | undefined): NodeJS.ProcessEnv {
  const { PERF_TARGET_URL: _url, PERF_TARGET_INTERNAL_URL: _internal, ...rest } = env
  if (folder === undefined) return rest
  return { ...rest, PATH: [join(resolve(folder), 'node_modules/.bin'), env['PATH']].filter(Boolean).join(delimiter) }
}

/** Starts both at the same time. If one fails, starting the other is aborted. */
async function bothOrNone(
  start: (side: 'base' | 'head', signal: AbortSignal) => Promise<Environment>,
  signal: AbortSignal,
): Promise<readonly [Environment, Environment]> {
  const givenUp = new AbortController()
  const either = AbortSignal.any([signal, givenUp.signal])
  const starting = SIDES.map((side) => start(side, either))
  try {
    const [base, head] = await Promise.all(starting)
    return [base!, head!]
  } catch (error) {
    givenUp.abort(error)
    await Promise.allSettled(starting)
    throw error
  }
}

async function startOne(
  side: string,
  options: TargetOptions,
  services: readonly Service[],
  { signal, scale, env }: BuildContext,
): Promise<Environment> {
  try {
    return await startEnvironment(
      { services, target: target(options), scale },
      { signal, env: buildEnv(env, options.cwd) },
    )
  } catch (error) {
    signal.throwIfAborted()
    throw new BuildError(`${side}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

function buildOf(label: string, { details }: Environment): Build {
  const instances = details.target?.instances ?? []
  return {
    label,
    baseUrl: instances[0]!.baseUrl,
    pids: instances.flatMap(({ pid }) => pid ?? []),
    tls: details.target?.tls,
  }
}

const targetsOf = (startable: StartableTarget | undefined) => {
  const build = reading((problems, path, value) => readBuild(problems, path, value, startable))
  return object<CompareTargets>()(
    { base: build, head: build, services: optional(SERVICES) },
    { example: "compare({ base: '../main', head: '.' }, { load, request })" },
  )
}

const SERVICES = reading((problems, path, services) => {
  if (!Array.isArray(services)) problems.add(path, services, 'must be a list of services', 'services: [postgres()]')
  else
    for (const { name, problems: found = [] } of services as readonly Service[])
      problems.merge(`${path}.${name}`, found)
})

function readBuild(
  problems: Problems,
  side: string,
  build: unknown,
  startable: StartableTarget | undefined,
): TargetOptions {
  const example = `${side}: { command: ['node', 'src/main.ts'], cwd: '../${side}' }`
  if (typeof build === 'string') {
    if (/^https?:\/\//.test(build)) return { url: build }
    return inFolder(problems, side, build, startable)
  }
  if (typeof build !== 'object' || build === null) {
    problems.add(side, build, 'must be a URL, a folder, or how to start the build', example)
    return {}
  }
  const options = build as TargetOptions
  problems.merge(side, target(options).problems)
  if (options.command === undefined && options.url === undefined)
    problems.add(side, build, 'must have a command or a URL', example)
  return options
}

function inFolder(
  problems: Problems,
  side: string,
  folder: string,
  startable: StartableTarget | undefined,
): TargetOptions {
  const example = `${side}: { command: ['node', 'src/main.ts'], cwd: '${folder}' }`
  if (!isFolder(folder)) problems.add(side, folder, 'must be a folder that exists, or a URL', example)
  else if (startable?.options.command === undefined)
    problems.add(side, folder, 'is a folder, but the config has no target({ command }) to start in it', example)
  else if (startable.hasEnvFunction)
    problems.add(
      side,
      folder,
      "is a folder, but the config's target has a function as env, which only the config can call",
      example,
    )
  return { ...startable?.options, cwd: folder }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
