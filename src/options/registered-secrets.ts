import { format } from 'node:util'
import { MIN_SECRET_LENGTH } from './known-secrets.ts'
import { Problems } from './problems.ts'
import { redactText } from './redact.ts'
import { registeredSecrets, remember } from './registered-values.ts'

/**
 * Marks a value as secret: it is masked wherever it turns up in reports, errors, names, metrics and the output of
 * `console`, also encoded in a URL, a form, JSON, HTML or base64. For a value that an environment variable holds, name the
 * variable in `secrets` of `definePerfConfig()` instead: it is then masked in the name of a scenario from the start.
 *
 * @param value at least 6 characters: a shorter one would mask ordinary words and figures
 * @returns the value itself
 * @throws {OptionsError} if the value is not a text of that length
 *
 * @example
 * const token = secret(await login())
 */
export function secret(value: string): string {
  const problems = new Problems()
  if (typeof value !== 'string' || value.length < MIN_SECRET_LENGTH) {
    const received = typeof value === 'string' ? `a text of ${value.length} characters` : value
    problems.add('value', received, `must be a text of at least ${MIN_SECRET_LENGTH} characters`, 'secret(token)')
    problems.throwIfAny('secret()')
  }
  if (registeredSecrets().length === 0) maskConsole()
  remember(value)
  return value
}

/** What a scenario prints leaves the worker before its result does: the process that reports cannot mask it in time. */
function maskConsole(): void {
  for (const method of ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const) {
    const print = console[method].bind(console)
    console[method] = (...values: unknown[]) => {
      const text = format(...values)
      const clean = redactText(text, registeredSecrets())
      if (clean === text) print(...values)
      else print(clean)
    }
  }
}
