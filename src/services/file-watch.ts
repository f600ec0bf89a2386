import { existsSync, globSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import type { TargetOptions } from './target-options.ts'

/** Each watched file with what tells a change: its size and when it was last written. */
export function fingerprint(globs: readonly string[], folder: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  if (globs.length === 0) return files
  for (const name of globSync([...globs], { cwd: folder, exclude: ['**/node_modules/**'] })) {
    const stat = statSync(join(folder, name), { throwIfNoEntry: false })
    if (stat?.isFile()) files.set(name, `${stat.size} ${stat.mtimeMs}`)
  }
  return files
}

/** Whether a file was added, removed or written between two fingerprints. */
export function changedSince(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): boolean {
  return before.size !== after.size || [...after].some(([name, stamp]) => before.get(name) !== stamp)
}

/**
 * The globs in effect: the option, or everything beside and below the first file the command names, unless that is the
 * whole project (then reports and scenarios would restart the target too).
 */
export function watchedGlobs({ watch, command = [] }: TargetOptions, folder: string): readonly string[] {
  if (watch) return watch
  const entry = command.slice(1).find((word) => !word.startsWith('-') && existsSync(resolve(folder, word)))
  if (entry === undefined) return []
  const beside = relative(folder, dirname(resolve(folder, entry)))
  return beside === '' || beside.startsWith('..') ? [] : [`${beside}/**/*`]
}
