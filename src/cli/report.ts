import { dirname, resolve } from 'node:path'
import { withoutControls } from '../options/control-characters.ts'
import { EarlierRuns } from '../report/earlier.ts'
import { readResults, ResultsFileError } from '../report/read-results.ts'
import { ReportFolder } from '../report/report-folder.ts'
import { paintFor } from '../report/terminal/style.ts'
import { summaryOf } from '../report/terminal/summary.ts'
import { readArguments } from './read-arguments.ts'
import type { Streams } from './streams.ts'

const HELP = `Usage: vitest-slo report [results.json] [options]

Renders the reports of an earlier run again: index.html, summary.md and comment.md, and the summary to the terminal.

  results.json              Default: perf-report/results.json
  --output-dir <folder>     Folder to write to. Default: the folder of results.json
  --previous-results <file> Another results.json, to show what changed
  -h, --help                Show this help

Exit code: 0 if rendered, 1 if a file could not be read or written, 2 if an argument is invalid.
The verdicts in the file do not affect it.
`

/**
 * `vitest-slo report`.
 *
 * @param args arguments after `report`
 * @returns the exit code
 */
export async function report(args: readonly string[], { stdout, stderr }: Streams = process): Promise<number> {
  const parsed = parse(args)
  if (typeof parsed === 'string') {
    stderr.write(`vitest-slo report: ${parsed}\n\n${HELP}`)
    return 2
  }
  if (parsed.help) {
    stdout.write(HELP)
    return 0
  }
  try {
    const results = await readResults(parsed.file)
    const earlier = new EarlierRuns()
    if (parsed.previousResults !== undefined) earlier.learn(await readResults(parsed.previousResults))
    const folder = new ReportFolder(parsed.outputDir)
    const summary = summaryOf(results, earlier, stdout.columns ?? 80, paintFor(stdout))
    const failures = await folder.render(results, earlier)
    stdout.write(`${summary}\n\n`)
    if (failures.length === 0) {
      stdout.write(`Report  ${folder.fileOf('index.html')}\n`)
      return 0
    }
    stderr.write(`vitest-slo report: could not be written: ${failures.join('; ')}\n`)
  } catch (error) {
    // The reporter never writes a file that cannot be rendered, e.g. with strings instead of numbers.
    const reason =
      error instanceof ResultsFileError
        ? error.message
        : `${parsed.file} is damaged: it contains invalid values\nFix: run the scenarios again`
    stderr.write(`vitest-slo report: ${withoutControls(reason)}\n`)
  }
  return 1
}

interface ReportArguments {
  readonly help: boolean
  readonly file: string
  readonly outputDir: string
  readonly previousResults: string | undefined
}

/** The arguments, or the message of an error in them. */
function parse(args: readonly string[]): ReportArguments | string {
  try {
    const { values, positionals } = readArguments({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        'output-dir': { type: 'string' },
        'previous-results': { type: 'string' },
      },
    })
    if (positionals.length > 1)
      return `expected one results file, received ${positionals.length}\nFix: vitest-slo report perf-report/results.json`
    const file = resolve(positionals[0] ?? 'perf-report/results.json')
    const outputDir = resolve(values['output-dir'] ?? dirname(file))
    return { help: values.help, file, outputDir, previousResults: values['previous-results'] }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
