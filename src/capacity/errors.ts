/** A named process, container or store that cannot be sampled: which, and how to fix it. Without secrets. */
export class CapacityError extends Error {
  override readonly name = 'CapacityError'
}

/** A store that does not show what is sampled: assertions on that figure alone cannot be judged. */
export class HiddenError extends Error {
  override readonly name = 'HiddenError'
  readonly remedy: string

  constructor(message: string, remedy: string, options: ErrorOptions) {
    super(message, options)
    this.remedy = remedy
  }
}
