import { parseScale, type Scale } from '../load/scale.ts'
import { fixBy, OptionsError } from '../options/problems.ts'

export interface ScaleSources {
  /** `PERF_SCALE`. */
  readonly environment: string | undefined
  /** Vitest's `--mode`; `test` by default. */
  readonly mode: string
  /** `scale` in the config. */
  readonly config: string | number | undefined
  readonly watch: boolean
}

export interface ScaleChoice {
  readonly scale: Scale
  /** Source of the choice, for the printed line. */
  readonly source: string
}

/**
 * The scale of a run: `PERF_SCALE`, else `--mode` if it names a scale (other modes are Vite's), else that of the config, else
 * `smoke` in watch mode and `full` otherwise.
 *
 * @throws {OptionsError} if the scale is unknown
 */
export function chooseScale({ environment, mode, config, watch }: ScaleSources): ScaleChoice {
  if (environment !== undefined && environment !== '')
    return { scale: parsed('PERF_SCALE', environment, 'PERF_SCALE=pr'), source: 'PERF_SCALE' }
  const fromMode = scaleOfMode(mode)
  if (fromMode !== undefined) return { scale: fromMode, source: '--mode' }
  if (config !== undefined) return { scale: parsed('scale', config, "scale: 'pr'"), source: 'config' }
  return watch
    ? { scale: parseScale('smoke'), source: 'default in watch mode' }
    : { scale: parseScale('full'), source: 'default' }
}

function scaleOfMode(mode: string): Scale | undefined {
  try {
    return parseScale(mode)
  } catch {
    return undefined
  }
}

/** The scale, or an error that names the source of the value. */
function parsed(path: string, value: string | number, example: string): Scale {
  try {
    return parseScale(value)
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error
    throw new OptionsError(
      'The scale',
      error.problems.map(({ received, rule }) => ({ path, received, rule, fix: fixBy(example) })),
    )
  }
}
