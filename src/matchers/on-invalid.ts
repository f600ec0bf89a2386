/** What an invalid assertion does to its test. */
export type OnInvalid = 'fail' | 'warn'

let chosen: OnInvalid = 'fail'

/**
 * Decides for this process what evidence that cannot be judged does. `fail` (the default) throws `InvalidRunError`, so
 * that the test and the command fail. `warn` prints the whole message and lets the test go on: for a laptop in watch
 * mode, where the generator shares its cores with everything else. The assertion is recorded as invalid either way,
 * and the report never shows it as passed.
 */
export function setOnInvalid(choice: OnInvalid): void {
  chosen = choice
}

export function onInvalid(): OnInvalid {
  return chosen
}
