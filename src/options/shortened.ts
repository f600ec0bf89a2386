import { redactText } from './redact.ts'
import { registeredSecrets } from './registered-secrets.ts'

/** A text cut to a length, in characters. What is secret is masked first: half of it would no longer be recognized. */
export function shortened(text: string, length: number): string {
  const clean = redactText(text, registeredSecrets())
  return clean.length > length ? `${clean.slice(0, length - 1)}…` : clean
}
