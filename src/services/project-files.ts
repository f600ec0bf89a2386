import { readdirSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Folders that hold no source of a target wherever they stand: installed packages, version control, what tests store. */
export const LEFT_OUT_FOLDERS: ReadonlySet<string> = new Set([
  ...['node_modules', '.git', '.hg', '.svn', '.jj', '.DS_Store'],
  ...['__baselines__', '__snapshots__', '.vitest-reports', '.vitest-attachments'],
])

/** What programs and editors write beside sources. */
const BY_PRODUCT = /\.(log|pid|tmp|swp|swx|tsbuildinfo)$|~$|^\.#|^4913$/

/**
 * All files in and below folders, absolute, each once. Links are followed; what cannot be read is left out.
 *
 * @param outputs folders and files to leave out, absolute
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

/** Files come and go while they are listed. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
