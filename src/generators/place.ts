import { hostname } from 'node:os'
import { durationMs } from '../options/checks.ts'
import { secretsOf } from '../options/redact.ts'
import { GeneratorError } from './errors.ts'
import { readIdentity, readRunId } from './identity.ts'
import type { HubAddress } from './local-hub.ts'

/** Place of a generator among the others. Plain JSON. Secret: the address contains a password or a token. */
export interface GeneratorPlace {
  /** From 0. */
  readonly index: number
  readonly count: number
  /** Where `index` and `count` come from. */
  readonly source: string
  readonly runId: string
  /** Name of this machine. */
  readonly node: string
  /** Longest wait for a generator that does not come. */
  readonly timeoutMs: number
  readonly address: RendezvousAddress
}

/** Address at which generators meet. Secret. */
export type RendezvousAddress =
  | { readonly kind: 'redis'; readonly url: string }
  | ({ readonly kind: 'local' } & HubAddress)

const TIMEOUT_MS = 120_000

/**
 * Reads the place of this command among several generators.
 *
 * @returns `undefined` if it is the only one
 * @throws {GeneratorError} if a variable is invalid or missing
 */
export function readPlace(env: NodeJS.ProcessEnv): GeneratorPlace | undefined {
  const identity = readIdentity(env)
  if (identity === undefined) return undefined
  const url = env['PERF_RENDEZVOUS_URL']!.trim()
  const local = parseHubUrl(url)
  return {
    ...identity,
    runId: readRunId(env),
    node: hostname(),
    timeoutMs: readTimeout(env),
    address: local === undefined ? { kind: 'redis', url } : { kind: 'local', ...local },
  }
}

/** Value of `PERF_RENDEZVOUS_URL` for a generator that generator 1 starts. Secret. */
export function hubUrl({ path, token }: HubAddress): string {
  return `local:${token}@${path}`
}

function parseHubUrl(url: string): HubAddress | undefined {
  const [, token, path] = /^local:([\w-]{32})@(.+)$/.exec(url) ?? []
  return token === undefined || path === undefined ? undefined : { token, path }
}

/** Reads `PERF_RENDEZVOUS_TIMEOUT`. @throws {GeneratorError} if it is invalid */
export function readTimeout(env: NodeJS.ProcessEnv): number {
  const text = env['PERF_RENDEZVOUS_TIMEOUT']?.trim()
  if (text === undefined || text === '') return TIMEOUT_MS
  const ms = durationMs(/^\d+$/.test(text) ? Number(text) : text)
  if (ms !== undefined && ms > 0) return ms
  throw new GeneratorError(
    `PERF_RENDEZVOUS_TIMEOUT is not valid, received ${JSON.stringify(text)}: it must be a duration above 0`,
    'write it as PERF_RENDEZVOUS_TIMEOUT=5m',
  )
}

/** Values of an address that must never be printed. */
export function secretsOfAddress(address: RendezvousAddress): readonly string[] {
  return address.kind === 'local' ? [address.token] : [address.url, ...secretsOf(address.url)]
}
