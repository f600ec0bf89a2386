import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const NAME = 'vitest.perf.config'

/**
 * Name of the config in a folder: the existing one, or the one to write. In a package that is not `"type": "module"`, Vite
 * warns about a config with modules unless its name says that it is one.
 */
export function configFile(folder: string): string {
  const existing = ['ts', 'mts', 'js', 'mjs', 'cts', 'cjs'].find((ext) => existsSync(join(folder, `${NAME}.${ext}`)))
  return `${NAME}.${existing ?? (isModule(folder) ? 'ts' : 'mts')}`
}

/** The nearest manifest counts, as for Node. */
function isModule(folder: string): boolean {
  const manifest = join(folder, 'package.json')
  if (!existsSync(manifest)) return dirname(folder) !== folder && isModule(dirname(folder))
  try {
    const { type } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly type?: unknown }
    return type === 'module'
  } catch {
    // Not a valid one: npm will say so.
    return false
  }
}
