import type { SerializedError, TestAnnotation } from 'vitest'
import type { TestCase } from 'vitest/node'
import { redactData, redactText } from '../options/redact.ts'

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

/**
 * Masks secrets in an error, in place: its texts, its causes, and whatever else it carries, such as the `detail` of a
 * database's error. The place it points to (`stacks`) is kept.
 */
export function redactError(error: SerializedError, secrets: readonly string[]): void {
  const { stacks, ...rest } = error
  // `message` and `stack` are not enumerable in an error that has not been sent anywhere yet.
  const { message, stack, name } = error
  const clean = redactData({ ...rest, message, stack, name }, secrets)
  for (const [key, value] of Object.entries(clean)) if (value !== undefined) Object.assign(error, { [key]: value })
  if (stacks !== undefined) error.stacks = stacks
}
