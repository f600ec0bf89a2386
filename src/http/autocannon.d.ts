/** The part of autocannon 9.0.0 that this folder relies on; `clients.test.ts` holds it against the real thing. */
declare module 'autocannon/lib/httpClient.js' {
  interface HttpParserConstants {
    readonly kOnHeaders: number
    readonly kOnHeadersComplete: number
    readonly kOnBody: number
    readonly kOnMessageComplete: number
  }

  interface ParsedHead {
    readonly statusCode: number
    readonly versionMajor: number
    readonly versionMinor: number
    readonly shouldKeepAlive: boolean
    /** Names and values by turns, as received. */
    readonly headers: readonly string[]
  }

  interface HttpParser {
    constructor: HttpParserConstants
    /** Feeds bytes; gives back the number taken, or what is wrong with them. */
    execute(chunk: Buffer): number | Error
    /** The connection ended: completes a response whose body lasts until then. */
    finish(): void | Error
    reinitialize(type: 'RESPONSE'): void
    /** Called by every state that reads lines: the next line without its end, `undefined` as long as it is not whole. */
    consumeLine(): string | undefined
    /** Name of what it reads now: `RESPONSE_LINE`, `HEADER`, `BODY_CHUNKHEAD` and so on. */
    readonly state: string
    /** What came of the next line with earlier chunks. */
    line: string
    /** What is being read. */
    readonly chunk: Buffer
    /** How far into the chunk it has read, and where that ends. */
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
    /** What it would send by itself: nearly all of its memory. */
    requestIterator: object | undefined
    opts: object | undefined
    pipelinedRequests: object | undefined
    /** Opens the connection; called once by the constructor, after `setupClient`. */
    _connect(): void
    /** Sends the next request, or not. */
    _doRequest(): void
    _destroyConnection(): void
    /** Ends this client for good. */
    destroy(): void
  }
}
