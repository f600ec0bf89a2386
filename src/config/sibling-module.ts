import { fileURLToPath } from 'node:url'

/** Path of a module beside this one, named without its ending: `.ts` in the repository, `.js` in the package. */
export function siblingModule(name: string): string {
  return fileURLToPath(new URL(`${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url))
}
