import { checkKnownKeys } from '../../options/known-keys.ts'
import { Problems } from '../../options/problems.ts'
import { isRecord } from '../../options/schema.ts'

/**
 * Checks the options of a function that makes a message. It may be called for each message: nothing is allocated if the
 * options are valid.
 *
 * @param call the function, for the error
 * @param rules by option: whether a value is valid, what it must be, and an example
 * @throws {OptionsError} naming every invalid option
 */
export function checkHelperOptions(call: string, options: unknown, rules: HelperRules): void {
  let isValid = isRecord(options)
  if (isRecord(options))
    for (const name in options) {
      const rule = rules[name]
      isValid &&= rule !== undefined && (options[name] === undefined || rule.isValid(options[name]))
    }
  if (!isValid) refuse(call, options, rules)
}

type HelperRules = Readonly<
  Record<string, { readonly isValid: (value: unknown) => boolean; readonly rule: string; readonly example: string }>
>

function refuse(call: string, options: unknown, rules: HelperRules): never {
  const problems = new Problems()
  const names = Object.keys(rules)
  if (isRecord(options)) {
    checkKnownKeys(problems, '', options, names)
    for (const [name, { isValid, rule, example }] of Object.entries(rules))
      if (options[name] !== undefined && !isValid(options[name])) problems.add(name, options[name], rule, example)
  } else problems.add('options', options, `must be an object with ${names.join(', ')}`, '{}')
  problems.throwIfAny(call)
  throw new TypeError(`${call}: invalid options`)
}
