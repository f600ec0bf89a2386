import { parseArgs, type ParseArgsConfig } from 'node:util'
import { nearestOf } from '../options/known-keys.ts'

/** `parseArgs` of Node. @throws {Error} with a suggestion for an unknown option */
export function readArguments<Config extends ParseArgsConfig>(config: Config): ReturnType<typeof parseArgs<Config>> {
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
