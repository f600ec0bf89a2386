/** A named process, container or store cannot be sampled. The message names it and the fix, without secrets. */
export class CapacityError extends Error {
  /** Name of the class. */
  override readonly name = 'CapacityError'
}

/** A store hides the sampled figures from its user. Only assertions on these figures are invalid. */
export class HiddenError extends Error {
  /** Name of the class. */
  override readonly name = 'HiddenError'
  readonly fix: string

  constructor(message: string, fix: string, options: ErrorOptions) {
    super(message, options)
    this.fix = fix
  }
}
