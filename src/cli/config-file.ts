import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const NAME = 'vitest.perf.config'

/**
 * Name of the config in a folder: the existing one, or the one to write. In a package that is not `"type": "module"`, Vite
 * warns about a config with modules unless its name says that it is one.
 */
export function configFile(folder: string): string {
  const existing = ['ts', 'mts', 'js', 'mjs', 'cts', 'cjs'].find((ext) => existsSync(join(folder, `${NAME}.${ext}`)))
  return `${NAME}.${existing ?? (isModule(folder) ? 'ts' : 'mts')}`
}

function isModule(folder: string): boolean {
  try {
    const { type } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly type?: unknown }
    return type === 'module'
  } catch {
    // No manifest, or not a valid one: npm decides later.
    return false
  }
}
