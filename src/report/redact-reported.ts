import type { SerializedError, TestAnnotation } from 'vitest'
import type { TestCase } from 'vitest/node'
import { redactData, redactText } from '../options/redact.ts'

/** Texts of an error that reporters print or write. */
const ERROR_TEXTS = ['message', 'stack', 'diff', 'expected', 'actual'] as const

/**
 * Masks secrets in a finished test itself, as its record and its errors go to every reporter: the terminal, JUnit, JSON,
 * blob. The place an error points to is kept.
 */
export function redactTest(testCase: TestCase, secrets: readonly string[]): void {
  const meta = testCase.meta()
  const clean = redactData(meta, secrets)
  for (const key of Object.keys(meta)) delete meta[key as keyof typeof meta]
  Object.assign(meta, clean)
  for (const error of testCase.result().errors ?? []) redactError(error, secrets)
}

/** Masks secrets in what a scenario noted. What it attached stays as it is: that may be anything. */
export function redactAnnotation(annotation: TestAnnotation, secrets: readonly string[]): void {
  annotation.message = redactText(annotation.message, secrets)
}

/** Masks secrets in an error and its causes. */
export function redactError(error: SerializedError, secrets: readonly string[], seen = new Set<unknown>()): void {
  if (seen.has(error)) return
  seen.add(error)
  for (const name of ERROR_TEXTS) {
    const text = error[name]
    if (typeof text === 'string') error[name] = redactText(text, secrets)
  }
  const cause: unknown = error.cause
  if (typeof cause === 'string') Object.assign(error, { cause: redactText(cause, secrets) })
  else if (isError(cause)) redactError(cause, secrets, seen)
}

function isError(value: unknown): value is SerializedError {
  return typeof value === 'object' && value !== null
}
