import type * as Tough from 'tough-cookie'
import { maskKnown } from '../options/known-secrets.ts'
import { remember } from '../options/registered-values.ts'
import { namesAndValues, type RawHeaders } from './response-headers.ts'

/** How long a VU keeps its cookies. */
export type CookieScope = 'per-iteration' | 'per-vu'

const SET_COOKIE = /\r\nset-cookie:/i
const SET_COOKIE_NAME = 'set-cookie'

/** The package for cookies, loaded only by runs with cookies. */
export type CookiePackage = Pick<typeof Tough, 'Cookie' | 'CookieJar'>

/** @returns the package for cookies; loading it takes about 20 ms */
export async function loadCookiePackage(): Promise<CookiePackage> {
  return import('tough-cookie')
}

/** Whether a response may set a cookie: a fast check, because most do not. */
export function setsCookie(rawHeaders: RawHeaders): boolean {
  if (typeof rawHeaders === 'string') return SET_COOKIE.test(rawHeaders)
  for (let at = 0; at < rawHeaders.length; at += 2) if (isSetCookie(rawHeaders[at]!)) return true
  return false
}

function isSetCookie(name: string): boolean {
  return name.length === SET_COOKIE_NAME.length && name.toLowerCase() === SET_COOKIE_NAME
}

/** Cookies of one VU. Nothing is allocated for a VU that receives none. */
export class VuCookies {
  readonly #package: CookiePackage
  readonly #scope: CookieScope
  #jar: Tough.CookieJar | undefined

  constructor(cookies: CookiePackage, scope: CookieScope) {
    this.#package = cookies
    this.#scope = scope
  }

  /** Discards the cookies of the previous iteration, unless the VU keeps them. */
  beginIteration(): void {
    if (this.#scope === 'per-iteration') this.#jar = undefined
  }

  get isEmpty(): boolean {
    return this.#jar === undefined
  }

  /**
   * Stores the cookies that a response sets. Those that a browser would reject are ignored.
   *
   * @param url URL of the request
   */
  store(rawHeaders: RawHeaders, url: string): void {
    const fields = namesAndValues(rawHeaders)
    for (let at = 0; at < fields.length; at += 2) if (isSetCookie(fields[at]!)) this.#set(fields[at + 1]!, url)
  }

  /** Value of the `Cookie` header for a URL; `undefined` without a cookie for it. */
  headerFor(url: string): string | undefined {
    if (this.#jar === undefined) return undefined
    return this.#jar.getCookieStringSync(withFullHost(url)) || undefined
  }

  /** A text with the values of these cookies masked: a response may repeat them. */
  masked(text: string): string {
    return this.#jar === undefined ? text : maskKnown(text, this.#values)
  }

  /** Registers the values of these cookies as secrets, before an error that may contain them is reported. */
  register(): void {
    for (const value of this.#values) remember(value)
  }

  /** Values as sent, and decoded. */
  get #values(): readonly string[] {
    const cookies = this.#jar?.serializeSync()?.cookies ?? []
    return cookies.flatMap(({ value }) => (typeof value === 'string' ? [value, decoded(value)] : []))
  }

  #set(text: string, url: string): void {
    const cookie = this.#package.Cookie.parse(text, { loose: true })
    if (cookie === undefined) return
    // A Domain equal to a host without dots sets a cookie of only this host, like no Domain (RFC 6265bis, 5.7).
    const host = singleLabelHost(url)
    if (host !== undefined && cookie.domain?.toLowerCase() === host) cookie.domain = null
    this.#jar ??= new this.#package.CookieJar(undefined, { looseMode: true })
    this.#jar.setCookieSync(cookie, withFullHost(url), { ignoreError: true })
  }
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

const HOST = /^https?:\/\/([^/:[\].?#]+)(?=[:/?#]|$)/i

/** The host of a URL if it has no dot, such as a service in Docker; `undefined` for `localhost` and any other host. */
function singleLabelHost(url: string): string | undefined {
  const host = HOST.exec(url)?.[1]?.toLowerCase()
  return host === 'localhost' ? undefined : host
}

/** The URL with a domain below `.invalid` instead of a host without a dot: the package rejects some such hosts. */
function withFullHost(url: string): string {
  const host = singleLabelHost(url)
  return host === undefined ? url : url.replace(HOST, (match) => `${match}.invalid`)
}
