import type { Client } from 'pg'
import { loadOptional } from '../options/optional-package.ts'
import { connected, LIMIT_MS, type Connected } from './connected.ts'

/**
 * Reads over the Postgres protocol, which pgBouncer's console also speaks.
 *
 * @throws {CapacityError} if the first connection or read fails
 * @throws {MissingPackageError} if the driver is not installed
 */
export function readOverPg<T>(
  url: string,
  variable: string,
  read: (client: Client) => Promise<T>,
): Promise<Connected<T>> {
  return connected({ url, variable, open: () => open(url), read, close: (client) => client.end().catch(() => {}) })
}

async function open(url: string): Promise<Client> {
  const { default: pg } = await loadOptional('capacity', 'pg', () => import('pg'))
  const client = new pg.Client({
    connectionString: url,
    application_name: 'vitest-slo capacity',
    connectionTimeoutMillis: LIMIT_MS,
    query_timeout: LIMIT_MS,
  })
  // Without a listener a lost connection would be an uncaught error; the next read reports it.
  client.on('error', () => {})
  await client.connect()
  return client
}
