import { checkKnownKeys } from '../options/checks.ts'
import { Problems } from '../options/problems.ts'

/** Options of the reporter: `reporters: ['default', ['vitest-slo/reporter', { outputDir: 'perf-report' }]]`. */
export interface ReporterOptions {
  /** Folder of `results.json` and all other reports, relative to Vitest's root. Default `perf-report`. */
  readonly outputDir?: string
  /**
   * Whether a scenario whose evidence cannot be judged fails the command. Default `fail`. `warn` shows it as INVALID
   * and leaves the exit code to the other scenarios; it never counts as passed.
   */
  readonly invalid?: 'fail' | 'warn'
}

export type ResolvedReporterOptions = Required<ReporterOptions>

/** @throws {OptionsError} naming every option that cannot be used */
export function resolveReporterOptions(options: ReporterOptions = {}): ResolvedReporterOptions {
  const problems = new Problems()
  checkKnownKeys(problems, '', options, ['outputDir', 'invalid'])
  const { outputDir = 'perf-report', invalid = 'fail' } = options
  if (typeof outputDir !== 'string' || outputDir === '')
    problems.add('outputDir', outputDir, 'must be the path of a folder', "outputDir: 'perf-report'")
  if (invalid !== 'fail' && invalid !== 'warn')
    problems.add('invalid', invalid, "must be 'fail' or 'warn'", "invalid: 'warn'")
  problems.throwIfAny('vitest-slo/reporter')
  return { outputDir, invalid }
}
