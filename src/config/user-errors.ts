import { MissingPackageError } from '../options/optional-package.ts'
import { OptionsError } from '../options/problems.ts'
import { StartError } from '../services/environment.ts'
import { ServiceError } from '../services/service.ts'

const FORESEEN = [StartError, ServiceError, OptionsError, MissingPackageError]

/** The message says what to do; a stack through our own files would bury it. Unforeseen errors keep theirs. */
export function withoutStack(error: unknown): unknown {
  if (!isUserError(error)) return error
  const { name, message } = error
  return Object.assign(new Error(message), { name, stack: `${name}: ${message}` })
}

/** Whether the message was written for whoever made the mistake. */
export function isUserError(error: unknown): error is Error {
  return FORESEEN.some((kind) => error instanceof kind)
}
