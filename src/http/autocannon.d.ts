/** The part of autocannon 9.0.0 that this folder relies on; `clients.test.ts` checks it against the package. */
declare module 'autocannon/lib/httpClient.js' {
  interface HttpParserConstants {
    readonly kOnHeaders: number
    readonly kOnHeadersComplete: number
    readonly kOnBody: number
    readonly kOnMessageComplete: number
    /** Bytes of a head, of which all parsers take over the current value before each response. */
    maxHeaderSize: number
  }

  interface ParsedHead {
    readonly statusCode: number
    readonly versionMajor: number
    readonly versionMinor: number
    readonly shouldKeepAlive: boolean
    /** Alternating names and values, as received. */
    readonly headers: readonly string[]
  }

  interface HttpParser {
    constructor: HttpParserConstants
    /** Parses bytes; returns the number consumed, or the error. */
    execute(chunk: Buffer): number | Error
    /** Completes a response whose body ends with the connection. */
    finish(): void | Error
    reinitialize(type: 'RESPONSE'): void
    /** Called by every state that reads lines; returns the next line without its CRLF, `undefined` until it is complete. */
    consumeLine(): string | undefined
    /** Current state: `RESPONSE_LINE`, `HEADER`, `BODY_CHUNKHEAD` and so on. */
    readonly state: string
    /** Beginning of the next line, from earlier chunks. */
    line: string
    /** Bytes being read. */
    readonly chunk: Buffer
    /** Position in the chunk, and end of the bytes to read. */
    offset: number
    readonly end: number
    [callback: number]: (...args: never[]) => unknown
  }

  interface Options {
    /** Seconds. */
    readonly timeout: number
    /** Called by the constructor, before `_connect`. */
    readonly setupClient: (client: Client) => void
  }

  export default class Client {
    constructor(options: Options)
    readonly parser: HttpParser
    readonly timeoutTicker: { clear(): void }
    /** The requests that autocannon itself would send: nearly all memory of a client. */
    requestIterator: object | undefined
    opts: object | undefined
    pipelinedRequests: object | undefined
    /** Opens the connection; the constructor calls it once, after `setupClient`. */
    _connect(): void
    /** Sends the next request, if one is left. */
    _doRequest(): void
    _destroyConnection(): void
    /** Closes this client permanently. */
    destroy(): void
  }
}
