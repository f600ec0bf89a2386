import { wrongReturn } from '../execution/checked-function.ts'
import { shortened } from '../options/shortened.ts'
import { failedCheck, statusTest, SWITCHED, type Check, type FailedCheck, type SoftChecks } from './expectation.ts'
import { BodyError } from './response-body.ts'
import type { HttpResponse } from './response.ts'
import type { Extraction, RequestKind } from './steps.ts'
import type { RequestSpec } from './types.ts'

/** Why a response is an error. */
export interface WrongResponse {
  readonly kind: 'status' | 'body'
  readonly detail: string
  /** Detail with content of this response, without secrets. */
  readonly sample?: (() => string) | undefined
}

/** Expectations of the next response. One instance for all requests of a VU, so that a request allocates none. */
export class ExpectedResponse {
  #step!: RequestKind
  #isExpected!: (status: number) => boolean
  #check: Check | undefined
  #softChecks: SoftChecks | undefined

  expect(step: RequestKind, spec: RequestSpec): void {
    this.#step = step
    if (step.constants !== undefined) {
      this.#isExpected = step.isExpected
      this.#check = undefined
      this.#softChecks = undefined
      return
    }
    this.#isExpected = spec.expectStatus === undefined ? step.isExpected : statusTest(spec.expectStatus)
    this.#check = spec.check
    this.#softChecks = spec.softChecks
  }

  get hasSoftChecks(): boolean {
    return this.#softChecks !== undefined || this.#step.softChecks.length > 0
  }

  /** Soft checks of the step and of the request, by name. Of two with one name, that of the request counts. */
  *softChecks(): Generator<readonly [name: string, check: Check]> {
    const own = this.#softChecks
    for (const entry of this.#step.softChecks) if (own === undefined || !Object.hasOwn(own, entry[0])) yield entry
    if (own !== undefined) yield* Object.entries(own)
  }

  /** Whether {@link judge} reads the body, so that it must be kept. */
  get looksAtBody(): boolean {
    const { checks, extracts } = this.#step
    return checks.length > 0 || extracts.length > 0 || this.#check !== undefined || this.hasSoftChecks
  }

  /**
   * Judges a response, and extracts the values that later steps use.
   *
   * @param response `undefined` if nothing reads the body
   * @param vars the VU's variables, to which extracted values are added
   * @throws any error that a function of the scenario throws
   */
  judge(status: number, response: HttpResponse | undefined, vars: Record<string, unknown>): WrongResponse | undefined {
    if (!this.#isExpected(status))
      return {
        kind: 'status',
        detail: status === SWITCHED ? `${status} (the target switched protocols)` : String(status),
      }
    try {
      const problem =
        response === undefined ? undefined : (this.#problemWith(response) ?? this.#extract(response, vars))
      return problem && { kind: 'body', ...problem }
    } catch (error) {
      return unreadable(error)
    }
  }

  #problemWith(response: HttpResponse): FailedCheck | undefined {
    for (const check of this.#step.checks) {
      const problem = failedCheck(check, response)
      if (problem !== undefined) return problem
    }
    return this.#check && failedCheck(this.#check, response)
  }

  #extract(response: HttpResponse, vars: Record<string, unknown>): FailedCheck | undefined {
    for (const extraction of this.#step.extracts) {
      const value = valueOf(extraction, response)
      if (value === undefined || value === null) {
        const detail = `extract ${extraction.name}: nothing found by ${extraction.source}`
        const { name } = this.#step
        return { detail, sample: () => `${detail} in step ${name}: the response had ${contentOf(response)}` }
      }
      vars[extraction.name] = value
    }
    return undefined
  }
}

/**
 * Problem that a soft check finds in a response; `undefined` if it passes.
 *
 * @throws any error that a function of the scenario throws
 */
export function softProblem(check: Check, response: HttpResponse): string | undefined {
  try {
    return failedCheck(check, response)?.detail
  } catch (error) {
    return unreadable(error).detail
  }
}

/**
 * Converts the error of an unreadable body, which is the target's, wherever the body was read.
 *
 * @throws any other error
 */
export function unreadable(error: unknown): WrongResponse {
  if (error instanceof BodyError) return { kind: 'body', detail: error.message }
  throw error
}

/** `status 200 and the keys id, name` */
function contentOf(response: HttpResponse): string {
  const status = `status ${response.status}`
  let json: unknown
  try {
    json = response.json()
  } catch (error) {
    if (error instanceof BodyError) return `${status}, and ${error.message}`
    throw error
  }
  if (typeof json !== 'object' || json === null)
    return `${status} and ${json === null ? 'null' : `a ${typeof json}`} instead of an object`
  if (Array.isArray(json)) return `${status} and an array of ${json.length}`
  const keys = Object.keys(json)
  if (keys.length === 0) return `${status} and an object without keys`
  const shown = keys.slice(0, MAX_KEYS).map((key) => shortened(key, 40))
  return `${status} and the keys ${shown.join(', ')}${keys.length > MAX_KEYS ? ', …' : ''}`
}

const MAX_KEYS = 10

function valueOf({ name, find, call }: Extraction, response: HttpResponse): unknown {
  if (call === undefined) return find!(response.json())
  const value = call(response)
  if (value instanceof Promise) throw wrongReturn(`extract.${name}`, value, 'the value')
  return value
}
