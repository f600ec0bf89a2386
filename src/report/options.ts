import { checkKnownKeys } from '../options/checks.ts'
import { Problems } from '../options/problems.ts'
import type { RunObserver } from '../results/observer.ts'

/** Options of the reporter: `reporters: [['vitest-slo/reporter', { outputDir: 'perf-report' }], 'default']`. */
export interface ReporterOptions {
  /** Folder of `results.json` and all other reports, relative to Vitest's root. Default `perf-report`. */
  readonly outputDir?: string
  /**
   * Whether a scenario whose evidence cannot be judged fails the command. Default `fail`. `warn` shows it as INVALID
   * and leaves the exit code to the other scenarios; it never counts as passed.
   */
  readonly onInvalid?: 'fail' | 'warn'
  /**
   * An earlier `results.json` whose runs are shown beside the new ones, relative to Vitest's root. Default: the one in
   * `outputDir` that is about to be replaced. Runs are compared only where scale, load and machine were the same, and the
   * comparison decides no verdict.
   */
  readonly compareWith?: string
  /**
   * Whether headers, tokens, query values and passwords are masked in results, errors and console output of tests before
   * other reporters see them. Default true.
   */
  readonly redact?: boolean
  /** Told how scenarios go while they run, e.g. an exporter of metrics. Default none. */
  readonly observers?: readonly RunObserver[]
}

export type ResolvedReporterOptions = Required<Omit<ReporterOptions, 'compareWith'>> &
  Pick<ReporterOptions, 'compareWith'>

/** @throws {OptionsError} naming every option that cannot be used */
export function resolveReporterOptions(options: ReporterOptions = {}): ResolvedReporterOptions {
  const problems = new Problems()
  checkKnownKeys(problems, '', options, ['outputDir', 'onInvalid', 'compareWith', 'redact', 'observers'])
  const { outputDir = 'perf-report', onInvalid = 'fail', compareWith, redact = true, observers = [] } = options
  if (typeof outputDir !== 'string' || outputDir === '')
    problems.add('outputDir', outputDir, 'must be the path of a folder', "outputDir: 'perf-report'")
  if (onInvalid !== 'fail' && onInvalid !== 'warn')
    problems.add('onInvalid', onInvalid, "must be 'fail' or 'warn'", "onInvalid: 'warn'")
  if (compareWith !== undefined && (typeof compareWith !== 'string' || compareWith === ''))
    problems.add('compareWith', compareWith, 'must be the path of a results.json', "compareWith: 'main/results.json'")
  if (typeof redact !== 'boolean') problems.add('redact', redact, 'must be true or false', 'redact: true')
  if (!Array.isArray(observers))
    problems.add('observers', observers, 'must be a list of observers', 'observers: [exporter]')
  problems.throwIfAny('vitest-slo/reporter')
  return { outputDir, onInvalid, redact, observers, ...(compareWith === undefined ? {} : { compareWith }) }
}
