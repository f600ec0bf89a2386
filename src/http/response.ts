import { decodeContent, decodeText, isGarbled, parseJson, tooLarge } from './response-body.ts'
import { headersOf, type ResponseHeaders } from './response-headers.ts'

/** A response while its bytes are still where they were read. */
interface ResponseAsRead {
  readonly status: number
  readonly body: Uint8Array
  /** As received, whether kept or not. */
  readonly bodyBytes: number
  readonly rawHeaders: readonly string[]
}

/** A response as checks, extracts and record functions see it. */
export class HttpResponse {
  readonly status: number
  /** Bytes of the body as received: encoded, without the framing of chunks. */
  readonly wireBytes: number
  readonly #maxBodyBytes: number
  readonly #encoded: Buffer
  readonly #rawHeaders: readonly string[]
  #headers: ResponseHeaders | undefined
  #body: Buffer | undefined

  constructor(reader: ResponseAsRead, maxBodyBytes: number) {
    this.status = reader.status
    this.wireBytes = reader.bodyBytes
    this.#maxBodyBytes = maxBodyBytes
    this.#encoded = Buffer.from(reader.bodyBytes > maxBodyBytes ? [] : reader.body)
    this.#rawHeaders = reader.rawHeaders
  }

  /** By lower-case name; `set-cookie` is a list. */
  get headers(): ResponseHeaders {
    return (this.#headers ??= headersOf(this.#rawHeaders))
  }

  /**
   * The body, with `Content-Encoding` undone: gzip, deflate, br and zstd.
   *
   * @throws {BodyError} for a body that cannot be decoded or is larger than `maxBodyBytes`: an error of kind `body`
   */
  get body(): Buffer {
    if (this.wireBytes > this.#maxBodyBytes) throw tooLarge(this.#maxBodyBytes)
    return (this.#body ??= decodeContent(this.#encoded, this.headers['content-encoding'], this.#maxBodyBytes))
  }

  /**
   * The body as text: by its byte order mark, else the charset of its `Content-Type`, else UTF-8.
   *
   * @throws {BodyError} as `body`
   */
  text(): string {
    return decodeText(this.body, this.headers['content-type'])
  }

  /**
   * The body as JSON. An integer beyond 2^53 is a bigint, so that no digit of it is lost.
   *
   * @throws {BodyError} as `text()`, and for a body that is not JSON
   */
  json(): unknown {
    return parseJson(this.text())
  }

  /** Whether its text holds bytes that are not of its charset. */
  get isGarbled(): boolean {
    return isGarbled(this.body, this.headers['content-type'])
  }
}
