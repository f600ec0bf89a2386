/** An answer while its bytes are still where they were read. */
interface AnswerAsRead {
  readonly status: number
  readonly body: Uint8Array
  readonly rawHeaders: readonly string[]
}

/** An answer as checks, extracts and record functions see it. */
export class HttpAnswer {
  readonly status: number
  readonly body: Buffer
  readonly #rawHeaders: readonly string[]
  #headers: Record<string, string> | undefined

  constructor(reader: AnswerAsRead) {
    this.status = reader.status
    this.body = Buffer.from(reader.body)
    this.#rawHeaders = reader.rawHeaders
  }

  /** By lower-case name; several values of one name joined by a comma, as RFC 9110 has it. */
  get headers(): Readonly<Record<string, string>> {
    return (this.#headers ??= toRecord(this.#rawHeaders))
  }

  /** The body as UTF-8. */
  text(): string {
    return this.body.toString('utf8')
  }

  /** @throws {SyntaxError} where the body is no JSON */
  json(): unknown {
    return JSON.parse(this.text())
  }
}

function toRecord(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase()
    headers[name] = headers[name] === undefined ? raw[at + 1]! : `${headers[name]}, ${raw[at + 1]!}`
  }
  return headers
}
