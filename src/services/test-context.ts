import { Guardian } from './guardian.ts'
import type { ServiceContext } from './service.ts'

/** A context for starting one service in a test; disposing it puts away whatever the test left. */
export async function testContext(
  overrides: Partial<ServiceContext> = {},
): Promise<ServiceContext & AsyncDisposable & { readonly lines: readonly string[] }> {
  const lines: string[] = []
  const guardian = await Guardian.start()
  return {
    signal: new AbortController().signal,
    log: (line) => lines.push(line),
    env: { PATH: process.env['PATH'] },
    targetIsExternal: false,
    ...overrides,
    guardian,
    lines,
    [Symbol.asyncDispose]: () => guardian[Symbol.asyncDispose](),
  }
}

/** The error a start fails with. @throws when it does not fail */
export async function failureOf(start: () => Promise<unknown>): Promise<Error> {
  try {
    await start()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('this was expected to fail')
}
