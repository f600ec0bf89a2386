import { parseArgs, type ParseArgsConfig } from 'node:util'
import { nearestOf } from '../options/known-keys.ts'

/**
 * `parseArgs` of Node. An empty value, as of an unset variable in a script, is an error.
 *
 * @param mayBeEmpty options for which it is not
 * @throws {Error} with a suggestion for an unknown option
 */
export function readArguments<Config extends ParseArgsConfig>(
  config: Config,
  mayBeEmpty: readonly string[] = [],
): ReturnType<typeof parseArgs<Config>> {
  const parsed = parsedBy(config)
  const { values, positionals = [] } = parsed as { readonly values: object; readonly positionals?: readonly string[] }
  for (const [name, value] of Object.entries(values))
    if (typeof value === 'string' && value.trim() === '' && !mayBeEmpty.includes(name))
      throw new Error(`--${name} has an empty value\nFix: give it a value, or leave it out`)
  if (positionals.some((value) => value.trim() === ''))
    throw new Error('an argument is empty, as from a variable that is not set\nFix: give it a value, or leave it out')
  return parsed
}

function parsedBy<Config extends ParseArgsConfig>(config: Config): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const [, unknown] = /^Unknown option '(--?[^']*)'/.exec(message) ?? []
    if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION' || unknown === undefined) throw error
    const meant = nearestOf(unknown.replace(/^--?(no-)?/, ''), Object.keys(config.options ?? {}))
    const question = meant === undefined ? '' : `; did you mean '--${meant}'?`
    throw new Error(`Unknown option '${unknown}'${question}`, { cause: error })
  }
}
