import { asError } from './failure.ts'
import type { RedisConnection } from './redis-client.ts'
import { ServiceError } from './service.ts'

/** What answers, with its version: `Redis 7.0.15`, `Valkey 8.1.0`. */
export async function readVersion(connection: RedisConnection): Promise<string> {
  const info = String(await connection.command('INFO', 'server'))
  const field = (name: string) => new RegExp(`^${name}:(.+?)\\r?$`, 'm').exec(info)?.[1]
  const valkey = field('valkey_version')
  return valkey === undefined ? `Redis ${field('redis_version') ?? 'of unknown version'}` : `Valkey ${valkey}`
}

export async function isEmpty(connection: RedisConnection): Promise<boolean> {
  return Number(await connection.command('DBSIZE')) === 0
}

/** Empties the database the URL names, and no other. */
export async function flush(connection: RedisConnection): Promise<void> {
  await connection.command('FLUSHDB')
}

/**
 * Sets what is not yet as asked for, and reads it back.
 * @returns the function that gives the server its own values back
 * @throws {ServiceError} when the server does not let itself be configured
 */
export async function applySettings(
  subject: string,
  connection: RedisConnection,
  settings: ReadonlyMap<string, string>,
): Promise<(connection: RedisConnection) => Promise<void>> {
  const before = new Map<string, string>()
  for (const [name, wanted] of settings) {
    const found = await read(connection, name).catch(() => undefined)
    if (found !== undefined && bytes(found) === bytes(wanted)) continue
    try {
      await connection.command('CONFIG', 'SET', name, wanted)
    } catch (cause) {
      throw new ServiceError(subject, {
        problem: `${name} is ${found ?? 'unknown'}, asked for is ${wanted}, and it cannot be set: ${asError(cause).message}`,
        remedy: `Set it where that server is configured, or leave it out of ${subject}().`,
        cause,
      })
    }
    if (found !== undefined) before.set(name, found)
  }
  return async (later) => {
    for (const [name, value] of before) await later.command('CONFIG', 'SET', name, value)
  }
}

async function read(connection: RedisConnection, name: string): Promise<string | undefined> {
  const answer = await connection.command('CONFIG', 'GET', name)
  const value: unknown = Array.isArray(answer) ? answer[1] : undefined
  return typeof value === 'string' ? value : undefined
}

const FACTORS: Readonly<Record<string, number>> = {
  k: 1e3,
  kb: 2 ** 10,
  m: 1e6,
  mb: 2 ** 20,
  g: 1e9,
  gb: 2 ** 30,
}

/** Redis' own reading: `64mb` is 67,108,864 bytes, `64m` is 64,000,000. Anything else stays as it is. */
function bytes(value: string): string {
  const match = /^(\d+)([kmg]b?)?$/i.exec(value)
  return match ? String(Number(match[1]) * (FACTORS[match[2]?.toLowerCase() ?? ''] ?? 1)) : value
}
