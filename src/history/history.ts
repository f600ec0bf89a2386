import { randomBytes } from 'node:crypto'
import { digestOf, type Digest } from './digest.ts'
import { KeyArena, uncollected } from './key-arena.ts'

/**
 * What the user was told. `ok`: the service said yes. `failed`: it said no, before doing anything.
 * `unknown`: it cannot be known from outside whether it was done (time-out, reset, 5xx, still unanswered at the end).
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
  /** Index into `HistoryOptions.steps`. */
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
  /** The response's status code, 0 if there was no response. */
  readonly status: number
  /** What the user received, without parts that may differ between two responses to one key. Only its digest is kept. */
  readonly response?: string | Uint8Array | undefined
}

/** One recorded operation: one send of one key. */
export interface Operation {
  /** Its number within the history, by order of start. */
  readonly id: number
  readonly key: string
  readonly vu: number
  readonly step: number
  readonly due: OperationDue
  /** `undefined` if no payload was recorded. */
  readonly payload: Digest | undefined
  readonly intendedStartUs: number
  readonly startUs: number
  /** `undefined` if the operation was still unanswered when the run ended. */
  readonly endUs: number | undefined
  readonly outcome: OperationOutcome
  readonly status: number
  /** `undefined` if no response was recorded. */
  readonly response: Digest | undefined
}

export interface HistoryOptions {
  /** Default: 12 random hexadecimal digits. */
  readonly runId?: string
  /** Names of the steps, for messages. */
  readonly steps?: readonly string[]
  /** Name of the run. */
  readonly run?: string
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
  /** Name of the run whose history it is. */
  readonly run: string | undefined
  readonly #chunks: Float64Array[] = []
  readonly #keys = new KeyArena()
  #size = 0

  constructor({ runId = randomBytes(6).toString('hex'), steps = [], run }: HistoryOptions = {}) {
    this.runId = runId
    this.steps = steps
    this.run = run
  }

  /** Operations begun. */
  get size(): number {
    return this.#size
  }

  /** Memory held, unused ends of chunks included. */
  get byteLength(): number {
    return this.#chunks.length * CHUNK_SIZE * FIELDS * 8 + this.#keys.byteLength
  }

  /**
   * Records that an operation is being sent; to be called before its first byte leaves.
   * @returns the id to end it with
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
    chunk[at + TOLD] = op.due === undefined ? 0 : DUES.indexOf(op.due) * DUE_UNIT
    return id
  }

  /**
   * Records what the user was told.
   * @throws {RangeError} if no such operation was begun, or it has ended already
   */
  end(id: number, { endUs, outcome, status, response }: OperationEnd): void {
    const chunk = this.#chunkOf(id)
    const at = (id & CHUNK_MASK) * FIELDS
    // As a whole number: the remainder of a fraction takes longer than all the rest.
    const told = chunk[at + TOLD]! | 0
    if (told % DUE_UNIT !== PENDING) throw new RangeError(`operation ${id} has ended already`)
    chunk[at + END] = endUs
    if (response !== undefined) chunk[at + RESPONSE] = digestOf(response)
    chunk[at + TOLD] = told + (OUTCOMES.indexOf(outcome) + 1) * STATUS_RANGE + status
  }

  /** All operations in order of start. Each is read out as it is asked for; nothing is kept. */
  *operations(): Generator<Operation> {
    for (let id = 0; id < this.#size; id++) yield this.operation(id)
  }

  /** @throws {RangeError} if no such operation was begun */
  operation(id: number): Operation {
    const chunk = this.#chunkOf(id)
    const at = (id & CHUNK_MASK) * FIELDS
    const sender = chunk[at + SENDER]!
    const told = chunk[at + TOLD]!
    const ended = told % DUE_UNIT !== PENDING
    return {
      id,
      key: this.#keys.read(chunk[at + KEY]!),
      vu: Math.floor(sender / STEP_RANGE),
      step: sender % STEP_RANGE,
      due: DUES[Math.floor(told / DUE_UNIT)]!,
      payload: recorded(chunk[at + PAYLOAD]!),
      intendedStartUs: chunk[at + INTENDED_START]!,
      startUs: chunk[at + START]!,
      endUs: ended ? chunk[at + END]! : undefined,
      outcome: ended ? OUTCOMES[Math.floor((told % DUE_UNIT) / STATUS_RANGE) - 1]! : 'unknown',
      status: told % STATUS_RANGE,
      response: recorded(chunk[at + RESPONSE]!),
    }
  }

  #chunkOf(id: number): Float64Array {
    const chunk = this.#chunks[id >>> CHUNK_SHIFT]
    if (chunk === undefined || !(id >= 0 && id < this.#size)) throw new RangeError(`no operation ${id} was begun`)
    return chunk
  }
}

const OUTCOMES: readonly OperationOutcome[] = ['ok', 'failed', 'unknown']
const DUES: readonly OperationDue[] = ['applied', 'refused', 'ignored']
const NOT_RECORDED = -1

const CHUNK_SHIFT = 14
const CHUNK_SIZE = 1 << CHUNK_SHIFT
const CHUNK_MASK = CHUNK_SIZE - 1

/**
 * The fields of one operation lie side by side: between two requests the processor's caches are full of other things,
 * and a column for each field would cost a miss for each.
 */
const FIELDS = 8
const [KEY, PAYLOAD, RESPONSE, INTENDED_START, START, END, SENDER, TOLD] = [0, 1, 2, 3, 4, 5, 6, 7] as const
/** `SENDER` is the VU and the step. */
const STEP_RANGE = 2 ** 16
/** `TOLD` is what is due, the outcome (0 while unanswered) and the status. */
const STATUS_RANGE = 2 ** 10
const DUE_UNIT = 4 * STATUS_RANGE
const PENDING = 0

function recorded(digest: number): Digest | undefined {
  return digest === NOT_RECORDED ? undefined : digest
}
