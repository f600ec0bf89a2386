import fs from 'node:fs'
import { extname, join, relative, resolve, sep } from 'node:path'
import { LEFT_OUT_FOLDERS, filesIn } from '../project-files.ts'
import type { Target } from './target.ts'
import { foldersOf, isWithin } from './watched-folders.ts'

/** Files of a project that do not belong to its target. */
export interface WatchScope {
  /** Vitest's root. */
  readonly root: string
  /** Folders that reports are written to, absolute. */
  readonly outputs: readonly string[]
  /** Globs of scenarios, from {@link root}. */
  readonly scenarios: readonly string[]
  /** Whether a file, absolute, holds scenarios. */
  isScenario(file: string): boolean
}

/** Number of names in a short list. */
const NAMED = 3

/**
 * Files that a started target can depend on: those that `watch` names, or all files of the project except installed
 * packages, reports and scenarios.
 *
 * They include files that the target writes itself, unless their names differ from those of sources. So a change of any
 * file restarts the target with the next run, but only a change of a source starts one: otherwise a target that writes a
 * file under load would be measured in an endless loop.
 */
export class WatchedFiles {
  /** Absolute, for the watcher of the file system. */
  readonly folders: readonly string[]
  readonly #globs: readonly string[] | undefined
  readonly #base: string
  readonly #scope: WatchScope
  /** Folders and files, absolute. */
  readonly #outputs: readonly string[]
  /** Absolute. Vitest itself reruns scenarios that import a file in them. */
  readonly #scenarioFolders: readonly string[]
  #remembered: ReadonlyMap<string, string> = new Map()

  constructor({ options }: Target, scope: WatchScope) {
    this.#scope = scope
    this.#base = resolve(options.cwd ?? '.')
    this.#globs = options.watch
    const command = (options.command ?? []).map((word) => resolve(this.#base, word))
    this.#scenarioFolders = scope.scenarios
      .map((glob) => resolve(scope.root, constantPart(glob)))
      .filter((folder) => !command.some((path) => isWithin(path, folder)))
    this.folders =
      options.watch === undefined
        ? foldersOf(options.command ?? [], this.#base, scope.root)
        : unique(options.watch.map((glob) => resolve(this.#base, constantPart(glob))))
    const sources = [...this.folders, ...command]
    this.#outputs = scope.outputs.flatMap((output) =>
      // Reports among the sources are recognized by their names.
      sources.some((source) => isWithin(source, output)) ? REPORTS.map((name) => join(output, name)) : [output],
    )
  }

  /** One line for the terminal. */
  get description(): string {
    if (this.#globs === undefined) {
      const folders = shortList(this.folders.map(shown))
      return `watching ${folders}: the target restarts when a file changes (except in node_modules, reports and scenarios)`
    }
    if (this.#globs.length === 0) return 'watching no file of the target: target({ watch }) is empty'
    return `watching ${shortList(this.#globs)}: the target restarts when a file changes`
  }

  /** Stores the current state of the files. Call it before the target starts. */
  remember(): void {
    this.#remembered = this.#fingerprint()
  }

  /** Files that were added, removed or written since {@link remember}, from the current folder. */
  changed(): readonly string[] {
    const now = this.#fingerprint()
    const names = unique([...this.#remembered.keys(), ...now.keys()])
    return names.filter((name) => this.#remembered.get(name) !== now.get(name)).map(shown)
  }

  /** Whether a change or removal of this file, absolute, reruns the scenarios. */
  isSource(file: string): boolean {
    if (this.#globs !== undefined) return this.#remembered.has(file) || this.#files().includes(file)
    const folder = this.folders.find((one) => isWithin(file, one))
    if (folder === undefined || !SOURCE.has(extname(file)) || TEST.test(file)) return false
    if (this.#scenarioFolders.some((one) => isWithin(file, one)) || this.#scope.isScenario(file)) return false
    if (this.#outputs.some((output) => isWithin(file, output))) return false
    return !relative(folder, file)
      .split(sep)
      .some((part) => LEFT_OUT_FOLDERS.has(part))
  }

  /** Fingerprint of each file. Includes the time of the status change, which cannot be reset as that of the content can. */
  #fingerprint(): ReadonlyMap<string, string> {
    const stamps = new Map<string, string>()
    for (const file of this.#files()) {
      const stat = fs.statSync(file, { throwIfNoEntry: false })
      if (stat?.isFile()) stamps.set(file, `${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`)
    }
    return stamps
  }

  #files(): readonly string[] {
    if (this.#globs === undefined)
      return filesIn(this.folders, this.#outputs).filter((file) => !this.#scope.isScenario(file))
    if (this.#globs.length === 0) return []
    const names = fs.globSync([...this.#globs], { cwd: this.#base, exclude: ['**/node_modules/**'] })
    return names.map((name) => join(this.#base, name))
  }
}

/** `a, b, c and 4 more`. */
export function shortList(names: readonly string[]): string {
  const rest = names.length - NAMED
  return rest <= 1 ? names.join(', ') : `${names.slice(0, NAMED).join(', ')} and ${rest} more`
}

/** Extensions of source and build files; not those of logs, uploads and databases. */
const SOURCE = new Set([
  ...['', '.js', '.mjs', '.cjs', '.jsx', '.ts', '.mts', '.cts', '.tsx', '.json', '.jsonc', '.json5', '.node', '.wasm'],
  ...['.yaml', '.yml', '.toml', '.ini', '.conf', '.cfg', '.properties', '.xml', '.env', '.local', '.production'],
  ...['.sql', '.prisma', '.graphql', '.gql', '.proto', '.lua', '.lock', '.pem', '.crt', '.key', '.sh'],
  ...[
    '.html',
    '.htm',
    '.css',
    '.scss',
    '.ejs',
    '.hbs',
    '.mustache',
    '.pug',
    '.njk',
    '.liquid',
    '.eta',
    '.vue',
    '.svelte',
  ],
  ...[
    '.go',
    '.rs',
    '.py',
    '.rb',
    '.php',
    '.java',
    '.kt',
    '.scala',
    '.clj',
    '.cs',
    '.fs',
    '.ex',
    '.exs',
    '.erl',
    '.jar',
  ],
  ...['.c', '.cc', '.cpp', '.h', '.hpp', '.zig', '.swift', '.dart', '.so', '.dll', '.exe'],
])

/** Files that the reporter writes. */
const REPORTS = ['results.json', 'index.html', 'summary.md', 'comment.md']

const TEST = /[.-](test|spec)\.[^.]+$/

/** The path relative to the current folder. */
function shown(path: string): string {
  return relative(process.cwd(), path) || '.'
}

/** The glob up to its first part with a pattern. */
function constantPart(glob: string): string {
  const parts = glob.split('/')
  const at = parts.findIndex((part) => /[*?[\]{}()!+@]/.test(part))
  return at === -1 ? glob : parts.slice(0, at).join('/') || (glob.startsWith('/') ? '/' : '.')
}

function unique<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)]
}
