import { ScenarioError } from '../../execution/scenario-error.ts'
import type { Vu } from '../../load/vu.ts'
import type { BaseUrl } from '../../machine/base-url.ts'
import type { Problems } from '../../options/problems.ts'
import type { HandshakeRequest, PerVu, SocketOptions } from './socket-options.ts'

type HandshakeOptions<D> = Pick<SocketOptions<D>, 'path' | 'query' | 'headers' | 'cookies' | 'subprotocols' | 'framing'>

/** An option of the handshake that may be a function of the VU. */
interface Part<T> {
  readonly name: string
  /** Rule for the value, as in errors. */
  readonly rule: string
  readonly example: string
  /** Whether the value may hold a secret and must not be shown. */
  readonly isSecret: boolean
  isLegal(value: unknown): value is T
  /** Describes what is wrong in the value, without showing it; `undefined` if the whole value is wrong. */
  faultIn?(value: unknown): string | undefined
}

const PATH: Part<string> = {
  name: 'path',
  // White space is removed from a URL: a second slash after it would begin a host.
  rule: 'must be a string that begins with one /, as two begin another host, without line breaks and tabs',
  example: "path: '/ws'",
  isSecret: false,
  isLegal: (value): value is string => typeof value === 'string' && /^\/(?![/\\])[^\t\n\r]*$/.test(value),
}
const TOKEN = /^[!#$%&'*+\-.^_`|~\w]+$/
const SUBPROTOCOLS: Part<readonly string[]> = {
  name: 'subprotocols',
  rule: 'must be a list of tokens',
  example: "subprotocols: ['graphql-transport-ws']",
  isSecret: false,
  isLegal: (value): value is readonly string[] =>
    Array.isArray(value) && value.every((name) => typeof name === 'string' && TOKEN.test(name)),
}
/** Headers of the handshake itself; `perMessageDeflate` and `subprotocols` are the options for two of them. */
const HANDSHAKE_HEADER = /^(connection|upgrade|sec-websocket-(key|version|accept|extensions|protocol))$/i
const HEADERS: Part<Readonly<Record<string, string>>> = {
  name: 'headers',
  rule: 'must be an object of strings, without headers of the handshake itself (see perMessageDeflate, subprotocols)',
  example: "headers: { 'x-user': 'vu 1' }",
  isSecret: true,
  isLegal: (value): value is Texts => isTexts(value) && !Object.keys(value).some((name) => HANDSHAKE_HEADER.test(name)),
  faultIn: (value) =>
    firstNonText(value) ?? firstName(value, (name) => HANDSHAKE_HEADER.test(name), 'a header of the handshake'),
}
const QUERY: Part<Readonly<Record<string, string>>> = {
  name: 'query',
  rule: 'must be an object of strings',
  example: "query: { room: '7' }",
  isSecret: true,
  isLegal: isTexts,
  faultIn: firstNonText,
}
/** RFC 6265, section 4.1.1. */
const COOKIE_VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/
const COOKIES: Part<Readonly<Record<string, string>>> = {
  name: 'cookies',
  rule: 'must be an object of strings without spaces, commas, semicolons, quotes and backslashes',
  // Errors mask what follows the name and a colon, as it may be a cookie.
  example: "cookies as { lang: 'en' }",
  isSecret: true,
  faultIn: (value) =>
    firstNonText(value) ??
    firstName(
      value,
      (name, text) => !TOKEN.test(name) || !COOKIE_VALUE.test(String(text)),
      'a string that no cookie can hold',
    ),
  isLegal: (value): value is Texts =>
    isTexts(value) && Object.entries(value).every(([name, text]) => TOKEN.test(name) && COOKIE_VALUE.test(text)),
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
): (vu: Vu<D>, instance: number) => HandshakeRequest | Promise<HandshakeRequest> {
  const { framing } = options
  const path = readPart(problems, PATH, options.path, undefined)
  const query = readPart(problems, QUERY, options.query, {})
  const headers = readPart(problems, HEADERS, options.headers, {})
  const cookies = readPart(problems, COOKIES, options.cookies, {})
  const subprotocols = readPart(problems, SUBPROTOCOLS, options.subprotocols, [])
  const compose = (instance: number, parts: Resolved): HandshakeRequest => ({
    url: urlBelow(bases[instance]!, parts[0], { ...framing?.query, ...parts[1] }),
    headers: withAuthorization(withCookies(parts[2], parts[3]), bases[instance]!),
    subprotocols: [...parts[4], ...(framing?.subprotocols ?? [])],
  })
  const isSame = [options.path, options.query, options.headers, options.cookies, options.subprotocols].every(
    (option) => typeof option !== 'function',
  )
  const known: HandshakeRequest[] = []
  return (vu, instance) => {
    if (isSame && known[instance] !== undefined) return known[instance]
    const parts = [path(vu), query(vu), headers(vu), cookies(vu), subprotocols(vu)] as const
    if (parts.some((part) => part instanceof Promise))
      return Promise.all(parts.map(async (part) => part)).then((all) => compose(instance, all as unknown as Resolved))
    const request = compose(instance, parts as Resolved)
    if (isSame) known[instance] = request
    return request
  }
}

type Texts = Readonly<Record<string, string>>
type Resolved = readonly [path: string, query: Texts, headers: Texts, cookies: Texts, subprotocols: readonly string[]]

/** Returns the option as a function of the VU that validates its values. */
function readPart<D, T>(
  problems: Problems,
  part: Part<T>,
  option: PerVu<T, D> | undefined,
  absent: T | undefined,
): (vu: Vu<D>) => T | Promise<T> {
  if (typeof option === 'function') {
    const valueOf = option as (vu: Vu<D>) => T | Promise<T>
    return (vu) => {
      const returned = valueOf(vu)
      return returned instanceof Promise ? returned.then((value) => checked(part, value)) : checked(part, returned)
    }
  }
  const value = option === undefined ? absent : option
  if (!part.isLegal(value)) {
    const fault = part.faultIn?.(value)
    const received = part.isSecret ? (fault ?? typeof value) : value
    problems.add(part.name, received, part.rule, part.example)
  }
  return () => value as T
}

function checked<T>(part: Part<T>, value: unknown): T {
  if (part.isLegal(value)) return value
  const whole = part.isSecret || typeof value !== 'string' ? `a value of type ${typeof value}` : JSON.stringify(value)
  const received = part.faultIn?.(value) ?? whole
  throw new ScenarioError(
    `the ${part.name} function of a WebSocket run returned ${received}; the value ${part.rule}\nFix: ${part.example}`,
  )
}

function isTexts(value: unknown): value is Texts {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((text) => typeof text === 'string')
}

function firstNonText(value: unknown): string | undefined {
  return firstName(value, (_name, text) => typeof text !== 'string', undefined)
}

/** Describes the first wrong value in an object, with its name; `undefined` if none is wrong, or the value is not an object. */
function firstName(
  value: unknown,
  isWrong: (name: string, text: unknown) => boolean,
  what: string | undefined,
): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const wrong = Object.entries(value).find(([name, text]) => isWrong(name, text))
  if (wrong === undefined) return undefined
  const type = wrong[1] === null ? 'null' : typeof wrong[1]
  return `${what ?? `a value of type ${type}`} as ${JSON.stringify(wrong[0])}`
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
