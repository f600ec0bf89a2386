/** Generators cannot work together: an invalid variable, a generator that is missing, or an unreachable rendezvous. */
export class GeneratorError extends Error {
  override readonly name: string = 'GeneratorError'

  constructor(problem: string, fix: string, options?: ErrorOptions) {
    super(`${problem}\nFix: ${fix}`, options)
  }
}

/** One or more generators stopped, hung or never started, so the rest cannot complete the run. */
export class MissingGeneratorsError extends GeneratorError {
  /** Name of the class. */
  override readonly name = 'MissingGeneratorsError'
  /** Numbers of the missing generators, from 1. */
  readonly missing: readonly number[]
  /** Evidence of the other generators, in their order: only of a `gather()` during which generators were lost. */
  readonly parts: readonly Uint8Array[]

  constructor(problem: string, fix: string, missing: readonly number[], parts: readonly Uint8Array[] = []) {
    super(problem, fix)
    this.missing = missing
    this.parts = parts
  }
}
