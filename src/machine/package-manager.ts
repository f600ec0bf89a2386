import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'bun'

const LOCK_FILES: readonly (readonly [file: string, manager: PackageManager])[] = [
  ['package-lock.json', 'npm'],
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
]

/** The package manager of the nearest lock file, in a folder or above it; npm if there is none. */
export function packageManagerOf(folder: string): PackageManager {
  const found = LOCK_FILES.find(([file]) => existsSync(join(folder, file)))
  if (found !== undefined) return found[1]
  const isRoot = dirname(folder) === folder || existsSync(join(folder, '.git'))
  return isRoot ? 'npm' : packageManagerOf(dirname(folder))
}

const ADD = {
  npm: 'npm install --save-dev',
  pnpm: 'pnpm add --save-dev',
  yarn: 'yarn add --dev',
  bun: 'bun add --dev',
} as const satisfies Record<PackageManager, string>

/** The command that adds development dependencies: `pnpm add --save-dev pg`. */
export function addCommand(manager: PackageManager, packages: readonly string[]): string {
  return `${ADD[manager]} ${packages.join(' ')}`
}
