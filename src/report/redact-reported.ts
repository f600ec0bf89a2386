import type { SerializedError, TestAnnotation } from 'vitest'
import type { TestCase } from 'vitest/node'
import { maskKnown } from '../options/known-secrets.ts'
import { redactData, redactGiven, redactText } from '../options/redact.ts'
import { colourMessage } from '../results/message-colours.ts'
import { paintFor } from './terminal/style.ts'

/**
 * Masks secrets in a finished test in place, because every reporter (terminal, JUnit, JSON, blob) receives its record and
 * its errors. Source positions of errors are kept.
 */
export function redactTest(testCase: TestCase, secrets: readonly string[], masks = true): void {
  const meta = testCase.meta()
  const clean = redactData(meta, secrets, masks)
  for (const key of Object.keys(meta)) delete meta[key as keyof typeof meta]
  Object.assign(meta, clean)
  for (const error of testCase.result().errors ?? []) redactError(error, secrets, masks)
}

/** Masks known secrets in the name of a test, for every reporter. Text that only looks like a secret is kept. */
export function redactName(testCase: TestCase, secrets: readonly string[]): void {
  const { name } = testCase
  const clean = maskKnown(name, secrets)
  if (clean === name) return
  const { parent } = testCase
  const fullName = parent.type === 'module' ? clean : `${parent.fullName} > ${clean}`
  for (const [key, value] of Object.entries({ name: clean, fullName: maskKnown(fullName, secrets) }))
    Object.defineProperty(testCase, key, { value, configurable: true, writable: true })
  const { task } = testCase as unknown as { readonly task: Record<'name' | 'fullName' | 'fullTestName', string> }
  for (const key of ['name', 'fullName', 'fullTestName'] as const) task[key] = maskKnown(task[key], secrets)
}

/** Masks secrets in the message of an annotation. Its attachment is not changed: it may hold any data. */
export function redactAnnotation(annotation: TestAnnotation, secrets: readonly string[], masks = true): void {
  annotation.message = redactText(annotation.message, secrets, masks)
}

/**
 * Masks secrets in an error in place: in its message, its causes and all other properties, such as the `detail` of a
 * database error. Source positions (`stacks`) are kept.
 */
export function redactError(error: SerializedError, secrets: readonly string[], masks = true): void {
  const { stacks, ...rest } = error
  // `message` and `stack` are not enumerable in an error that has not been serialized yet.
  const { message, stack, name, diff } = error
  const clean = redactGiven({ ...rest, message, stack, name }, secrets, masks)
  const [isMessageColoured, isDiffColoured] = [message, diff].map((text) => String(text).includes('\u001b'))
  for (const [key, value] of Object.entries(clean)) if (value !== undefined) Object.assign(error, { [key]: value })
  if (isMessageColoured && error.message !== undefined) error.message = colourMessage(error.message, COLOURS)
  if (isDiffColoured) error.diff = withDiffColours(String(error.diff))
  if (stacks !== undefined) error.stacks = stacks
}

/** Vitest's colours, if the terminal to which it prints errors has colours. */
const COLOURS = {
  expected: (text: string) => paintFor(process.stderr)('green', text),
  received: (text: string) => paintFor(process.stderr)('red', text),
}

/** Restores the colours of Vitest's diff, which were removed together with any that a target put into a value. */
function withDiffColours(diff: string): string {
  return diff.replace(/^[-+].*/gm, (line) => `\u001b[${line.startsWith('-') ? 32 : 31}m${line}\u001b[39m`)
}
