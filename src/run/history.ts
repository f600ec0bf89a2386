import { randomBytes } from 'node:crypto'
import { digestOf } from './digest.ts'
import type { Digest } from './digest.ts'

/**
 * What the user was told. `ok`: the service said yes. `failed`: it said no, before doing anything.
 * `unknown`: nobody can tell from outside whether it was done (time-out, reset, 5xx, still unanswered at the end).
 */
export type OperationOutcome = 'ok' | 'failed' | 'unknown'

/**
 * What the sender is owed. `applied`: the default; done once if told `ok`. `refused`: must be told `failed` and leave
 * no trace (a forged signature). `ignored`: may be told anything, but must leave no trace (an invoice nobody made).
 */
export type OperationDue = 'applied' | 'refused' | 'ignored'

/** An operation at its start, as an engine hands it to {@link History.begin}. */
export interface OperationStart {
  /** What identifies the intent, not the attempt: idempotency key, charge id. 1 to 4,096 bytes of UTF-8. */
  readonly key: string
  readonly vu: number
  /** Index into {@link HistoryOptions.steps}. */
  readonly step: number
  /** What was sent. Only its digest is kept. Leave it out where two sends of one key may differ. */
  readonly payload?: string | Uint8Array | undefined
  /** Default `applied`. */
  readonly due?: OperationDue | undefined
  /** Microseconds since the start of the run. */
  readonly intendedStartUs: number
  /** Microseconds since the start of the run. */
  readonly startUs: number
}

/** How an operation ended, as an engine hands it to {@link History.end}. */
export interface OperationEnd {
  /** Microseconds since the start of the run. */
  readonly endUs: number
  readonly outcome: OperationOutcome
  /** The answer's status code, 0 where there was no answer. */
  readonly status: number
  /** What the user was told, without parts that may differ between two answers to one key. Only its digest is kept. */
  readonly answer?: string | Uint8Array | undefined
}

/** One recorded operation: one send of one key. */
export interface Operation {
  /** Its number within the history, by order of start. */
  readonly id: number
  readonly key: string
  readonly vu: number
  readonly step: number
  readonly due: OperationDue
  /** `undefined` where no payload was recorded. */
  readonly payload: Digest | undefined
  readonly intendedStartUs: number
  readonly startUs: number
  /** `undefined` where the operation was still unanswered when the run ended. */
  readonly endUs: number | undefined
  readonly outcome: OperationOutcome
  readonly status: number
  /** `undefined` where no answer was recorded. */
  readonly answer: Digest | undefined
}

export interface HistoryOptions {
  /** Default: 12 random hexadecimal digits. */
  readonly runId?: string
  /** Names of the steps, for messages. */
  readonly steps?: readonly string[]
}

/** The outcome a status code stands for where the scenario does not say otherwise: 2xx `ok`, 4xx `failed`, all else `unknown`. */
export function outcomeOf(status: number): OperationOutcome {
  if (status >= 200 && status < 300) return 'ok'
  return status >= 400 && status < 500 ? 'failed' : 'unknown'
}

/**
 * Every operation that the virtual users of one run attempted, and what each was told. An operation that was begun and
 * never ended counts as `unknown`. Held in typed arrays that grow by chunks: about 100 bytes an operation with a
 * 36-character key, nothing for the garbage collector to trace, no copying as it grows.
 */
export class History {
  /** Unique to this run. Put it into the keys, or send it along, so that the ledger's rows can be told from other runs'. */
  readonly runId: string
  readonly steps: readonly string[]
  readonly #chunks: Chunk[] = []
  readonly #keys = new KeyArena()
  #size = 0

  constructor({ runId = randomBytes(6).toString('hex'), steps = [] }: HistoryOptions = {}) {
    this.runId = runId
    this.steps = steps
  }

  /** Operations begun. */
  get size(): number {
    return this.#size
  }

  /** Memory held, unused ends of chunks included. */
  get byteLength(): number {
    return this.#chunks.length * Chunk.byteLength + this.#keys.byteLength
  }

  /**
   * Records that an operation is being sent; to be called before its first byte leaves.
   * @returns the id to end it with
   * @throws {RangeError} where the key is empty or longer than 4,096 bytes
   */
  begin(op: OperationStart): number {
    const location = this.#keys.add(op.key)
    const id = this.#size++
    const at = id & CHUNK_MASK
    if (at === 0) this.#chunks.push(new Chunk())
    const chunk = this.#chunks[id >>> CHUNK_SHIFT]!
    chunk.key[at] = location
    chunk.vu[at] = op.vu
    chunk.step[at] = op.step
    chunk.due[at] = op.due === undefined ? 0 : DUES.indexOf(op.due)
    chunk.payload[at] = op.payload === undefined ? NOT_RECORDED : digestOf(op.payload)
    chunk.answer[at] = NOT_RECORDED
    chunk.intendedStartUs[at] = op.intendedStartUs
    chunk.startUs[at] = op.startUs
    return id
  }

  /**
   * Records what the user was told.
   * @throws {RangeError} where no such operation was begun, or it has ended already
   */
  end(id: number, { endUs, outcome, status, answer }: OperationEnd): void {
    const { chunk, at } = this.#find(id)
    if (chunk.outcome[at] !== UNANSWERED) throw new RangeError(`operation ${id} has ended already`)
    chunk.endUs[at] = endUs
    chunk.status[at] = status
    if (answer !== undefined) chunk.answer[at] = digestOf(answer)
    chunk.outcome[at] = OUTCOMES.indexOf(outcome) + 1
  }

  /** All operations in order of start. Each is read out as it is asked for; nothing is kept. */
  *operations(): Generator<Operation> {
    for (let id = 0; id < this.#size; id++) yield this.operation(id)
  }

  /** @throws {RangeError} where no such operation was begun */
  operation(id: number): Operation {
    const { chunk, at } = this.#find(id)
    const outcome = chunk.outcome[at]!
    return {
      id,
      key: this.#keys.read(chunk.key[at]!),
      vu: chunk.vu[at]!,
      step: chunk.step[at]!,
      due: DUES[chunk.due[at]!]!,
      payload: recorded(chunk.payload[at]!),
      intendedStartUs: chunk.intendedStartUs[at]!,
      startUs: chunk.startUs[at]!,
      endUs: outcome === UNANSWERED ? undefined : chunk.endUs[at]!,
      outcome: outcome === UNANSWERED ? 'unknown' : OUTCOMES[outcome - 1]!,
      status: chunk.status[at]!,
      answer: recorded(chunk.answer[at]!),
    }
  }

  #find(id: number): { chunk: Chunk; at: number } {
    const chunk = this.#chunks[id >>> CHUNK_SHIFT]
    if (chunk === undefined || !(id >= 0 && id < this.#size)) throw new RangeError(`no operation ${id} was begun`)
    return { chunk, at: id & CHUNK_MASK }
  }
}

const OUTCOMES: readonly OperationOutcome[] = ['ok', 'failed', 'unknown']
const DUES: readonly OperationDue[] = ['applied', 'refused', 'ignored']
const UNANSWERED = 0
const NOT_RECORDED = -1

const CHUNK_SHIFT = 14
const CHUNK_SIZE = 1 << CHUNK_SHIFT
const CHUNK_MASK = CHUNK_SIZE - 1

function recorded(digest: number): Digest | undefined {
  return digest === NOT_RECORDED ? undefined : digest
}

/** The columns of 16,384 operations. */
class Chunk {
  static readonly byteLength = CHUNK_SIZE * (6 * 8 + 4 + 2 * 2 + 2)
  readonly key = new Float64Array(CHUNK_SIZE)
  readonly payload = new Float64Array(CHUNK_SIZE)
  readonly answer = new Float64Array(CHUNK_SIZE)
  readonly intendedStartUs = new Float64Array(CHUNK_SIZE)
  readonly startUs = new Float64Array(CHUNK_SIZE)
  readonly endUs = new Float64Array(CHUNK_SIZE)
  readonly vu = new Uint32Array(CHUNK_SIZE)
  readonly step = new Uint16Array(CHUNK_SIZE)
  readonly status = new Uint16Array(CHUNK_SIZE)
  readonly outcome = new Uint8Array(CHUNK_SIZE)
  readonly due = new Uint8Array(CHUNK_SIZE)
}

const PAGE_SIZE = 1 << 20
const MAX_KEY_BYTES = 4096
/** A key's place and its length are packed into one safe integer. */
const LENGTH_RANGE = MAX_KEY_BYTES + 1

/** The bytes of all keys, one after another, in pages of 1 MiB. */
class KeyArena {
  readonly #pages: Buffer[] = []
  #used = PAGE_SIZE

  get byteLength(): number {
    return this.#pages.length * PAGE_SIZE
  }

  add(key: string): number {
    // Three bytes a UTF-16 unit is the most that UTF-8 needs.
    const roomy = key.length * 3 <= MAX_KEY_BYTES
    if (key === '' || (!roomy && Buffer.byteLength(key) > MAX_KEY_BYTES)) {
      throw new RangeError(`a key must have 1 to ${MAX_KEY_BYTES} bytes, received ${Buffer.byteLength(key)}`)
    }
    if (this.#used > PAGE_SIZE - MAX_KEY_BYTES) {
      this.#pages.push(Buffer.allocUnsafeSlow(PAGE_SIZE))
      this.#used = 0
    }
    const page = this.#pages.length - 1
    const start = this.#used
    const length = this.#pages[page]!.write(key, start, 'utf8')
    this.#used += length
    return (page * PAGE_SIZE + start) * LENGTH_RANGE + length
  }

  read(location: number): string {
    const length = location % LENGTH_RANGE
    const place = (location - length) / LENGTH_RANGE
    const start = place % PAGE_SIZE
    return this.#pages[(place - start) / PAGE_SIZE]!.toString('utf8', start, start + length)
  }
}
