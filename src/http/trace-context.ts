import { randomFillSync } from 'node:crypto'

/** The `traceparent` of one request (W3C Trace Context, version 00). */
export interface Trace {
  /** Value of the header. */
  readonly header: string
  /** 32 hexadecimal digits; `undefined` if the trace is not sampled, so that it cannot be found. */
  readonly traceId: string | undefined
}

const TRACE_BYTES = 16
const SPAN_BYTES = 8
const DRAW_BYTES = 4
const BYTES = TRACE_BYTES + SPAN_BYTES + DRAW_BYTES
const POOL_BYTES = 1024 * BYTES

/** Generator of a new trace for each request. Ids are random and not seeded: two runs must not share a trace. */
export class TraceContext {
  readonly #sampledRatio: number
  readonly #pool = Buffer.alloc(POOL_BYTES)
  #at = POOL_BYTES

  /** @param sampledRatio ratio of requests whose trace is marked as sampled, 0–1 */
  constructor(sampledRatio: number) {
    this.#sampledRatio = sampledRatio
  }

  next(): Trace {
    if (this.#at === POOL_BYTES) {
      randomFillSync(this.#pool)
      this.#at = 0
    }
    const [pool, at] = [this.#pool, this.#at]
    this.#at += BYTES
    const traceId = pool.toString('hex', at, at + TRACE_BYTES)
    const spanId = pool.toString('hex', at + TRACE_BYTES, at + TRACE_BYTES + SPAN_BYTES)
    const isSampled = pool.readUInt32LE(at + TRACE_BYTES + SPAN_BYTES) < this.#sampledRatio * 2 ** 32
    return { header: `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`, traceId: isSampled ? traceId : undefined }
  }
}
