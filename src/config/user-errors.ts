import { inspect } from 'node:util'
import { GeneratorError } from '../generators/errors.ts'
import { MissingPackageError } from '../options/optional-package.ts'
import { OptionsError } from '../options/problems.ts'
import { StartError } from '../services/environment.ts'
import { ServiceError } from '../services/service.ts'

const USER_ERRORS = [GeneratorError, StartError, ServiceError, OptionsError, MissingPackageError]

/**
 * Drops the stack of expected errors, so that their message is not buried under internal frames. Others keep theirs.
 * Node.js would print an error without a stack in brackets.
 */
export function withoutStack(error: unknown): unknown {
  if (!isUserError(error)) return error
  const { name, message } = error
  const stack = `${name}: ${message}`
  const bare = Object.assign(new Error(message), { name, stack })
  return Object.defineProperty(bare, inspect.custom, { value: () => stack })
}

/** Whether the error is a mistake of the user, whose message includes a fix. */
export function isUserError(error: unknown): error is Error {
  return USER_ERRORS.some((kind) => error instanceof kind)
}

/** Whether Vitest reports that a worker's process did not start or has ended. */
export function isWorkerError({ message }: { readonly message?: string }): boolean {
  return message?.startsWith('[vitest-pool]:') === true
}
