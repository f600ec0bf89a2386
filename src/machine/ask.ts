import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import https from 'node:https'
import { pipeline } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { parseBaseUrl } from './base-url.ts'
import { now } from './clock.ts'
import { ALPN_PROTOCOLS, nodeTls, type TlsOptions } from './tls.ts'

/** Options of one request outside of the load: for readiness, metrics, and a scenario's own calls. */
export interface Question {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly tls?: TlsOptions | undefined
  readonly signal: AbortSignal
  /** Maximum size of the decompressed body. @default no limit */
  readonly maxBytes?: number
}

/** Response to a {@link Question}. */
export interface Reply {
  readonly status: number
  readonly contentType: string | undefined
  readonly text: string
  /** Time at which the head arrived, on `now()`. */
  readonly atMs: number
}

const MAX_REDIRECTS = 5

/**
 * Sends one request over a new connection, with the credentials in its URL. Redirects within the same origin are followed.
 *
 * @param url base URL with a path: `http://…`, `https://…`, `unix:/run/app.sock:/path`
 * @throws {Error} if the connection fails, the body cannot be decompressed ({@link BodyError}), or it exceeds `maxBytes`
 */
export async function ask(url: string, question: Question): Promise<Reply> {
  let current = url
  for (let redirects = 0; ; redirects++) {
    const response = await openRequest(current, question)
    const atMs = now()
    const next =
      redirects < MAX_REDIRECTS && (question.method ?? 'GET') === 'GET' ? sameOrigin(current, response) : undefined
    const text = await read(response, question.maxBytes ?? Number.POSITIVE_INFINITY)
    if (next === undefined)
      return { status: response.statusCode ?? 0, contentType: response.headers['content-type'], text, atMs }
    current = next
  }
}

/** Sends one request like {@link ask}. @returns the response, whose body is still to be read */
export function openRequest(
  requestUrl: string,
  { method = 'GET', headers = {}, body, tls = {}, signal }: Question,
): Promise<IncomingMessage> {
  const { url, socketPath, authorization } = parseBaseUrl(requestUrl)!
  const options: RequestOptions & https.RequestOptions = {
    method,
    headers: {
      ...(authorization !== undefined && { authorization }),
      ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
      ...headers,
    },
    signal,
    // A new agent: a kept-alive connection would count among the target's connections, and the global agent may use a
    // proxy of the environment, through which a request would leave this machine.
    agent: false,
    ...(socketPath !== undefined && { socketPath }),
    ...(url.protocol === 'https:' && { ...nodeTls(tls), ALPNProtocols: ALPN_PROTOCOLS }),
  }
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const request: ClientRequest = (url.protocol === 'https:' ? https : http).request(url, options, resolve)
  request.on('error', reject)
  request.end(body)
  return promise
}

function sameOrigin(
  requestUrl: string,
  { statusCode = 0, headers: { location } }: IncomingMessage,
): string | undefined {
  if (![301, 302, 303, 307, 308].includes(statusCode) || location === undefined) return undefined
  const from = parseBaseUrl(requestUrl)!
  if (from.socketPath !== undefined || !URL.canParse(location, from.url.href)) return undefined
  const to = new URL(location, from.url)
  if (to.origin !== from.url.origin) return undefined
  const { username, password } = new URL(requestUrl)
  to.username = username
  to.password = password
  return to.href
}

async function read(response: IncomingMessage, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder()
  let [text, bytes] = ['', 0]
  try {
    for await (const chunk of decompressed(response)) {
      bytes += chunk.length
      if (bytes > maxBytes) throw new TooLongError()
      text += decoder.decode(chunk, { stream: true })
    }
  } catch (error) {
    // Codes of zlib and Brotli, not of the connection.
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (!/^(Z_|ERR_BROTLI|ERR__ERROR|ERR_PADDING)/.test(code)) throw error
    const encoding = response.headers['content-encoding']
    throw new BodyError(`its body is not valid ${encoding}, its content-encoding (${code})`, response, { cause: error })
  }
  return text + decoder.decode()
}

/** Decompressed body: some servers and proxies compress although the request does not accept it. */
function decompressed(response: IncomingMessage): AsyncIterable<Buffer> {
  const encoding = response.headers['content-encoding']?.trim().toLowerCase() ?? ''
  if (encoding === '' || encoding === 'identity') return response
  const decoder = DECODERS[encoding]
  if (decoder === undefined) throw new BodyError(`its content-encoding ${encoding} is not supported`, response)
  // An error of the connection destroys the decoder, which then throws it.
  return pipeline(response, decoder(), () => {})
}

const DECODERS: Readonly<Record<string, () => ReturnType<typeof createGunzip>>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

/** Thrown if a response has a body that cannot be decompressed. */
export class BodyError extends Error {
  /** Name of the class. */
  override readonly name = 'BodyError'
  readonly status: number

  constructor(message: string, { statusCode = 0 }: IncomingMessage, options?: ErrorOptions) {
    super(message, options)
    this.status = statusCode
  }
}

/** Thrown if a body exceeds `maxBytes`. */
export class TooLongError extends Error {
  /** Name of the class. */
  override readonly name = 'TooLongError'
}
