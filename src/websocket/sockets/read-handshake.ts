import { validateHeaderValue } from 'node:http'
import { ScenarioError } from '../../execution/scenario-error.ts'
import type { Vu } from '../../load/vu.ts'
import type { BaseUrl } from '../../machine/base-url.ts'
import { Problems } from '../../options/problems.ts'
import { isRecord, reading, type Reader } from '../../options/schema.ts'
import { matching } from '../../options/values.ts'
import type { HandshakeRequest, PendingHandshake, SocketOptions } from './socket-options.ts'

type HandshakeOptions<D> = Pick<SocketOptions<D>, 'path' | 'query' | 'headers' | 'cookies' | 'subprotocols' | 'framing'>

type Texts = Readonly<Record<string, string>>

const TOKEN = /^[!#$%&'*+\-.^_`|~\w]+$/
/** Headers of the handshake itself; `perMessageDeflate` and `subprotocols` are the options for two of them. */
const HANDSHAKE_HEADER = /^(connection|upgrade|sec-websocket-(key|version|accept|extensions|protocol))$/i
/** RFC 6265, section 4.1.1. */
const COOKIE_VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/

const PATH = matching<string>(
  // White space is removed from a URL: a second slash after it would begin a host.
  (value) => typeof value === 'string' && /^\/(?![/\\])[^\t\n\r]*$/.test(value),
  'must be a string that begins with one /, as two begin another host, without line breaks and tabs',
  "'/ws'",
)
const QUERY = texts('must be an object of strings', "query: { room: '7' }")
const HEADERS = texts(
  'must be an object of strings, without headers of the handshake itself (see perMessageDeflate, subprotocols)',
  "headers: { 'x-user': 'vu 1' }",
  (name, text) => {
    if (HANDSHAKE_HEADER.test(name)) return 'a header of the handshake'
    if (!TOKEN.test(name)) return 'a name that no header can have'
    return isHeaderValue(name, text) ? undefined : 'a string that no header can hold'
  },
)
const COOKIES = texts(
  'must be an object of strings without spaces, commas, semicolons, quotes and backslashes',
  // Errors mask what follows the name and a colon, as it may be a cookie.
  "cookies as { lang: 'en' }",
  (name, text) => (TOKEN.test(name) && COOKIE_VALUE.test(text) ? undefined : 'a string that no cookie can hold'),
)
const SUBPROTOCOLS = matching<readonly string[]>(
  (value) =>
    Array.isArray(value) &&
    value.every((name) => typeof name === 'string' && TOKEN.test(name)) &&
    new Set(value).size === value.length,
  'must be a list of tokens, each of them once',
  "['graphql-transport-ws']",
)

/**
 * An object of strings, which may be secret: errors name what is wrong without showing it.
 *
 * @param faultIn describes what is wrong with an entry; `undefined` if nothing is
 */
function texts(
  rule: string,
  example: string,
  faultIn: (name: string, text: string) => string | undefined = () => undefined,
): Reader<Texts> {
  return reading((problems, path, value) => {
    const faults = isRecord(value)
      ? Object.entries(value).flatMap(([name, text]) => {
          const fault = typeof text === 'string' ? faultIn(name, text) : typeName(text)
          return fault === undefined ? [] : `${fault} as ${JSON.stringify(name)}`
        })
      : [typeName(value)]
    if (faults[0] !== undefined) problems.add(path, faults[0], rule, example)
    return value as Texts
  })
}

function isHeaderValue(name: string, text: string): boolean {
  try {
    validateHeaderValue(name, text)
    return true
  } catch {
    return false
  }
}

function typeName(value: unknown): string {
  return `a value of type ${value === null ? 'null' : typeof value}`
}

/** A part of the handshake: the same for all VUs, or computed for each. */
interface Part<T, D> {
  readonly name: string
  readonly isSame: boolean
  of(vu: Vu<D>): T | Promise<T>
}

/**
 * Validates the options of the handshake, and adds every mistake to `problems`.
 *
 * @returns a function that returns the handshake of a VU. It throws mistakes of the scenario.
 */
export function readHandshake<D>(
  problems: Problems,
  options: HandshakeOptions<D>,
  bases: readonly BaseUrl[],
): (vu: Vu<D>, instance: number) => HandshakeRequest | PendingHandshake {
  const { framing } = options
  const all = [
    readPart(problems, 'path', PATH, options.path),
    readPart(problems, 'query', QUERY, options.query, {}),
    readPart(problems, 'headers', HEADERS, options.headers, {}),
    readPart(problems, 'cookies', COOKIES, options.cookies, {}),
    readPart(problems, 'subprotocols', SUBPROTOCOLS, options.subprotocols, []),
  ]
  const compose = (instance: number, parts: Resolved): HandshakeRequest => ({
    url: urlBelow(bases[instance]!, parts[0], { ...framing?.query, ...parts[1] }),
    headers: withAuthorization(withCookies(parts[2], parts[3]), bases[instance]!),
    subprotocols: [...new Set([...parts[4], ...(framing?.subprotocols ?? [])])],
  })
  const isSame = all.every((part) => part.isSame)
  const known: HandshakeRequest[] = []
  return (vu, instance) => {
    if (isSame && known[instance] !== undefined) return known[instance]
    const parts = all.map((part) => part.of(vu))
    if (parts.some((part) => part instanceof Promise)) {
      const awaited = new Set<string>()
      for (const [at, part] of parts.entries()) if (part instanceof Promise) follow(awaited, all[at]!.name, part)
      // oxlint-disable-next-line typescript/await-thenable
      const request = Promise.all(parts).then((resolved) => compose(instance, resolved as unknown as Resolved))
      return { request, awaited }
    }
    const request = compose(instance, parts as unknown as Resolved)
    if (isSame) known[instance] = request
    return request
  }
}

/** Lists a name until its promise has settled. */
function follow(awaited: Set<string>, name: string, promise: Promise<unknown>): void {
  awaited.add(name)
  const settled = () => awaited.delete(name)
  promise.then(settled, settled)
}

type Resolved = readonly [path: string, query: Texts, headers: Texts, cookies: Texts, subprotocols: readonly string[]]

/** Reads an option; the values that a function returns are read, and mistakes in them thrown, when it is called. */
function readPart<D, T>(
  problems: Problems,
  name: keyof HandshakeOptions<D>,
  reader: Reader<T>,
  option: unknown,
  absent?: T,
): Part<T, D> {
  if (typeof option !== 'function') {
    const value = reader.read(problems, name, option === undefined ? absent : option)
    return { name, isSame: true, of: () => value }
  }
  const valueOf = option as (vu: Vu<D>) => unknown
  return {
    name,
    isSame: false,
    of(vu) {
      const returned = valueOf(vu)
      return returned instanceof Promise
        ? returned.then((value: unknown) => checked(name, reader, value))
        : checked(name, reader, returned)
    },
  }
}

/** @throws {ScenarioError} if the value is invalid */
function checked<T>(name: string, reader: Reader<T>, value: unknown): T {
  const problems = new Problems()
  const read = reader.read(problems, name, value)
  const [mistake] = problems.found
  if (mistake === undefined) return read
  const { received, rule, fix } = mistake
  // What is wrong in a value that may be secret is described by a text.
  const shown =
    received !== value ? String(received) : typeof value === 'string' ? JSON.stringify(value) : typeName(value)
  throw new ScenarioError(`the ${name} function of a WebSocket run returned ${shown}; the value ${rule}\nFix: ${fix}`)
}

/** Appends a path to that of the base URL, and returns a URL with `ws:`, `wss:` or `ws+unix:`. */
function urlBelow(base: BaseUrl, path: string, query: Texts): string {
  const url = new URL(base.url.pathname.replace(/\/$/, '') + path, base.url)
  url.protocol = url.protocol.replace(/^http/, 'ws')
  url.hash = ''
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  if (base.socketPath === undefined) return url.href
  return `ws+unix:${base.socketPath}:${url.pathname}${url.search}`
}

/** Adds the credentials of the base URL, unless the scenario sets the header. */
function withAuthorization(headers: Texts, { authorization }: BaseUrl): Texts {
  if (authorization === undefined) return headers
  const hasOwn = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')
  return hasOwn ? headers : { authorization, ...headers }
}

function withCookies(headers: Texts, cookies: Texts): Texts {
  const pairs = Object.entries(cookies).map(([name, value]) => `${name}=${value}`)
  if (pairs.length === 0) return headers
  const name = Object.keys(headers).find((header) => header.toLowerCase() === 'cookie') ?? 'cookie'
  return { ...headers, [name]: [headers[name], ...pairs].filter((pair) => pair !== undefined).join('; ') }
}
