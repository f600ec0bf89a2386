import { randomBytes } from 'node:crypto'
import { digestOf, type Digest } from './digest.ts'
import { KeyArena, uncollected } from './key-arena.ts'

/**
 * Outcome of an operation for its user. `ok`: the service acknowledged it. `failed`: the service rejected it and did nothing.
 * `unknown`: whether it was done cannot be known from outside (timeout, reset, 5xx, no response before the end).
 */
export type OperationOutcome = 'ok' | 'failed' | 'unknown'

/**
 * Expected effect of an operation. `applied`: the default; done once if its outcome is `ok`. `refused`: must be `failed` and
 * leave no row (a forged signature). `ignored`: may have any outcome, but must leave no row (an unknown invoice).
 */
export type ExpectedOutcome = 'applied' | 'refused' | 'ignored'

/** Start of an operation, which an engine passes to {@link History.begin}. */
export interface OperationStart {
  /** Identifier of the intent, not of the attempt: idempotency key, charge id. 1 to 4,096 bytes of UTF-8. */
  readonly key: string
  /** Id of the VU. */
  readonly vu: number
  /** Index into `HistoryOptions.steps`. */
  readonly step: number
  /** Content that was sent; only its digest is kept. Leave it out if two sends of a key may differ. */
  readonly payload?: string | Uint8Array | undefined
  /** Expected effect. @default 'applied' */
  readonly expected?: ExpectedOutcome | undefined
  /** Microseconds since the start of the run. */
  readonly intendedStartUs: number
  /** Microseconds since the start of the run. */
  readonly startUs: number
}

/** End of an operation, which an engine passes to {@link History.end}. */
export interface OperationEnd {
  /** Microseconds since the start of the run. */
  readonly endUs: number
  /** Outcome for the VU. */
  readonly outcome: OperationOutcome
  /** The response's status code, 0 if there was no response. */
  readonly status: number
  /** Content of the response without parts that may differ between responses to the same key; only its digest is kept. */
  readonly response?: string | Uint8Array | undefined
}

/** One recorded operation: one send of one key. */
export interface Operation {
  /** Number within the history, in order of start. */
  readonly id: number
  /** Identifier of the intent, not of the attempt. */
  readonly key: string
  /** Id of the VU. */
  readonly vu: number
  /** Index into {@link History.steps}. */
  readonly step: number
  /** Expected effect. */
  readonly expected: ExpectedOutcome
  /** `undefined` if no payload was recorded. */
  readonly payload: Digest | undefined
  /** Intended start, in microseconds since the start of the run. */
  readonly intendedStartUs: number
  /** Send, in microseconds since the start of the run. */
  readonly startUs: number
  /** `undefined` if the operation had no response when the run ended. */
  readonly endUs: number | undefined
  /** Outcome for the VU. */
  readonly outcome: OperationOutcome
  /** Status code of the response, 0 if there was none. */
  readonly status: number
  /** `undefined` if no response was recorded. */
  readonly response: Digest | undefined
}

/** Options of a history. */
export interface HistoryOptions {
  /** Id of the run. @default 12 random hexadecimal digits */
  readonly runId?: string
  /** Names of the steps, for messages. */
  readonly steps?: readonly string[]
  /** Name of the run. */
  readonly run?: string
}

/** A history as plain data that {@link History.merged} reads. */
export interface PackedHistory {
  readonly runId: string
  readonly steps: readonly string[]
  readonly run: string | undefined
  readonly size: number
  readonly chunks: readonly Float64Array[]
  readonly keys: readonly Uint8Array[]
}

/** Outcome of a status code by default: 2xx is `ok`, 4xx is `failed`, all others are `unknown`. */
export function outcomeOf(status: number): OperationOutcome {
  if (status >= 200 && status < 300) return 'ok'
  return status >= 400 && status < 500 ? 'failed' : 'unknown'
}

/**
 * Every operation that the virtual users of one run attempted, with its outcome. An operation without an end is `unknown`.
 * Stored in typed arrays that grow by chunks: about 100 bytes per operation with a 36-character key, no objects for the
 * garbage collector to trace, and no copying.
 */
export class History {
  /** Unique id of the run. Include it in keys or requests to distinguish the ledger's rows from those of other runs. */
  readonly runId: string
  /** Names of the run's steps. */
  readonly steps: readonly string[]
  /** Name of the run. */
  readonly run: string | undefined
  readonly #chunks: Float64Array[] = []
  readonly #keys = new KeyArena()
  #size = 0

  constructor({ runId = randomBytes(6).toString('hex'), steps = [], run }: HistoryOptions = {}) {
    this.runId = runId
    this.steps = steps
    this.run = run
  }

  /** Number of operations. */
  get size(): number {
    return this.#size
  }

  /** Allocated bytes, unused ends of chunks included. */
  get byteLength(): number {
    return this.#chunks.length * CHUNK_SIZE * FIELDS * 8 + this.#keys.byteLength
  }

  /**
   * Records the start of an operation. Call it before the first byte is sent.
   * @returns the id to pass to {@link end}
   * @throws {RangeError} if the key is empty or longer than 4,096 bytes
   */
  begin(op: OperationStart): number {
    const location = this.#keys.add(op.key)
    const id = this.#size++
    if ((id & CHUNK_MASK) === 0) this.#chunks.push(new Float64Array(uncollected(CHUNK_SIZE * FIELDS * 8)))
    const chunk = this.#chunks[id >>> CHUNK_SHIFT]!
    const at = (id & CHUNK_MASK) * FIELDS
    chunk[at + KEY] = location
    chunk[at + PAYLOAD] = op.payload === undefined ? NOT_RECORDED : digestOf(op.payload)
    chunk[at + RESPONSE] = NOT_RECORDED
    chunk[at + INTENDED_START] = op.intendedStartUs
    chunk[at + START] = op.startUs
    chunk[at + SENDER] = op.vu * STEP_RANGE + op.step
    chunk[at + RESULT] = op.expected === undefined ? 0 : DUES.indexOf(op.expected) * DUE_UNIT
    return id
  }

  /**
   * Records the end of an operation.
   * @throws {RangeError} if there is no such operation, or it has already ended
   */
  end(id: number, { endUs, outcome, status, response }: OperationEnd): void {
    const chunk = this.#chunkOf(id)
    const at = (id & CHUNK_MASK) * FIELDS
    // As an integer: the remainder of a double takes longer than everything else here.
    const result = chunk[at + RESULT]! | 0
    if (result % DUE_UNIT !== PENDING) throw new RangeError(`operation ${id} has already ended`)
    chunk[at + END] = endUs
    if (response !== undefined) chunk[at + RESPONSE] = digestOf(response)
    chunk[at + RESULT] = result + (OUTCOMES.indexOf(outcome) + 1) * STATUS_RANGE + status
  }

  /** All operations in order of start. Each is created on demand; none is kept. */
  *operations(): Generator<Operation> {
    for (let id = 0; id < this.#size; id++) yield this.operation(id)
  }

  /** @throws {RangeError} if there is no such operation */
  operation(id: number): Operation {
    const chunk = this.#chunkOf(id)
    const at = (id & CHUNK_MASK) * FIELDS
    const sender = chunk[at + SENDER]!
    const result = chunk[at + RESULT]!
    const ended = result % DUE_UNIT !== PENDING
    return {
      id,
      key: this.#keys.read(chunk[at + KEY]!),
      vu: Math.floor(sender / STEP_RANGE),
      step: sender % STEP_RANGE,
      expected: DUES[Math.floor(result / DUE_UNIT)]!,
      payload: recorded(chunk[at + PAYLOAD]!),
      intendedStartUs: chunk[at + INTENDED_START]!,
      startUs: chunk[at + START]!,
      endUs: ended ? chunk[at + END]! : undefined,
      outcome: ended ? OUTCOMES[Math.floor((result % DUE_UNIT) / STATUS_RANGE) - 1]! : 'unknown',
      status: result % STATUS_RANGE,
      response: recorded(chunk[at + RESPONSE]!),
    }
  }

  /** A history as plain data. It shares the memory of the history. */
  static packed(history: History): PackedHistory {
    const { runId, steps, run } = history
    const [size, chunks, keys] = [history.#size, history.#chunks, history.#keys]
    const used = (chunk: Float64Array, at: number) => chunk.subarray(0, (size - at * CHUNK_SIZE) * FIELDS)
    return { runId, steps, run, size, chunks: chunks.map(used), keys: keys.pages }
  }

  /**
   * One history of the operations of several, in order of start.
   *
   * @param packed histories of one run, at least one
   */
  static merged(packed: readonly PackedHistory[]): History {
    const { runId, run } = packed[0]!
    // The steps of a flow are in the order in which each history saw them.
    const steps = [...new Set(packed.flatMap((each) => each.steps))]
    const merged = new History({ runId, steps, ...(run === undefined ? {} : { run }) })
    const cursors = packed.map((each) => new Cursor(each, steps))
    for (;;) {
      let next: Cursor | undefined
      for (const cursor of cursors) if (cursor.startUs < (next?.startUs ?? Number.POSITIVE_INFINITY)) next = cursor
      if (next === undefined) return merged
      merged.#append(next.fields, next.sender, next.key)
      next.advance()
    }
  }

  #append(fields: Float64Array, sender: number, key: string): void {
    const id = this.#size++
    if ((id & CHUNK_MASK) === 0) this.#chunks.push(new Float64Array(uncollected(CHUNK_SIZE * FIELDS * 8)))
    const chunk = this.#chunks[id >>> CHUNK_SHIFT]!
    const at = (id & CHUNK_MASK) * FIELDS
    chunk.set(fields, at)
    chunk[at + SENDER] = sender
    chunk[at + KEY] = this.#keys.add(key)
  }

  #chunkOf(id: number): Float64Array {
    const chunk = this.#chunks[id >>> CHUNK_SHIFT]
    if (chunk === undefined || !(id >= 0 && id < this.#size)) throw new RangeError(`there is no operation ${id}`)
    return chunk
  }
}

const OUTCOMES: readonly OperationOutcome[] = ['ok', 'failed', 'unknown']
const DUES: readonly ExpectedOutcome[] = ['applied', 'refused', 'ignored']
const NOT_RECORDED = -1

const CHUNK_SHIFT = 14
const CHUNK_SIZE = 1 << CHUNK_SHIFT
const CHUNK_MASK = CHUNK_SIZE - 1

/**
 * The fields of an operation are adjacent: between two requests the CPU's caches fill with other data, and a separate array
 * per field would cost a cache miss per field.
 */
const FIELDS = 8
const [KEY, PAYLOAD, RESPONSE, INTENDED_START, START, END, SENDER, RESULT] = [0, 1, 2, 3, 4, 5, 6, 7] as const
/** `SENDER` combines the VU and the step. */
const STEP_RANGE = 2 ** 16
/** `RESULT` combines the expected effect, the outcome (0 before the end) and the status. */
const STATUS_RANGE = 2 ** 10
const DUE_UNIT = 4 * STATUS_RANGE
const PENDING = 0

/** The next operation of a packed history. */
class Cursor {
  readonly #packed: PackedHistory
  readonly #keys: KeyArena
  /** Index of each step in the merged history. */
  readonly #steps: readonly number[]
  #id = 0
  /** Start of the operation; infinite if there is none. */
  startUs = Number.POSITIVE_INFINITY

  /** @param steps steps of the merged history */
  constructor(packed: PackedHistory, steps: readonly string[]) {
    this.#packed = packed
    this.#keys = new KeyArena(packed.keys)
    this.#steps = packed.steps.map((step) => steps.indexOf(step))
    this.#readStart()
  }

  get fields(): Float64Array {
    const at = (this.#id & CHUNK_MASK) * FIELDS
    return this.#packed.chunks[this.#id >>> CHUNK_SHIFT]!.subarray(at, at + FIELDS)
  }

  /** VU and step, in the numbering of the merged history. */
  get sender(): number {
    const sender = this.fields[SENDER]!
    const step = sender % STEP_RANGE
    return sender - step + (this.#steps[step] ?? step)
  }

  get key(): string {
    return this.#keys.read(this.fields[KEY]!)
  }

  advance(): void {
    this.#id++
    this.#readStart()
  }

  #readStart(): void {
    this.startUs = this.#id < this.#packed.size ? this.fields[START]! : Number.POSITIVE_INFINITY
  }
}

function recorded(digest: number): Digest | undefined {
  return digest === NOT_RECORDED ? undefined : digest
}
