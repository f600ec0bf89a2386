import type { FirstError } from '../../execution/iteration-times.ts'
import type { ErrorKind } from '../../stats/timeline.ts'
import type { HttpResponse } from '../response.ts'

/**
 * Error with which `request()` of a flow rejects if the request ends in an error. The request is already counted. If the
 * flow does not catch it, it ends the iteration, but not the run.
 */
export class RequestFailedError extends Error {
  /** Name of the class. */
  override readonly name = 'RequestFailedError'
  /** Kind of the error. */
  readonly kind: ErrorKind
  /** Its detail: the status, the reason of a failed check, the system's error code. */
  readonly detail: string
  /** Name under which the request is counted. */
  readonly request: string
  /** The response, if there was one. */
  readonly response: HttpResponse | undefined

  constructor(request: string, { kind, detail }: FirstError, response: HttpResponse | undefined) {
    super(`${request} ended in an error of kind ${kind}: ${detail}`)
    this.kind = kind
    this.detail = detail
    this.request = request
    this.response = response
  }

  /** The error without a stack: collecting one for each failed request would cost more than the request. */
  static of(...failed: ConstructorParameters<typeof RequestFailedError>): RequestFailedError {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    try {
      return new RequestFailedError(...failed)
    } finally {
      Error.stackTraceLimit = stackTraceLimit
    }
  }
}

/** Error with which the functions of a flow reject once the run has ended. */
export class RunEndedError extends Error {
  /** Name of the class. */
  override readonly name = 'RunEndedError'
}
