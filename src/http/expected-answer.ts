import type { HttpAnswer } from './answer.ts'
import { shortened } from '../options/shortened.ts'
import { BodyError } from './response-body.ts'
import { wrongReturn } from '../execution/checked-function.ts'
import { failedCheck, statusTest, SWITCHED, type Check, type FailedCheck } from './expectation.ts'
import type { Extraction, Step } from './steps.ts'
import type { RequestSpec } from './types.ts'

/** What was not as expected. */
export interface WrongAnswer {
  readonly kind: 'status' | 'body'
  readonly detail: string
  /** The same with what this response had, without secrets. */
  readonly sample?: (() => string) | undefined
}

/** What a VU expects of the answer it awaits. One for all requests of a VU, so that none of them makes an object. */
export class ExpectedAnswer<D> {
  #step!: Step<D>
  #isExpected!: (status: number) => boolean
  #check: Check | undefined

  expect(step: Step<D>, spec: RequestSpec): void {
    this.#step = step
    if (step.constants !== undefined) {
      this.#isExpected = step.isExpected
      this.#check = undefined
      return
    }
    this.#isExpected = spec.expectStatus === undefined ? step.isExpected : statusTest(spec.expectStatus)
    this.#check = spec.check
  }

  /** Whether the body has to be kept for {@link judge}. */
  get looksAtBody(): boolean {
    const { checks, extracts } = this.#step
    return checks.length > 0 || extracts.length > 0 || this.#check !== undefined
  }

  /**
   * Judges an answer, and takes from it what later steps use.
   *
   * @param answer absent where nothing looks at the body
   * @param vars of the VU; what is extracted goes there
   * @throws what a function of the scenario throws
   */
  judge(status: number, answer: HttpAnswer | undefined, vars: Record<string, unknown>): WrongAnswer | undefined {
    if (!this.#isExpected(status))
      return {
        kind: 'status',
        detail: status === SWITCHED ? `${status} (the target switched protocols)` : String(status),
      }
    try {
      const problem = answer === undefined ? undefined : (this.#problemWith(answer) ?? this.#extract(answer, vars))
      return problem && { kind: 'body', ...problem }
    } catch (error) {
      return unreadable(error)
    }
  }

  #problemWith(answer: HttpAnswer): FailedCheck | undefined {
    for (const check of this.#step.checks) {
      const problem = failedCheck(check, answer)
      if (problem !== undefined) return problem
    }
    return this.#check && failedCheck(this.#check, answer)
  }

  #extract(answer: HttpAnswer, vars: Record<string, unknown>): FailedCheck | undefined {
    for (const extraction of this.#step.extracts) {
      const value = valueOf(extraction, answer)
      if (value === undefined || value === null) {
        const detail = `extract ${extraction.name}: nothing found by ${extraction.source}`
        const { name } = this.#step
        return { detail, sample: () => `${detail} in step ${name}: the response had ${contentOf(answer)}` }
      }
      vars[extraction.name] = value
    }
    return undefined
  }
}

/**
 * The target's error of a body that cannot be read, wherever it was looked at.
 *
 * @throws any other error
 */
export function unreadable(error: unknown): WrongAnswer {
  if (error instanceof BodyError) return { kind: 'body', detail: error.message }
  throw error
}

/** `status 200 and the keys id, name` */
function contentOf(answer: HttpAnswer): string {
  const status = `status ${answer.status}`
  let json: unknown
  try {
    json = answer.json()
  } catch (error) {
    if (error instanceof BodyError) return `${status}, and ${error.message}`
    throw error
  }
  if (typeof json !== 'object' || json === null)
    return `${status} and ${json === null ? 'null' : `a ${typeof json}`} in place of an object`
  if (Array.isArray(json)) return `${status} and an array of ${json.length}`
  const keys = Object.keys(json)
  if (keys.length === 0) return `${status} and an object without keys`
  const shown = keys.slice(0, MAX_KEYS).map((key) => shortened(key, 40))
  return `${status} and the keys ${shown.join(', ')}${keys.length > MAX_KEYS ? ', …' : ''}`
}

const MAX_KEYS = 10

function valueOf({ name, find, call }: Extraction, answer: HttpAnswer): unknown {
  if (call === undefined) return find!(answer.json())
  const value = call(answer)
  if (value instanceof Promise) throw wrongReturn(`extract.${name}`, value, 'the value')
  return value
}
