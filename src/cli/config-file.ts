import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const NAME = 'vitest.perf.config'
/** Folders in which a project's sources usually are. */
const SOURCES = ['.', 'src', 'lib', 'app', 'server', 'test', 'tests', 'perf']

/**
 * Name of the config in a folder: the existing one, or the one to write. In a package that is not `"type": "module"`, Vite
 * warns about a config with modules unless its name says that it is one.
 */
export function configFile(folder: string): string {
  const existing = ['ts', 'mts', 'js', 'mjs', 'cts', 'cjs'].find((ext) => existsSync(join(folder, `${NAME}.${ext}`)))
  return `${NAME}.${existing ?? `${isModule(folder) ? '' : 'm'}${isJavaScript(folder) ? 'js' : 'ts'}`}`
}

/** Name of the first scenario to write beside a config. It is a module, of the config's language. */
export function scenarioFile(folder: string, config: string): string {
  if (!/\.[cm]?js$/.test(config)) return 'perf/first.perf.ts'
  return `perf/first.perf.${isModule(folder) ? 'js' : 'mjs'}`
}

/** The nearest manifest counts, as for Node. */
function isModule(folder: string): boolean {
  return manifestOf(folder)?.type === 'module'
}

/** Whether a project has sources in JavaScript, and nothing of TypeScript. */
function isJavaScript(folder: string): boolean {
  const { dependencies, devDependencies } = manifestOf(folder) ?? {}
  if (hasTsConfig(folder) || 'typescript' in { ...dependencies, ...devDependencies }) return false
  const names = SOURCES.flatMap((name) => namesIn(join(folder, name)))
  return names.some((name) => /\.[cm]?jsx?$/.test(name)) && !names.some((name) => /\.[cm]?tsx?$/.test(name))
}

function hasTsConfig(folder: string): boolean {
  if (existsSync(join(folder, 'tsconfig.json'))) return true
  return dirname(folder) !== folder && hasTsConfig(dirname(folder))
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

interface Manifest {
  readonly type?: unknown
  readonly dependencies?: Readonly<Record<string, unknown>>
  readonly devDependencies?: Readonly<Record<string, unknown>>
}

/** The nearest manifest; `undefined` if there is none, or it is invalid, which npm reports. */
function manifestOf(folder: string): Manifest | undefined {
  const file = join(folder, 'package.json')
  if (!existsSync(file)) return dirname(folder) === folder ? undefined : manifestOf(dirname(folder))
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Manifest
  } catch {
    return undefined
  }
}
