import { isRecord, object, optional, readOptions, type ReadOf } from '../options/schema.ts'
import { flag, listOf, oneOf, text } from '../options/values.ts'
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

const REPORTER = object<ReporterOptions>()(
  {
    outputDir: optional(text("'perf-report'", 'must be the path of a folder'), 'perf-report'),
    onInvalid: optional(oneOf(['fail', 'warn'], 'warn'), 'fail'),
    compareWith: optional(text("'main/results.json'", 'must be the path of a results.json')),
    redact: optional(flag(true), true),
    observers: optional(listOf<RunObserver>(isRecord, 'observers', '[exporter]'), []),
  },
  { example: "reporters: [['vitest-slo/reporter', { outputDir: 'perf-report' }], 'default']" },
)

export type ResolvedReporterOptions = ReadOf<typeof REPORTER>

/** @throws {OptionsError} naming every option that cannot be used */
export function resolveReporterOptions(options: ReporterOptions = {}): ResolvedReporterOptions {
  return readOptions('vitest-slo/reporter', REPORTER, options)
}
