import { readdirSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Folders that never hold sources of a target: installed packages, version control, files that tests store. */
export const LEFT_OUT_FOLDERS: ReadonlySet<string> = new Set([
  ...['node_modules', '.git', '.hg', '.svn', '.jj', '.DS_Store'],
  ...['__baselines__', '__snapshots__', '.vitest-reports', '.vitest-attachments'],
])

/** Files that programs and editors write next to sources. */
const BY_PRODUCT = /\.(log|pid|tmp|swp|swx|tsbuildinfo)$|~$|^\.#|^4913$/

/**
 * All files in and below folders, as absolute paths without duplicates. Links are followed; unreadable entries are skipped.
 *
 * @param outputs absolute paths of folders and files to skip
 */
export function filesIn(folders: readonly string[], outputs: readonly string[]): readonly string[] {
  const found: string[] = []
  const visited = new Set<string>()
  const visit = (folder: string) => {
    const real = attempt(() => realpathSync(folder))
    if (real === undefined || visited.has(real)) return
    visited.add(real)
    for (const entry of attempt(() => readdirSync(folder, { withFileTypes: true })) ?? []) {
      const path = join(folder, entry.name)
      if (LEFT_OUT_FOLDERS.has(entry.name) || outputs.includes(path)) continue
      const kind = entry.isSymbolicLink() ? attempt(() => statSync(path)) : entry
      if (kind?.isDirectory()) visit(path)
      else if (kind?.isFile() && !BY_PRODUCT.test(entry.name)) found.push(path)
    }
  }
  for (const folder of folders) visit(folder)
  return found
}

/** `undefined` if `read` throws: files can disappear while they are listed. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
