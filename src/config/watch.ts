import { resolve } from 'node:path'
import { watchedGlobs } from '../services/file-watch.ts'
import type { Target } from '../services/target.ts'

/**
 * Globs, absolute, of files that are no scenario's imports and still change what scenarios measure: the target's own.
 * When one changes in watch mode, everything runs again. None where the target is not ours to restart.
 */
export function targetTriggers(target: Target | undefined, env: NodeJS.ProcessEnv): readonly string[] {
  if (target === undefined || target.isExternal(env)) return []
  const folder = resolve(target.options.cwd ?? '.')
  return watchedGlobs(target.options, folder).map((glob) => resolve(escaped(folder), glob))
}

/** The folders those globs begin in: what lies outside of the project is not watched unless it is named. */
export function watchedFolders(triggers: readonly string[]): readonly string[] {
  return [...new Set(triggers.map((glob) => unescaped(glob.replace(/\/[^/]*(?<!\\)[*?[{(].*$/s, ''))))]
}

const SPECIAL = /[\\*?[\]{}()!+@]/g

/** A folder's name may hold what means something in a glob. */
function escaped(path: string): string {
  return path.replace(SPECIAL, '\\$&')
}

function unescaped(path: string): string {
  return path.replace(/\\(.)/g, '$1')
}
