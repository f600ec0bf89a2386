/** A thrown value as an error: JavaScript can throw any value. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}

/** The `code` of a system's or driver's error (`ECONNREFUSED`, an SQLSTATE); empty if there is none. */
export function codeOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return ''
  return typeof thrown.code === 'string' ? thrown.code : ''
}

/** Values and errors of all promises, once all are settled. Never rejects. */
export async function settleAll<T>(
  promises: readonly Promise<T>[],
): Promise<{ readonly values: readonly T[]; readonly errors: readonly Error[] }> {
  const values: T[] = []
  const errors: Error[] = []
  for (const outcome of await Promise.allSettled(promises)) {
    if (outcome.status === 'fulfilled') values.push(outcome.value)
    else errors.push(asError(outcome.reason))
  }
  return { values, errors }
}

/** The messages of all errors under one title. */
export function allMessages(title: string, errors: readonly Error[]): string {
  return [title, ...errors.map(({ message }) => message)].join('\n\n')
}
