import { isRecord, object, optional, readOptions, type ReadOf } from '../options/schema.ts'
import { flag, listOf, oneOf, text } from '../options/values.ts'
import type { RunObserver } from '../results/observer.ts'

/** Options of the reporter: `reporters: [['vitest-slo/reporter', { outputDir: 'perf-report' }], 'default']`. */
export interface ReporterOptions {
  /** Folder of `results.json` and all other reports, relative to Vitest's root. @default 'perf-report' */
  readonly outputDir?: string
  /**
   * Effect of a scenario whose evidence cannot be judged. `fail` fails the command; `warn` shows the scenario as INVALID
   * and leaves the exit code to the others. It never counts as passed. @default 'fail'
   */
  readonly onInvalid?: 'fail' | 'warn'
  /**
   * Path of an earlier `results.json` to compare with, relative to Vitest's root. Runs are compared only if scale, load and
   * machine were the same; the comparison decides no verdict. @default the file in `outputDir` that is about to be replaced
   */
  readonly previousResults?: string
  /**
   * Whether headers, tokens, query values and passwords are masked in results, errors and console output of tests before
   * other reporters receive them. @default true
   */
  readonly redact?: boolean
  /** Observers to call while scenarios run, e.g. an exporter of metrics. @default none */
  readonly observers?: readonly RunObserver[]
}

const REPORTER = object<ReporterOptions>()(
  {
    outputDir: optional(text("'perf-report'", 'must be the path of a folder'), 'perf-report'),
    onInvalid: optional(oneOf(['fail', 'warn'], 'warn'), 'fail'),
    previousResults: optional(text("'main/results.json'", 'must be the path of a results.json')),
    redact: optional(flag(true), true),
    observers: optional(listOf<RunObserver>(isRecord, 'observers', '[exporter]'), []),
  },
  { example: "reporters: [['vitest-slo/reporter', { outputDir: 'perf-report' }], 'default']" },
)

export type ResolvedReporterOptions = ReadOf<typeof REPORTER>

/** @throws {OptionsError} with every invalid option */
export function resolveReporterOptions(options: ReporterOptions = {}): ResolvedReporterOptions {
  return readOptions('vitest-slo/reporter', REPORTER, options)
}
