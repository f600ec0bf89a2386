import { asError } from '../failure.ts'
import { ServiceError } from '../service.ts'
import { isRefused, notStandalone, type RedisConnection } from './redis-client.ts'

/**
 * Product and version: `Redis 7.0.15`, `Valkey 8.1.0`; without the version if the user of the URL may not read it.
 *
 * @throws {ServiceError} for a node of a Cluster, and for a Sentinel
 */
export async function readVersion(subject: string, connection: RedisConnection): Promise<string> {
  const fields = (await readInfo(connection)) ?? (await readHello(connection))
  const mode = fields.get('server_mode') ?? fields.get('redis_mode') ?? fields.get('mode')
  if (mode === 'cluster') throw notStandalone(subject, connection.url, 'a Cluster')
  if (mode === 'sentinel')
    throw new ServiceError(subject, {
      problem: `${new URL(connection.url).host} is a Sentinel, which holds no data`,
      fix: 'use the server that it watches: redis-cli -p 26379 SENTINEL GET-MASTER-ADDR-BY-NAME mymaster',
    })
  const valkey = fields.get('valkey_version')
  if (valkey !== undefined) return `Valkey ${valkey}`
  const product = fields.get('server') === 'valkey' ? 'Valkey' : 'Redis'
  return `${product} ${fields.get('redis_version') ?? fields.get('version') ?? 'of unknown version'}`
}

async function readInfo(connection: RedisConnection): Promise<ReadonlyMap<string, string> | undefined> {
  const info = await connection.command('INFO', 'server').catch(unlessRefused)
  if (typeof info !== 'string') return undefined
  const lines = info.split(/\r?\n/)
  return new Map(lines.flatMap((line) => (line.includes(':') ? [line.split(/:(.*)/s, 2) as [string, string]] : [])))
}

/** The greeting has fewer fields, but users who may not run INFO can often read it. */
async function readHello(connection: RedisConnection): Promise<ReadonlyMap<string, string>> {
  const greeting = await connection.command('HELLO').catch(unlessRefused)
  const words = Array.isArray(greeting) ? greeting.map(String) : []
  return new Map(words.flatMap((word, at) => (at % 2 === 0 ? [[word, words[at + 1] ?? ''] as const] : [])))
}

function unlessRefused(error: unknown): undefined {
  if (!isRefused(error)) throw error
}

/** Whether the database has no keys; one that cannot be read counts as used. */
export async function isEmpty(connection: RedisConnection): Promise<boolean> {
  const size = await connection.command('DBSIZE').catch(unlessRefused)
  return size !== undefined && Number(size) === 0
}

/**
 * Empties only the database that the URL names.
 *
 * @throws {ServiceError} if the user of the URL may not do so
 */
export async function flush(subject: string, connection: RedisConnection): Promise<void> {
  await connection.command('FLUSHDB').catch((cause: unknown) => {
    if (!isRefused(cause)) throw cause
    throw new ServiceError(subject, {
      problem: `reset may not empty the database: ${asError(cause).message}`,
      fix: `allow the user of the URL to run FLUSHDB (ACL SETUSER … +flushdb), or remove the reset`,
      cause,
    })
  })
}

/**
 * Applies the settings that differ.
 * @returns a function that restores the server's previous values
 * @throws {ServiceError} if a setting cannot be changed
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
        problem: `${name} is ${found ?? 'unknown'}, expected ${wanted}, and it cannot be set: ${asError(cause).message}`,
        fix: `set it in the configuration of that server, or remove it from ${subject}()`,
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
  const response = await connection.command('CONFIG', 'GET', name)
  const value: unknown = Array.isArray(response) ? response[1] : undefined
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

/** Value in bytes, as Redis reads it: `64mb` is 67,108,864, `64m` is 64,000,000. Other values are unchanged. */
function bytes(value: string): string {
  const match = /^(\d+)([kmg]b?)?$/i.exec(value)
  return match ? String(Number(match[1]) * (FACTORS[match[2]?.toLowerCase() ?? ''] ?? 1)) : value
}
