import { MIN_SECRET_LENGTH } from '../options/known-secrets.ts'
import { isRecord } from '../options/schema.ts'
import { isSecretName } from '../options/secret-names.ts'
import type { HeaderFields } from './request-encoder.ts'
import type { RequestSpec } from './types.ts'

/** Levels of a body that are searched for fields with the name of a secret. */
const MAX_DEPTH = 4

/** `Basic dXNlcg==`, `Custom key`: a scheme and its value. */
const SCHEME = /^[\w!#$%&'*+.^`|~-]+[ \t]+(.+)$/

const MAX_KNOWN = 1_000
const known = new Map<string, readonly string[]>()

/** Values that a request sends under the name of a secret: in its headers, its query and its body. */
export function secretsOfRequest({
  headers,
  path,
  body,
}: Pick<RequestSpec, 'headers' | 'path' | 'body'>): readonly string[] {
  const secrets = new Set(headers === undefined ? [] : secretsOfHeaders(headers))
  const query = path.indexOf('?')
  if (query >= 0) addParameters(secrets, new URLSearchParams(path.slice(query + 1)))
  if (body instanceof URLSearchParams) addParameters(secrets, body)
  else addFields(secrets, body, 0)
  return listOf(secrets)
}

/** Values of headers with the name of a secret, whole and without their scheme; those of cookies one by one. */
export function secretsOfHeaders(headers: HeaderFields): readonly string[] {
  const secrets = new Set<string>()
  for (const [name, given] of Object.entries(headers)) {
    if (given === undefined || !isSecretName(name)) continue
    const isCookie = name.toLowerCase() === 'cookie'
    for (const one of [given].flat()) {
      const value = String(one).trim()
      if (isCookie) for (const pair of value.split(';')) add(secrets, pair.slice(pair.indexOf('=') + 1).trim())
      else {
        add(secrets, value)
        add(secrets, SCHEME.exec(value)?.[1])
      }
    }
  }
  return listOf(secrets)
}

/** The same list for the same secrets: what is searched for is prepared once for each list. */
function listOf(secrets: ReadonlySet<string>): readonly string[] {
  const list = [...secrets]
  const key = list.join('\n')
  const same = known.get(key)
  if (same !== undefined) return same
  if (known.size >= MAX_KNOWN) known.clear()
  known.set(key, list)
  return list
}

function addParameters(secrets: Set<string>, parameters: URLSearchParams): void {
  for (const [name, value] of parameters) if (isSecretName(name)) add(secrets, value)
}

function addFields(secrets: Set<string>, value: unknown, depth: number): void {
  if (depth > MAX_DEPTH || ArrayBuffer.isView(value)) return
  if (Array.isArray(value)) for (const item of value) addFields(secrets, item, depth + 1)
  else if (isRecord(value))
    for (const [name, field] of Object.entries(value)) {
      if (typeof field !== 'string') addFields(secrets, field, depth + 1)
      else if (isSecretName(name)) add(secrets, field)
    }
}

function add(secrets: Set<string>, value: string | undefined): void {
  if (value !== undefined && value.length >= MIN_SECRET_LENGTH) secrets.add(value)
}
