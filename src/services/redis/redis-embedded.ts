import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { ManagedProcess, describeExit } from '../managed-process.ts'
import { freePort } from '../ports.ts'
import { ServiceError, type ServiceContext } from '../service.ts'
import { waitFor } from '../waiting.ts'
import type { RedisServer, RedisServerOptions } from './redis-server.ts'

const COMMANDS = ['redis-server', 'valkey-server']
const FOLDERS = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin']
const START_MS = 15_000
const PORT_ATTEMPTS = 3

/**
 * Starts the `redis-server` or `valkey-server` on the path (or in the usual folders), on loopback, without writing to
 * disk.
 */
export async function startEmbeddedRedis(
  options: RedisServerOptions,
  context: ServiceContext,
  folders = searchPath(context.env),
): Promise<RedisServer> {
  const command = findServer(folders)
  if (command === undefined) throw notInstalled(options.name)
  for (let attempt = 1; ; attempt++) {
    const server = await launch(command, options, context)
    if (server !== 'port taken') return server
    if (attempt === PORT_ATTEMPTS) throw startFailure(options.name, `its port was taken ${attempt} times in a row`, '')
  }
}

function searchPath(env: NodeJS.ProcessEnv): readonly string[] {
  return [...(env['PATH'] ?? '').split(delimiter).filter(Boolean), ...FOLDERS]
}

/** Full path of the first server program that this user may run. */
function findServer(folders: readonly string[]): string | undefined {
  return COMMANDS.flatMap((command) => folders.map((folder) => join(folder, command))).find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

async function launch(
  command: string,
  { name, password }: RedisServerOptions,
  context: ServiceContext,
): Promise<RedisServer | 'port taken'> {
  const port = await freePort()
  const folder = context.reaper.temporaryFolder('redis')
  const config = [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    `dir ${quoted(folder.path)}`,
    'save ""',
    'appendonly no',
    'daemonize no',
    'logfile ""',
  ]
  const run = () => startProcess(name, command, folder.path, config, context)
  try {
    const first = await run()
    if (first === 'port taken') {
      folder.remove()
      return first
    }
    let server = first
    return {
      provider: 'embedded',
      place: `127.0.0.1:${port}`,
      url: `redis://:${password}@127.0.0.1:${port}/0`,
      async stop() {
        await server.stop()
        folder.remove()
      },
      disruptions: {
        async pause() {
          const resume = server.freeze()
          return async () => resume()
        },
        async restart() {
          await server.kill()
          const next = await run()
          if (next === 'port taken') throw startFailure(name, `its port ${port} was taken while it was down`, '')
          server = next
        },
      },
    }
  } catch (error) {
    folder.remove()
    throw error
  }
}

/** Quoted for the server's configuration: a path may contain spaces, quotes and control characters. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/[\n\r\t]/g, (char) => ESCAPES.get(char)!)}"`
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
])

async function startProcess(
  name: string,
  command: string,
  folder: string,
  config: readonly string[],
  { reaper, signal, env }: ServiceContext,
): Promise<ManagedProcess | 'port taken'> {
  const { promise: ready, resolve: markReady } = Promise.withResolvers<'ready'>()
  const server = await ManagedProcess.start({
    command,
    // From standard input: every user of the machine can read arguments, and so the password.
    args: ['-'],
    input: `${config.join('\n')}\n`,
    cwd: folder,
    env: { PATH: env['PATH'] },
    reaper,
    onOutput: (chunk) => {
      if (chunk.includes('eady to accept connections')) markReady('ready')
    },
  }).catch((error: Error) => {
    throw startFailure(name, `${command} cannot be run: ${error.message}`, '')
  })
  const outcome = await waitFor(Promise.race([ready, server.exited]), { signal, timeoutMs: START_MS })
  if (outcome === 'ready') return server
  await server.stop(0)
  signal.throwIfAborted()
  if (/address already in use/i.test(server.log.quote())) return 'port taken'
  const problem =
    typeof outcome === 'object'
      ? `it exited immediately: ${describeExit(outcome)}`
      : `it was not ready within ${START_MS / 1000} s`
  throw startFailure(name, problem, server.log.quote())
}

function notInstalled(subject: string): ServiceError {
  return new ServiceError(subject, {
    problem: `no Docker engine is used, and neither ${COMMANDS.join(' nor ')} is on the path`,
    fix: [
      'install Redis:',
      '    Debian, Ubuntu:  apt-get install redis-server',
      '    macOS:           brew install redis',
      '  or start a Docker engine (npm install --save-dev redis testcontainers @testcontainers/redis),',
      '  or set PERF_REDIS_URL to the URL of a running server',
    ].join('\n'),
  })
}

function startFailure(subject: string, problem: string, details: string): ServiceError {
  return new ServiceError(subject, {
    problem: `the embedded Redis did not start: ${problem}`,
    details,
    fix: 'check its last lines above, which name any unknown setting; or use another provider: PERF_REDIS_PROVIDER=container, or PERF_REDIS_URL',
  })
}
