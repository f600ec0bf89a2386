import { BodyError, decodeContent, decodeText, isGarbled, parseJson, tooLarge } from './response-body.ts'
import { headersOf, type RawHeaders, type ResponseHeaders } from './response-headers.ts'

/** A response whose bytes are still in the reader's buffer. */
interface ResponseAsRead {
  readonly status: number
  /** The body, with one character per byte. */
  readonly bodyText: string
  /** Bytes as received, whether kept or not. */
  readonly bodyBytes: number
  readonly rawHeaders: RawHeaders
}

/** Receiver of the errors of bodies that cannot be read, whether the caller catches them or not. */
interface BodyErrors {
  unreadable(error: BodyError): void
}

const NO_REDIRECTS: readonly string[] = []

/** A response, as passed to `check`, `extract` and `record` functions. */
export class HttpResponse {
  /** Status code. */
  readonly status: number
  /** Bytes of the body as received: encoded, without chunk framing. */
  readonly wireBytes: number
  /** URLs of the redirects that were followed, in order: the last one is the URL of this response. Empty without any. */
  readonly redirects: readonly string[]
  readonly #maxBodyBytes: number
  /** The body as received, with one character per byte. */
  readonly #encoded: string
  readonly #rawHeaders: RawHeaders
  readonly #errors: BodyErrors | undefined
  #headers: ResponseHeaders | undefined
  #body: Buffer | undefined

  constructor(reader: ResponseAsRead, maxBodyBytes: number, redirects = NO_REDIRECTS, errors?: BodyErrors) {
    this.redirects = redirects
    this.#errors = errors
    this.status = reader.status
    this.wireBytes = reader.bodyBytes
    this.#maxBodyBytes = maxBodyBytes
    this.#encoded = reader.bodyBytes > maxBodyBytes ? '' : reader.bodyText
    this.#rawHeaders = reader.rawHeaders
  }

  /** Headers by lowercase name; `set-cookie` is an array. */
  get headers(): ResponseHeaders {
    return (this.#headers ??= headersOf(this.#rawHeaders))
  }

  /**
   * The body, decoded according to `Content-Encoding`: gzip, deflate, br and zstd.
   *
   * @throws {BodyError} if the body cannot be decoded or is larger than `maxBodyBytes`: an error of kind `body`
   */
  get body(): Buffer {
    if (this.#body !== undefined) return this.#body
    try {
      if (this.wireBytes > this.#maxBodyBytes) throw tooLarge(this.#maxBodyBytes)
      const encoded = Buffer.from(this.#encoded, 'latin1')
      return (this.#body = decodeContent(encoded, this.headers['content-encoding'], this.#maxBodyBytes))
    } catch (error) {
      throw this.#unreadable(error)
    }
  }

  /**
   * The body as text, decoded by its byte order mark, else the charset of its `Content-Type`, else UTF-8.
   *
   * @throws {BodyError} as `body`
   */
  text(): string {
    return decodeText(this.body, this.headers['content-type'])
  }

  /**
   * The body parsed as JSON. An integer beyond 2^53 is a bigint, so that no digit is lost.
   *
   * @typeParam T type that the scenario expects; not checked
   * @throws {BodyError} as `text()`, and if the body is not JSON
   */
  // oxlint-disable-next-line typescript/no-explicit-any -- as `json()` of Fetch
  json<T = any>(): T {
    const text = this.text()
    try {
      return parseJson(text) as T
    } catch (error) {
      throw this.#unreadable(error)
    }
  }

  /** Whether the body has no charset and is not valid UTF-8. */
  get isGarbled(): boolean {
    return isGarbled(this.body, this.headers['content-type'])
  }

  #unreadable(error: unknown): unknown {
    if (error instanceof BodyError) this.#errors?.unreadable(error)
    return error
  }
}
