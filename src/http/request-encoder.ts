import { ScenarioError } from './scenario-error.ts'
import type { Trace } from './trace-context.ts'

/** A request as a scenario writes it. Of a function, made for each send; as a value, sent as it is each time. */
export interface HttpRequest {
  /** Default: `GET`. */
  readonly method?: string
  /** Path and query, beginning with `/`. Percent-encoded by the caller. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string | number | readonly string[] | undefined>>
  /** Text and bytes are sent as they are; any other value as JSON, with its content type. */
  readonly body?: unknown
}

/** A request in the form in which it goes over the wire. */
export interface EncodedRequest {
  readonly method: string
  readonly bytes: string | Buffer
  /** Sent once more on a fresh connection where an idle one turned out to be closed: as RFC 9110, 9.2.2 allows. */
  readonly isReplayable: boolean
  /** Of the `traceparent` that was added to it. */
  readonly traceId: string | undefined
}

export type HeaderFields = Readonly<Record<string, string | number | readonly string[] | undefined>>

const PATH = /^\/[\x21-\x7e]*$/
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
// eslint-disable-next-line no-control-regex
const NOT_IN_VALUE = /[\r\n\0]|[^\t\x20-\xff]/
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])
const METHODS_WITH_BODY = new Set(['POST', 'PUT', 'PATCH'])
const OURS = new Set(['connection', 'content-length', 'transfer-encoding', 'expect', 'upgrade'])

/** Writes requests for one target. */
export class RequestEncoder {
  readonly #pathPrefix: string
  readonly #commonLines: string
  readonly #commonFields: ReadonlyMap<string, string>

  /**
   * @param host value of the `Host` header
   * @param pathPrefix path of the base URL, without a slash at its end
   * @param headers sent with every request that does not set them itself
   */
  constructor({ host, pathPrefix, headers }: { host: string; pathPrefix: string; headers: HeaderFields }) {
    this.#pathPrefix = pathPrefix
    this.#commonFields = new Map([
      ['host', `Host: ${host}\r\n`],
      ['connection', 'Connection: keep-alive\r\n'],
      ['user-agent', 'User-Agent: vitest-slo\r\n'],
      ...Object.entries(headers).map(([name, value]): [string, string] => [
        name.toLowerCase(),
        fieldLines(name, value),
      ]),
    ])
    this.#commonLines = [...this.#commonFields.values()].join('')
  }

  /**
   * @param trace sent with it, unless the request has a `traceparent` of its own
   * @throws {ScenarioError} where it cannot be sent
   */
  encode(request: HttpRequest, trace?: Trace): EncodedRequest {
    const method = request.method ?? 'GET'
    if (!PATH.test(request.path)) throw badPath(request.path)
    if (!TOKEN.test(method))
      throw new ScenarioError(`request.method: must be a method like 'GET', received ${show(method)}`)
    const body = encodeBody(request.body)
    const own = request.headers ?? {}
    let head = `${method} ${this.#pathPrefix}${request.path} HTTP/1.1\r\n${this.#headLines(own)}`
    const isTraced = trace !== undefined && !has(own, 'traceparent') && !this.#commonFields.has('traceparent')
    if (isTraced) head += `traceparent: ${trace.header}\r\n`
    if (body?.contentType !== undefined && !has(own, 'content-type') && !this.#commonFields.has('content-type'))
      head += `Content-Type: ${body.contentType}\r\n`
    if (body !== undefined) head += `Content-Length: ${Buffer.byteLength(body.content)}\r\n`
    else if (METHODS_WITH_BODY.has(method)) head += 'Content-Length: 0\r\n'
    head += '\r\n'
    const isReplayable = SAFE_METHODS.has(method) || has(own, 'idempotency-key')
    return { method, bytes: join(head, body?.content), isReplayable, traceId: isTraced ? trace.traceId : undefined }
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

/** @throws {ScenarioError} where the header cannot be sent */
export function fieldLines(name: string, value: string | number | readonly string[] | undefined): string {
  if (!TOKEN.test(name)) throw new ScenarioError(`request.headers: ${show(name)} is no name of a header`)
  if (OURS.has(name.toLowerCase()))
    throw new ScenarioError(`request.headers: ${name} is set by the engine, leave it out`)
  if (value === undefined) return ''
  if (typeof value === 'object') return value.map((one) => fieldLines(name, one)).join('')
  const text = String(value)
  // The value is not shown: headers carry secrets.
  if (NOT_IN_VALUE.test(text))
    throw new ScenarioError(
      `request.headers: the value of ${name} has a line break or a character that headers cannot carry`,
    )
  return `${name}: ${text}\r\n`
}

function has(headers: HeaderFields, lowerName: string): boolean {
  for (const name in headers) {
    if (name.length === lowerName.length && headers[name] !== undefined && name.toLowerCase() === lowerName) return true
  }
  return false
}

function encodeBody(body: unknown): { content: string | Uint8Array; contentType: string | undefined } | undefined {
  if (body === undefined) return undefined
  if (typeof body === 'string' || body instanceof Uint8Array) return { content: body, contentType: undefined }
  const json = JSON.stringify(body) as string | undefined
  if (json === undefined) throw new ScenarioError(`request.body: ${show(body)} has no JSON form`)
  return { content: json, contentType: 'application/json' }
}

function join(head: string, content: string | Uint8Array | undefined): string | Buffer {
  if (content === undefined) return Buffer.from(head, 'latin1')
  return Buffer.concat([Buffer.from(head, 'latin1'), typeof content === 'string' ? Buffer.from(content) : content])
}

function badPath(path: unknown): ScenarioError {
  const rule = `must begin with '/' and be percent-encoded: '/api/search?query=' + encodeURIComponent(text)`
  return new ScenarioError(`request.path: ${rule}, received ${show(path)}`)
}

function show(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}
