import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const SCHEMA = `
CREATE DATABASE shop;
CREATE TABLE shop.payments (id bigint AUTO_INCREMENT PRIMARY KEY, run_id varchar(80), idempotency_key varchar(200), amount decimal(12, 2));
CREATE USER perf@'%' IDENTIFIED BY 'perf';
GRANT ALL ON shop.* TO perf@'%';
`

/** Whether this machine has a MariaDB server, as installed by Debian's package `mariadb-server`. */
export function hasMariadb(): boolean {
  return ['mariadbd', 'mariadb-install-db'].every((name) => spawnSync('which', [name]).status === 0)
}

/** Starts a MariaDB server in a temporary folder; it creates the schema when it starts. */
export async function startMariadb(): Promise<{ readonly url: string } & AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), 'mariadb-'))
  chmodSync(folder, 0o755)
  const data = join(folder, 'data')
  const user = process.getuid?.() === 0 ? ['--user=root'] : []
  const common = ['--no-defaults', `--datadir=${data}`]
  const made = spawnSync(
    'mariadb-install-db',
    [...common, ...user, '--skip-test-db', '--auth-root-authentication-method=normal'],
    {
      encoding: 'utf8',
    },
  )
  if (made.status !== 0) throw new Error(made.stdout + made.stderr)
  writeFileSync(join(folder, 'schema.sql'), SCHEMA)
  const port = await freePort()
  const server = spawn(
    'mariadbd',
    [
      ...common,
      ...user,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      '--skip-name-resolve',
      '--innodb-flush-log-at-trx-commit=0',
      `--socket=${join(folder, 'socket')}`,
      `--pid-file=${join(folder, 'pid')}`,
      `--init-file=${join(folder, 'schema.sql')}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const log: string[] = []
  const ready = Promise.withResolvers<void>()
  server.stderr.setEncoding('utf8').on('data', (text: string) => {
    log.push(text)
    if (log.join('').includes('ready for connections')) ready.resolve()
  })
  server.once('exit', () => ready.reject(new Error(log.join(''))))
  await ready.promise
  return {
    url: `mysql://perf:perf@127.0.0.1:${port}/shop`,
    async [Symbol.asyncDispose]() {
      const exited = once(server, 'exit')
      server.kill('SIGTERM')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
