import { randomFillSync } from 'node:crypto'

/** The `traceparent` of one request (W3C Trace Context, version 00). */
export interface Trace {
  /** What follows `traceparent: `. */
  readonly header: string
  /** 32 hexadecimal digits; `undefined` if the target is asked not to keep the trace, so that it leads nowhere. */
  readonly traceId: string | undefined
}

const TRACE_BYTES = 16
const SPAN_BYTES = 8
const DRAW_BYTES = 4
const BYTES = TRACE_BYTES + SPAN_BYTES + DRAW_BYTES
const POOL_BYTES = 1024 * BYTES

/** Makes a new trace for each request. Its ids are random and not seeded: two runs must not share a trace. */
export class TraceContext {
  readonly #sampledRatio: number
  readonly #pool = Buffer.alloc(POOL_BYTES)
  #at = POOL_BYTES

  /** @param sampledRatio 0–1, share of the requests whose trace the target is asked to keep */
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
