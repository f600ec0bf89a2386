import { globSync, statSync } from 'node:fs'
import { extname, join, relative, resolve, sep } from 'node:path'
import { LEFT_OUT_FOLDERS, filesIn } from '../project-files.ts'
import type { Target } from './target.ts'
import { foldersOf, isWithin } from './watched-folders.ts'

/** What in a project is no part of its target. */
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

/** How much of a list a line names. */
const NAMED = 3

/**
 * The files that a target started by us can depend on: those that `watch` names, or all files of the project but
 * installed packages, reports and scenarios.
 *
 * A file that a target writes itself is among them if nothing tells it from a source. So a change of any file restarts
 * the target with the next run, but only a save of what looks like a source begins one: a target that writes a file
 * under load would otherwise be measured for ever.
 */
export class WatchedFiles {
  /** Absolute, for the watcher of the file system. */
  readonly folders: readonly string[]
  readonly #globs: readonly string[] | undefined
  readonly #base: string
  readonly #scope: WatchScope
  /** Folders and files, absolute. */
  readonly #outputs: readonly string[]
  /** Absolute. Vitest itself runs again what imports a file in them. */
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
      // Reports that are written among the sources are known by their names.
      sources.some((source) => isWithin(source, output)) ? REPORTS.map((name) => join(output, name)) : [output],
    )
  }

  /** One line for the person at the terminal. */
  get description(): string {
    if (this.#globs === undefined) {
      const folders = shortList(this.folders.map(shown))
      return `watching ${folders}: the target restarts when a file changes (except in node_modules, reports and scenarios)`
    }
    if (this.#globs.length === 0) return 'watching no file of the target: target({ watch }) is empty'
    return `watching ${shortList(this.#globs)}: the target restarts when a file changes`
  }

  /** Takes the files as they are for those of the target. Call it before the target starts. */
  remember(): void {
    this.#remembered = this.#fingerprint()
  }

  /** Files that were added, removed or written since {@link remember}, from the current folder. */
  changed(): readonly string[] {
    const now = this.#fingerprint()
    const names = unique([...this.#remembered.keys(), ...now.keys()])
    return names.filter((name) => this.#remembered.get(name) !== now.get(name)).map(shown)
  }

  /** Whether a save or the removal of this file, absolute, is a reason to run the scenarios again. */
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

  /** Each file with what tells a change. The time of its status cannot be set back, as that of its content can. */
  #fingerprint(): ReadonlyMap<string, string> {
    const stamps = new Map<string, string>()
    for (const file of this.#files()) {
      const stat = statSync(file, { throwIfNoEntry: false })
      if (stat?.isFile()) stamps.set(file, `${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`)
    }
    return stamps
  }

  #files(): readonly string[] {
    if (this.#globs === undefined)
      return filesIn(this.folders, this.#outputs).filter((file) => !this.#scope.isScenario(file))
    if (this.#globs.length === 0) return []
    const names = globSync([...this.#globs], { cwd: this.#base, exclude: ['**/node_modules/**'] })
    return names.map((name) => join(this.#base, name))
  }
}

/** `a, b, c and 4 more`. */
export function shortList(names: readonly string[]): string {
  const rest = names.length - NAMED
  return rest <= 1 ? names.join(', ') : `${names.slice(0, NAMED).join(', ')} and ${rest} more`
}

/** Endings of what people write, and of what is built from it; not those of logs, uploads and databases. */
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

/** What the reporter writes. */
const REPORTS = ['results.json', 'index.html', 'summary.md', 'comment.md']

const TEST = /[.-](test|spec)\.[^.]+$/

/** A path as a reader at the terminal would write it. */
function shown(path: string): string {
  return relative(process.cwd(), path) || '.'
}

/** A glob up to the first part with a pattern in it. */
function constantPart(glob: string): string {
  const parts = glob.split('/')
  const at = parts.findIndex((part) => /[*?[\]{}()!+@]/.test(part))
  return at === -1 ? glob : parts.slice(0, at).join('/') || (glob.startsWith('/') ? '/' : '.')
}

function unique<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)]
}
