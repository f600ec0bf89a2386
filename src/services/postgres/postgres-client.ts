import { isAllowedByName } from '../../machine/allowed-hosts.ts'
import { storeLocation } from '../../machine/store-location.ts'
import { postgresTlsProblem } from '../../machine/store-tls.ts'
import { loadOptional } from '../../options/optional-package.ts'
import { redactText, secretsOf } from '../../options/redact.ts'
import { asError, codeOf } from '../failure.ts'
import { ServiceError } from '../service.ts'

/** Connection for `migrate` and `seed`: one session, outside a transaction. */
export interface PostgresConnection {
  /** URL for a migration tool of your own. Contains the password. */
  readonly url: string
  /**
   * Runs SQL and returns the rows. Without `values`, `sql` may contain several statements; the rows are those of the last.
   * @throws {Error} the driver's error, with its SQLSTATE in `code`
   */
  query<Row extends object = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<readonly Row[]>
}

/** A session of this package. */
export interface PostgresSession extends PostgresConnection, AsyncDisposable {
  /** Waits for pending queries. @throws {Error} the error of a query that failed */
  pending(): Promise<void>
}

const CONNECT_MS = 5_000

/**
 * Opens one session.
 * @throws {ServiceError} if that fails; the message includes a fix and no password
 * @throws {MissingPackageError} if the driver is not installed
 */
export async function connectPostgres(subject: string, url: string): Promise<PostgresSession> {
  const { default: pg } = await loadOptional('postgres()', 'pg', () => import('pg'))
  let client: InstanceType<typeof pg.Client>
  try {
    // Reads the certificates that the URL names.
    client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: CONNECT_MS,
      application_name: 'vitest-slo',
    })
  } catch (error) {
    throw connectFailure(subject, url, error)
  }
  // If an idle session breaks, its next query fails and reports the error.
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    await client.end().catch(() => {})
    throw connectFailure(subject, url, error)
  }
  const pending = new Map<symbol, Promise<unknown>>()
  const run = async (id: symbol, sql: string, values?: readonly unknown[]) => {
    try {
      const result = await client.query(sql, values ? [...values] : undefined)
      // Several statements return several results, which the driver's types do not declare.
      const last = Array.isArray(result) ? result.at(-1) : result
      return last?.rows ?? []
    } finally {
      pending.delete(id)
    }
  }
  return {
    url,
    query(sql: string, values?: readonly unknown[]) {
      const id = Symbol('query')
      const rows = run(id, sql, values)
      pending.set(id, rows)
      return rows
    },
    async pending() {
      await Promise.all(pending.values())
    },
    async [Symbol.asyncDispose]() {
      // A query that is not awaited ends with its session: without this, Node would print an unhandled rejection.
      for (const rows of pending.values()) rows.catch(() => {})
      await client.end().catch(() => {})
    },
  }
}

/**
 * Every host that a driver may connect to: parameters of the URL override its host, and both may be lists. Folders of Unix
 * sockets are left out.
 */
export function postgresHosts(url: URL): readonly string[] {
  const { hostname, searchParams } = url
  const given = [hostname, ...searchParams.getAll('host'), ...searchParams.getAll('hostaddr')]
  return given.flatMap((hosts) => hosts.split(',')).filter((host) => host !== '' && !/^(?:\/|%2f)/i.test(host))
}

/**
 * Rejects a URL whose `?host=` names a different host than the URL does: a reader sees one host and the driver connects to
 * the other, which may be a production database.
 *
 * @param also hosts that `?host=` may name
 * @throws {ServiceError} with the correct form
 */
export function assertOneHost(subject: string, source: string, url: URL, also: readonly string[] = []): void {
  const named = url.searchParams.getAll('host').flatMap((hosts) => hosts.split(','))
  const isSame = (host: string) => host === url.hostname || [host, url.hostname].every((one) => LOOPBACK.has(one))
  const other = named.find(
    (host) => host !== '' && !host.startsWith('/') && !isSame(host) && !isAllowedByName(host, also),
  )
  if (other === undefined) return
  throw new ServiceError(subject, {
    problem: `${source} names two hosts, ${url.hostname} and ${other}, and the driver connects to ${other}`,
    received: `host ${url.hostname}, parameter host ${other}`,
    fix: `write the host once: postgres://user:password@${other}:5432/database. If both are intended, add the second to allowRemote: ['${other}']`,
  })
}

/** Names of loopback that are interchangeable. */
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]', '::1'])

/**
 * Reads a Postgres URL.
 * @throws {ServiceError} without the text, which may contain a password even if it is not a URL
 */
export function parsePostgresUrl(subject: string, source: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && /^postgres(ql)?:$/.test(url.protocol) && url.hostname !== '') return url
  throw new ServiceError(subject, {
    problem: `${source} is not a Postgres URL`,
    received: url
      ? `a URL with protocol ${url.protocol}`
      : `a string of ${text.length} characters that is not a URL (not shown: it may contain a password)`,
    fix: `write it as postgres://user:password@host:5432/database, with special characters in the password percent-encoded`,
  })
}

function connectFailure(subject: string, url: string, error: unknown): ServiceError {
  const code = codeOf(error)
  const { message } = asError(error)
  const parsed = new URL(url)
  const { pathname, username } = parsed
  const host = storeLocation(parsed)
  const tls = postgresTlsProblem(code, message)
  const [problem, fix] = tls
    ? [`${host}: ${tls.finding}`, tls.fix]
    : explain(code, host, decodeURIComponent(pathname.slice(1)), username)
  return new ServiceError(subject, {
    problem,
    received: redactText(`${url} (${[code, message].filter(Boolean).join(': ')})`, secretsOf(url)),
    fix,
  })
}

function explain(code: string, host: string, database: string, user: string): readonly [string, string] {
  switch (code) {
    case '28000':
      return [
        `${host} does not accept the user ${user} from this machine`,
        'add a line for this user, database and host to pg_hba.conf there, or correct the URL',
      ]
    case '28P01':
      return [
        `${host} refuses the user ${user} or the password`,
        'correct user and password in the URL; special characters in the password must be percent-encoded',
      ]
    case '3D000':
      return [
        `${host} has no database ${database}`,
        `create it (createdb ${database}), or name an existing one in the URL`,
      ]
    case 'ECONNREFUSED':
      return [`nothing listens on ${host}`, 'start the server, or correct host and port in the URL']
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return [`the host of ${host} cannot be resolved`, 'correct the host in the URL']
    case '53300':
      return [`${host} has no free connection`, 'stop other clients, or raise max_connections on that server']
    default:
      return [
        `cannot connect to ${host}`,
        `resolve the reason above: a Postgres server must accept connections there within ${CONNECT_MS / 1000} s`,
      ]
  }
}
