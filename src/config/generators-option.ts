import { availableParallelism } from 'node:os'
import { MAX_GENERATORS } from '../generators/identity.ts'
import { readPlace, readTimeout, type GeneratorPlace } from '../generators/place.ts'
import { choose, type Reader } from '../options/schema.ts'
import { constant, integer } from '../options/values.ts'

/** Reader of the option `generators`. */
export const GENERATORS: Reader<number | 'auto'> = choose<number | 'auto'>((value) =>
  value === 'auto' ? constant('auto') : integer({ min: 1, max: MAX_GENERATORS, example: 4 }),
)

/** Several generators: the place of this command among them, or the number that this command starts on this machine. */
export interface SeveralGenerators {
  readonly from: GeneratorPlace | number
  readonly timeoutMs: number
}

/**
 * The generators of this command: by the environment variables of one generator of several, else by the config.
 *
 * @returns `undefined` if this command is the only generator
 * @throws {GeneratorError} if a variable is invalid or missing
 */
export function readGenerators(
  option: number | 'auto',
  env: NodeJS.ProcessEnv,
  startsTarget: boolean,
): SeveralGenerators | undefined {
  const timeoutMs = readTimeout(env)
  const place = readPlace(env)
  if (place !== undefined) return { from: place, timeoutMs }
  const count = generatorCount(option, startsTarget)
  return count === 1 ? undefined : { from: count, timeoutMs }
}

/**
 * Number of generators on this machine: `'auto'` takes one for each core, without one for a target that runs here.
 *
 * @param startsTarget whether the run starts the target on this machine
 */
export function generatorCount(
  option: number | 'auto',
  startsTarget: boolean,
  cores: number = availableParallelism(),
): number {
  if (option !== 'auto') return option
  return Math.min(MAX_GENERATORS, Math.max(1, cores - (startsTarget ? 1 : 0)))
}
