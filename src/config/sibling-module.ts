import { fileURLToPath } from 'node:url'

/** Path of a module in this folder, without its extension: `.ts` in the repository, `.js` in the package. */
export function siblingModule(name: string): string {
  return fileURLToPath(new URL(`${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url))
}
