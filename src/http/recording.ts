import { wrongReturn } from '../execution/checked-function.ts'
import { outcomeOf, type History, type ExpectedOutcome, type OperationOutcome } from '../history/history.ts'
import type { Vu } from '../load/vu.ts'
import type { FailureKind } from './connection.ts'
import { unreadable, type WrongResponse } from './expected-response.ts'
import type { HttpResponse } from './response.ts'
import type { RequestKind } from './steps.ts'
import type { RecordedRequest, RecordOption, RequestSpec } from './types.ts'

interface Sent {
  readonly kind: RequestKind
  readonly spec: RequestSpec
  /** Number of the request in its iteration. */
  readonly position: number
  /** The body as sent. */
  readonly content: string | Uint8Array | undefined
}

interface Received {
  readonly status: number
  /** Whether a redirect was followed by a `GET`, so that the status is not that of the operation. */
  readonly isRewritten: boolean
  /** `undefined` if nothing reads it. */
  readonly response: HttpResponse | undefined
}

interface SendTimes {
  /** When it was due, from the start of the run. */
  readonly intendedMs: number
  /** When it was sent (`performance.now()`). */
  readonly sentMs: number
}

/** Recorder of a run's history. */
export class Recording<D> {
  readonly history: History
  readonly #option: RecordOption<D>
  /** Whether a function of the scenario reads each request. */
  readonly #readsRequest: boolean
  readonly #startMs: () => number

  /** @param startMs when the run began (`performance.now()`) */
  constructor(option: RecordOption<D>, history: History, startMs: () => number) {
    this.#option = option
    this.#readsRequest = [option.key, option.expected, option.payload].some((part) => typeof part === 'function')
    this.history = history
    this.#startMs = startMs
  }

  /** Whether a function reads the responses, so that their bodies must be kept. */
  get looksAtBody(): boolean {
    return this.#option.response !== undefined || this.#option.outcome !== undefined
  }

  /** @returns the operation's number in the history, or -1 if the scenario leaves it out */
  begin(
    vu: Vu<D>,
    iteration: number,
    { kind, spec, position, content }: Sent,
    { intendedMs, sentMs }: SendTimes,
  ): number {
    const { key } = this.#option
    const request = this.#readsRequest ? new SentRequest(vu, kind.name, spec) : undefined
    const returned =
      key === undefined ? (idempotencyKey(spec.headers) ?? `${vu.id}-${iteration}-${position}`) : key(request!)
    if (returned === undefined) return -1
    const operationKey = Array.isArray(returned) ? compositeKey(returned) : returned
    if (typeof operationKey !== 'string' || operationKey === '')
      throw wrongReturn('record.key', operationKey, 'a non-empty string, an array of them, or undefined')
    return this.history.begin({
      key: operationKey,
      vu: vu.id,
      step: kind.index,
      payload: this.#payloadOf(content, request),
      expected: this.#dueOf(request),
      intendedStartUs: intendedMs * 1000,
      startUs: (sentMs - this.#startMs()) * 1000,
    })
  }

  /**
   * @param wrong error already found in the response
   * @returns `wrong`, else the error of a body that cannot be read
   */
  responded(
    id: number,
    endMs: number,
    { status, isRewritten, response }: Received,
    wrong: WrongResponse | undefined,
  ): WrongResponse | undefined {
    const content = response === undefined ? undefined : this.#read('response', isPayload, response)
    // From a wrong body, the outcome of the operation cannot be known.
    let outcome: OperationOutcome | WrongResponse = 'unknown'
    const isDoubtful = wrong === undefined ? isWrong(content) : wrong.kind === 'body'
    if (!isDoubtful) outcome = this.#outcomeOf(status, response, isRewritten)
    this.history.end(id, {
      endUs: (endMs - this.#startMs()) * 1000,
      outcome: isWrong(outcome) ? 'unknown' : outcome,
      status,
      response: isWrong(content) ? undefined : content,
    })
    return wrong ?? [content, outcome].find(isWrong)
  }

  /** Records a request without a response. Without a connection, it was never sent, and so never executed. */
  failed(id: number, endMs: number, kind: FailureKind, isRedirected: boolean): void {
    const outcome = kind === 'connect' && !isRedirected ? 'failed' : 'unknown'
    this.history.end(id, { endUs: (endMs - this.#startMs()) * 1000, outcome, status: 0 })
  }

  #outcomeOf(
    status: number,
    response: HttpResponse | undefined,
    isRewritten: boolean,
  ): OperationOutcome | WrongResponse {
    const returned = response === undefined ? undefined : this.#read('outcome', isOutcome, response)
    return returned ?? (isRewritten && status >= 400 ? 'unknown' : outcomeOf(status))
  }

  /**
   * Result of one of the scenario's functions for a response.
   *
   * @throws {ScenarioError} for an invalid return value
   * @throws any error that the function throws
   */
  #read<Name extends 'response' | 'outcome'>(
    name: Name,
    { isValid, valid }: Returned,
    response: HttpResponse,
  ): ReturnType<NonNullable<RecordOption<D>[Name]>> | WrongResponse | undefined {
    const read = this.#option[name] as
      | ((response: HttpResponse) => ReturnType<NonNullable<RecordOption<D>[Name]>>)
      | undefined
    if (read === undefined) return undefined
    try {
      const value = read(response)
      if (isValid(value)) return value
      throw wrongReturn(`record.${name}`, value, valid)
    } catch (error) {
      return unreadable(error)
    }
  }

  #payloadOf(
    content: string | Uint8Array | undefined,
    request: RecordedRequest<D> | undefined,
  ): string | Uint8Array | undefined {
    const { payload } = this.#option
    if (payload === false) return undefined
    if (payload === undefined) return content
    const value = payload(request!)
    if (isPayload.isValid(value)) return value
    throw wrongReturn('record.payload', value, isPayload.valid)
  }

  #dueOf(request: RecordedRequest<D> | undefined): ExpectedOutcome | undefined {
    const due = this.#option.expected?.(request!)
    if (due === undefined || DUES.has(due)) return due
    throw wrongReturn('record.expected', due, `'applied', 'refused' or 'ignored'`)
  }
}

interface Returned {
  isValid(value: unknown): boolean
  readonly valid: string
}

const DUES: ReadonlySet<unknown> = new Set(['applied', 'refused', 'ignored'] satisfies ExpectedOutcome[])
const OUTCOMES: ReadonlySet<unknown> = new Set(['ok', 'failed', 'unknown'] satisfies OperationOutcome[])
const isOutcome: Returned = { isValid: (value) => OUTCOMES.has(value), valid: `'ok', 'failed' or 'unknown'` }
const isPayload: Returned = {
  isValid: (value) => value === undefined || typeof value === 'string' || value instanceof Uint8Array,
  valid: 'a string, bytes or undefined',
}

function isWrong(value: unknown): value is WrongResponse {
  return typeof value === 'object' && value !== null && 'kind' in value && 'detail' in value
}

/** A sent request, for the functions of `record`. Its headers are normalized on first use, as most never read them. */
class SentRequest<D> implements RecordedRequest<D> {
  readonly vu: Vu<D>
  readonly step: string
  readonly #spec: RequestSpec
  #headers: Record<string, string> | undefined

  constructor(vu: Vu<D>, step: string, spec: RequestSpec) {
    this.vu = vu
    this.step = step
    this.#spec = spec
  }

  get method(): string {
    return this.#spec.method ?? 'GET'
  }

  get path(): string {
    return this.#spec.path
  }

  get body(): unknown {
    return this.#spec.body
  }

  get headers(): Readonly<Record<string, string>> {
    if (this.#headers !== undefined) return this.#headers
    const byName: Record<string, string> = {}
    const { headers = {} } = this.#spec
    for (const name in headers)
      if (headers[name] !== undefined) byName[name.toLowerCase()] = String(headers[name]).trim()
    return (this.#headers = byName)
  }
}

const KEY_HEADER = 'idempotency-key'

function idempotencyKey(headers: RequestSpec['headers']): string | undefined {
  for (const name in headers) {
    const value = headers[name]
    const isKey = name === KEY_HEADER || (name.length === KEY_HEADER.length && name.toLowerCase() === KEY_HEADER)
    // The target receives header values without surrounding whitespace.
    if (isKey && value !== undefined) return String(value).trim()
  }
  return undefined
}

/** @throws {ScenarioError} if a part is not a non-empty string */
function compositeKey(parts: readonly unknown[]): string {
  const isText = (part: unknown) => typeof part === 'string' && part !== ''
  if (parts.length > 0 && parts.every(isText)) return JSON.stringify(parts)
  throw wrongReturn('record.key', parts, 'an array of non-empty strings')
}
