/** Effect of an invalid assertion on its test. */
export type OnInvalid = 'fail' | 'warn'

let chosen: OnInvalid = 'fail'

/**
 * Sets the effect of invalid assertions in this process. `fail` (the default) throws `InvalidRunError`, so the test and
 * the command fail. `warn` prints the message and continues the test: for watch mode on a laptop, where the generator
 * shares its cores with other programs. In both cases the assertion is recorded as invalid, and reports never show it as
 * passed.
 */
export function setOnInvalid(choice: OnInvalid): void {
  chosen = choice
}

export function onInvalid(): OnInvalid {
  return chosen
}
