import { asError } from '../failure.ts'
import { ServiceError } from '../service.ts'
import type { PostgresConnection } from './postgres-client.ts'

const OLDEST = 14

/**
 * The server's version, e.g. `18.4`, and whether its commits wait for the disk.
 * @throws {ServiceError} if it is older than 14
 */
export async function checkVersion(
  subject: string,
  db: PostgresConnection,
  fix: string,
): Promise<{ readonly version: string; readonly waitsForDisk: boolean }> {
  const [row] = await db.query<{ version: string; number: string; fsync: string }>(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number,
            current_setting('fsync') AS fsync`,
  )
  const version = row?.version.split(' ')[0] ?? 'unknown'
  if (Number(row?.number) >= OLDEST * 10_000) return { version, waitsForDisk: row?.fsync !== 'off' }
  throw new ServiceError(subject, {
    problem: `PostgreSQL ${version} is too old: version ${OLDEST} or later is required`,
    fix,
  })
}

/**
 * Checks that every setting has the expected value.
 * @throws {ServiceError} naming all settings that differ
 */
export async function checkSettings(
  subject: string,
  db: PostgresConnection,
  settings: Readonly<Record<string, string | number>>,
): Promise<void> {
  const wrong: string[] = []
  for (const [name, wanted] of Object.entries(settings)) {
    const [row] = await db.query<{ shown: string | null; raw: string | null }>(
      `SELECT current_setting($1, true) AS shown, (SELECT setting FROM pg_settings WHERE name = lower($1)) AS raw`,
      [name],
    )
    const found = [row?.shown, row?.raw].filter((value) => typeof value === 'string')
    if (found.some((value) => normal(value) === normal(String(wanted)))) continue
    wrong.push(`  ${name} is ${found[0] ?? 'not a setting of this server'}, expected ${wanted}`)
  }
  if (wrong.length === 0) return
  throw new ServiceError(subject, {
    problem: 'the server has different settings than expected',
    details: wrong.join('\n'),
    fix: `set them on that server (ALTER SYSTEM SET name = value, then restart it), or remove them from ${subject}({ settings })`,
  })
}

const BASE: Readonly<Record<string, number>> = {
  b: 1,
  kb: 2 ** 10,
  mb: 2 ** 20,
  gb: 2 ** 30,
  tb: 2 ** 40,
  us: 0.001,
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** Normalized value of a setting: `65536kB` equals `64MB`, and `on` equals `true`. */
function normal(value: string): string {
  const text = value.trim().toLowerCase()
  const match = /^(\d+(?:\.\d+)?) ?([a-z]+)$/.exec(text)
  const base = match && BASE[match[2] ?? '']
  if (match && base !== undefined && base !== null) return String(Number(match[1]) * base)
  if (['true', 'yes', '1'].includes(text)) return 'on'
  if (['false', 'no', '0'].includes(text)) return 'off'
  return text
}

/** Quoted name of a user's table, for use in SQL. */
type Table = string

/** All ordinary and partitioned tables, except those of the system and of extensions. */
export async function userTables(db: PostgresConnection): Promise<readonly Table[]> {
  const rows = await db.query<{ name: string }>(`
    SELECT format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
      AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1`)
  return rows.map((row) => row.name)
}

/** The tables that hold at least one row. */
export async function filledTables(db: PostgresConnection): Promise<ReadonlySet<Table>> {
  const filled = new Set<Table>()
  for (const table of await userTables(db)) {
    const [row] = await db.query<{ filled: boolean }>(`SELECT EXISTS (SELECT FROM ${table}) AS filled`)
    if (row?.filled) filled.add(table)
  }
  return filled
}

/**
 * Quoted names of the tables (`public.users`, or `users` on the search path).
 * @throws {ServiceError} if one does not exist
 */
export async function resolveTables(
  subject: string,
  db: PostgresConnection,
  names: readonly string[],
): Promise<ReadonlySet<Table>> {
  const [row] = await db.query<{ missing: string[]; found: Table[] }>(
    `SELECT coalesce(array_agg(w.name) FILTER (WHERE c.oid IS NULL), '{}') AS missing,
            coalesce(array_agg(format('%I.%I', n.nspname, c.relname)) FILTER (WHERE c.oid IS NOT NULL), '{}') AS found
     FROM unnest($1::text[]) AS w(name)
     LEFT JOIN pg_class c ON c.oid = to_regclass(w.name) LEFT JOIN pg_namespace n ON n.oid = c.relnamespace`,
    [names],
  )
  if (row && row.missing.length === 0) return new Set(row.found)
  throw new ServiceError(subject, {
    problem: 'keptTables names tables that do not exist after migrate',
    received: row?.missing.join(', ') ?? 'nothing',
    fix: `name tables with their schema, e.g. ${subject}({ keptTables: ['public.schema_migrations'] })`,
  })
}

/**
 * Empties every table except those in `keptTables`, and restarts their identities and sequences.
 * @param owned whether the role may disable triggers, so that a trigger against TRUNCATE does not prevent it
 */
export async function truncate(
  subject: string,
  db: PostgresConnection,
  keptTables: ReadonlySet<Table>,
  owned: boolean,
): Promise<void> {
  const tables = (await userTables(db)).filter((table) => !keptTables.has(table))
  if (tables.length === 0) return
  try {
    await db.query(`
      BEGIN;
      SET LOCAL lock_timeout = '10s';
      ${owned ? 'SET LOCAL session_replication_role = replica;' : ''}
      TRUNCATE ${tables.join(', ')} RESTART IDENTITY;
      COMMIT`)
  } catch (cause) {
    throw new ServiceError(subject, {
      problem: `reset cannot empty the tables: ${asError(cause).message}`,
      received: `emptied: ${tables.join(', ')}; kept: ${[...keptTables].join(', ') || 'none'}`,
      fix: 'stop the load and close all transactions before a reset; add tables that reference each other to keep together, or none of them',
      cause,
    })
  }
}
