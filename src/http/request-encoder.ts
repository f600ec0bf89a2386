import { showValue } from '../options/show-value.ts'
import type { VuCookies } from './cookies.ts'
import { encodeBody } from './request-body.ts'
import { RequestError } from './request-error.ts'
import type { Trace } from './trace-context.ts'

/** Any method except `CONNECT`; editors complete those of RFC 9110 and `PATCH`. */
export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS' | 'TRACE' | (string & {})

/** A request of a scenario. A request function is called for each send; a constant request is sent unchanged each time. */
export interface HttpRequest {
  /** Method, in uppercase. @default 'GET' */
  readonly method?: Method
  /** Path and query, beginning with `/`, percent-encoded. */
  readonly path: string
  /** Headers of this request, in addition to those of the run. */
  readonly headers?: HeaderFields
  /**
   * Body, sent with its content type as `fetch` sends it: text, bytes, `URLSearchParams`, `FormData`, `Blob`. An async
   * iterable is first read to its end and then sent with its length. Any other value is sent as JSON; an object is sent as
   * a form if the request's content type is `application/x-www-form-urlencoded`.
   */
  readonly body?: unknown
}

/** A request as it is sent. */
export interface EncodedRequest {
  readonly method: string
  readonly bytes: string | Buffer
  /** The body without the head. */
  readonly content: string | Uint8Array | undefined
  /** Trace id of the added `traceparent` header. */
  readonly traceId: string | undefined
}

/** Headers by name. Several values of one header are sent in several lines; undefined ones are left out. */
export type HeaderFields = Readonly<Record<string, string | number | readonly (string | number)[] | undefined>>

/** Valid paths, which have no fragment: a client never sends it. */
const PATH = /^\/[\x21\x22\x24-\x7e]*$/
/** Valid methods: tokens without lowercase letters, because methods are case-sensitive. `CONNECT` is for proxies. */
const METHOD = /^(?!CONNECT$)[!#$%&'*+.^_`|~0-9A-Z-]+$/
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
// eslint-disable-next-line no-control-regex
const NOT_IN_VALUE = /[\r\n\0]|[^\t\x20-\xff]/
const CONTENT_TYPE = 'content-type'
const METHODS_WITH_BODY = new Set(['POST', 'PUT', 'PATCH'])
const ENGINE_HEADERS = new Set(['connection', 'content-length', 'transfer-encoding', 'expect', 'upgrade'])

/** Where requests are sent, and the headers that all of them have. */
interface RequestTarget {
  /** Value of the `Host` header. */
  readonly host: string
  readonly isSecure: boolean
  /** Path of the base URL, without a trailing slash. */
  readonly pathPrefix: string
  /** Headers of every request that does not set them itself. */
  readonly headers: HeaderFields
  /** Whether each request is the last one on its connection. @default false */
  readonly isForOneRequest?: boolean
}

/** Encoder of requests to one target. */
export class RequestEncoder {
  /** Scheme, host and port. */
  readonly origin: string
  readonly #baseUrl: string
  readonly #pathPrefix: string
  readonly #commonLines: string
  readonly #commonFields: ReadonlyMap<string, string>
  readonly #contentType: string | undefined
  readonly #target: RequestTarget
  #atRoot: RequestEncoder | undefined

  constructor(target: RequestTarget) {
    const { host, isSecure, pathPrefix, headers, isForOneRequest = false } = target
    this.#target = target
    this.#baseUrl = `${isSecure ? 'https' : 'http'}://${host}${pathPrefix}`
    this.origin = `${isSecure ? 'https' : 'http'}://${host}`
    this.#pathPrefix = pathPrefix
    const contentType = Object.entries(headers).findLast(([name]) => name.toLowerCase() === CONTENT_TYPE)?.[1]
    this.#contentType = contentType === undefined ? undefined : String(contentType)
    this.#commonFields = new Map([
      ['host', `Host: ${host}\r\n`],
      ['connection', isForOneRequest ? 'Connection: close\r\n' : 'Connection: keep-alive\r\n'],
      ['user-agent', 'User-Agent: vitest-slo\r\n'],
      ...Object.entries(headers).map(([name, value]): [string, string] => [
        name.toLowerCase(),
        fieldLines(name, value),
      ]),
    ])
    this.#commonLines = [...this.#commonFields.values()].join('')
  }

  /**
   * @param trace trace to send, unless the request sets `traceparent` itself
   * @param cookies cookies to send, unless the request or the run sets `cookie`
   * @param authorization header to send, unless the request or the run sets `authorization`
   * @throws {ScenarioError} if the request cannot be sent
   */
  encode(request: HttpRequest, trace?: Trace, cookies?: VuCookies, authorization?: string): EncodedRequest {
    const method = request.method ?? 'GET'
    if (typeof request.path !== 'string' || !PATH.test(request.path)) throw badPath(request.path)
    if (typeof method !== 'string' || !METHOD.test(method)) throw badMethod(method)
    const own = request.headers ?? {}
    const body = encodeBody(request.body, this.contentTypeOf(own))
    let head = `${method} ${this.#pathPrefix}${request.path} HTTP/1.1\r\n${this.#headLines(own)}`
    const isTraced = trace !== undefined && !has(own, 'traceparent') && !this.#commonFields.has('traceparent')
    if (isTraced) head += `traceparent: ${trace.header}\r\n`
    if (authorization !== undefined && !has(own, 'authorization') && !this.#commonFields.has('authorization'))
      head += `Authorization: ${authorization}\r\n`
    if (cookies?.isEmpty === false && !has(own, 'cookie') && !this.#commonFields.has('cookie')) {
      const cookie = cookies.headerFor(this.urlOf(request.path))
      if (cookie !== undefined) head += `Cookie: ${cookie}\r\n`
    }
    if (body?.contentType !== undefined && !has(own, 'content-type') && !this.#commonFields.has('content-type'))
      head += `Content-Type: ${body.contentType}\r\n`
    if (body !== undefined) head += `Content-Length: ${Buffer.byteLength(body.content)}\r\n`
    else if (METHODS_WITH_BODY.has(method)) head += 'Content-Length: 0\r\n'
    head += '\r\n'
    return {
      method,
      bytes: join(head, body?.content),
      content: body?.content,
      traceId: isTraced ? trace.traceId : undefined,
    }
  }

  /** Encoder of requests to paths that are not below the base URL. */
  get atRoot(): RequestEncoder {
    return (this.#atRoot ??= new RequestEncoder({ ...this.#target, pathPrefix: '' }))
  }

  /** Headers of every request that does not set them itself. */
  get headers(): HeaderFields {
    return this.#target.headers
  }

  /** URL of a path, without credentials. */
  urlOf(path: string): string {
    return this.#baseUrl + path
  }

  /** Content type of a request with these headers: theirs, else that of the common headers. */
  contentTypeOf(own: HeaderFields): string | undefined {
    for (const name in own)
      if (name.length === CONTENT_TYPE.length && own[name] !== undefined && name.toLowerCase() === CONTENT_TYPE)
        return String(own[name])
    return this.#contentType
  }

  #headLines(own: HeaderFields): string {
    let ownLines = ''
    let overridden: Set<string> | undefined
    for (const name in own) {
      const value = own[name]
      if (value === undefined) continue
      ownLines += fieldLines(name, value)
      const lower = name.toLowerCase()
      if (this.#commonFields.has(lower)) (overridden ??= new Set()).add(lower)
    }
    if (overridden === undefined) return this.#commonLines + ownLines
    let lines = ''
    for (const [name, line] of this.#commonFields) if (!overridden.has(name)) lines += line
    return lines + ownLines
  }
}

/** @throws {RequestError} if the header cannot be sent */
export function fieldLines(name: string, value: string | number | readonly (string | number)[] | undefined): string {
  if (!TOKEN.test(name)) throw badHeader(name, `${showValue(name)} is not a valid header name`)
  if (ENGINE_HEADERS.has(name.toLowerCase())) throw badHeader(name, `${name} is set by the engine, omit it`)
  if (value === undefined) return ''
  if (typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))) return fieldLine(name, value)
  // The value is not shown: headers may contain secrets.
  if (!Array.isArray(value) || value.some((one) => typeof one !== 'string' && !Number.isFinite(one)))
    throw badHeader(name, `${name} must be a string, a finite number, or a list of them, received ${kindOf(value)}`)
  return value.map((one: string | number) => fieldLine(name, one)).join('')
}

function fieldLine(name: string, value: string | number): string {
  const text = String(value)
  if (NOT_IN_VALUE.test(text))
    throw badHeader(name, `the value of ${name} contains a line break or a character that is not allowed in headers`)
  return `${name}: ${text}\r\n`
}

function badHeader(received: string, rule: string): RequestError {
  return new RequestError('headers', { received, rule, example: `headers: { accept: 'application/json' }` })
}

/** Type of a value, without its content. */
function kindOf(value: unknown): string {
  return typeof value === 'string' ? 'a string' : showValue(value)
}

function has(headers: HeaderFields, lowerName: string): boolean {
  for (const name in headers) {
    if (name.length === lowerName.length && headers[name] !== undefined && name.toLowerCase() === lowerName) return true
  }
  return false
}

function join(head: string, content: string | Uint8Array | undefined): string | Buffer {
  if (content === undefined) return Buffer.from(head, 'latin1')
  return Buffer.concat([Buffer.from(head, 'latin1'), typeof content === 'string' ? Buffer.from(content) : content])
}

function badPath(path: unknown): RequestError {
  if (typeof path === 'string' && /^[a-z][a-z\d+.-]*:\/\//i.test(path))
    return new RequestError('path', {
      received: path,
      rule: "must begin with '/'; scheme and host belong in the option baseUrl",
      example: `baseUrl: 'https://api.example.com', request: { path: '/api/me' }`,
    })
  const hasFragment = typeof path === 'string' && path.includes('#')
  const rule = hasFragment
    ? `must not have a fragment, which is never sent; write # in a value as %23`
    : `must begin with '/' and be percent-encoded: '/api/search?query=' + encodeURIComponent(text)`
  return new RequestError('path', {
    received: path,
    rule: `${rule}, received ${showValue(path)}`,
    example: `path: '/api/me'`,
  })
}

function badMethod(method: unknown): RequestError {
  const hasLowercase = typeof method === 'string' && TOKEN.test(method) && method !== method.toUpperCase()
  const rule = hasLowercase
    ? `must be uppercase, received ${showValue(method)}`
    : `must be a method such as 'GET', received ${showValue(method)}`
  const example = hasLowercase ? `method: '${method.toUpperCase()}'` : `method: 'POST'`
  return new RequestError('method', { received: method, rule, example })
}
