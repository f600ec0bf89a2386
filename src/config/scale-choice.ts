import { parseScale, type Scale } from '../load/scale.ts'

export interface ScaleSources {
  /** `PERF_SCALE`. */
  readonly environment: string | undefined
  /** Vitest's `--mode`; `test` where none was given. */
  readonly mode: string
  /** `scale` in the config. */
  readonly config: string | number | undefined
  readonly watch: boolean
}

export interface ScaleChoice {
  readonly scale: Scale
  /** Where the choice came from, for the line that is printed. */
  readonly source: string
}

/**
 * Which scale a run has: `PERF_SCALE`, else `--mode` where it names one (other modes are Vite's and stay so), else the
 * config's, else `smoke` in watch mode and `full`, the load as written, otherwise.
 *
 * @throws {OptionsError} where the scale is unknown
 */
export function chooseScale({ environment, mode, config, watch }: ScaleSources): ScaleChoice {
  if (environment !== undefined && environment !== '')
    return { scale: parseScale(environment, 'PERF_SCALE'), source: 'PERF_SCALE' }
  const fromMode = scaleOfMode(mode)
  if (fromMode !== undefined) return { scale: fromMode, source: '--mode' }
  if (config !== undefined) return { scale: parseScale(config, 'scale'), source: 'config' }
  if (watch) return { scale: parseScale('smoke', 'scale'), source: 'default in watch mode' }
  return { scale: parseScale('full', 'scale'), source: 'default' }
}

function scaleOfMode(mode: string): Scale | undefined {
  try {
    return parseScale(mode, '--mode')
  } catch {
    return undefined
  }
}
