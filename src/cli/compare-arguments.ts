import { FEWEST_SLICES, MOST_SLICES } from '../comparison/slice-plan.ts'
import { readArguments } from './read-arguments.ts'

export const COMPARE_HELP = `Usage: vitest-slo compare <revision> [files…] [options]

Compares this working tree (head) with another revision (base): checks out the revision into a temporary folder, installs
and builds it, starts the config's target and services for both, and applies the load of each scenario's first http.run()
to both in alternating slices. Everything is cleaned up at the end.

  <revision>              Any revision in git: origin/main, a tag, a commit
  files…                  Scenario files, as for vitest. Default: all
  -t, --name <pattern>    Only scenarios whose names match
  --config <file>         Default: vitest.perf.config.ts, or .mts
  --scale <scale>         Default: pr
  --slices <number>       Slices per build. Default: slices of 1.5 s
  --tolerance <ratio>     Accepted slowdown of head. Default: 0.05
  --install <command>     Default: by the lock file; '' for none
  --build <command>       Default: the script "build", if there is one; '' for none
  --markdown <file>       File to append the tables to, as Markdown
  -h, --help              Show this help

Both builds use the services of this working tree's config. Median, p95 and errors decide.

Exit code: 0 if nothing is slower; 1 if something is slower or a scenario failed; 2 if an argument is invalid or the
comparison could not run (a revision that does not build, a target that does not start); 3 if the slices do not decide.
`

/** Arguments of `vitest-slo compare`. */
export interface CompareArguments {
  readonly revision: string
  readonly files: readonly string[]
  readonly name: string | undefined
  /** Default: the config in the folder. */
  readonly config: string | undefined
  readonly scale: string
  readonly slices: number | undefined
  readonly tolerance: number
  readonly install: string | undefined
  readonly build: string | undefined
  readonly markdown: string | undefined
}

/** @throws {Error} naming the invalid argument */
export function parseCompareArguments(args: readonly string[]): CompareArguments | 'help' {
  const text = { type: 'string' } as const
  const { values, positionals } = readArguments(
    {
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        name: { type: 'string', short: 't' },
        config: text,
        scale: { type: 'string', default: 'pr' },
        tolerance: { type: 'string', default: '0.05' },
        slices: text,
        install: text,
        build: text,
        markdown: text,
      },
    },
    ['install', 'build'],
  )
  if (values.help) return 'help'
  const [revision, ...files] = positionals
  if (revision === undefined)
    throw new Error('the revision to compare with is missing\nFix: vitest-slo compare origin/main')
  const tolerance = Number(values.tolerance)
  if (!(tolerance >= 0 && tolerance < 1))
    throw new Error(
      `--tolerance must be a ratio from 0 to below 1, received ${values.tolerance}\nFix: --tolerance 0.05`,
    )
  const slices = values.slices === undefined ? undefined : Number(values.slices)
  if (slices !== undefined && !(Number.isInteger(slices) && slices >= FEWEST_SLICES && slices <= MOST_SLICES))
    throw new Error(
      `--slices must be an integer from ${FEWEST_SLICES} to ${MOST_SLICES}, received ${values.slices}\nFix: --slices ${FEWEST_SLICES}, or leave it out`,
    )
  const { name, config, scale, install, build, markdown } = values
  return { revision, files, name, config, scale, slices, tolerance, install, build, markdown }
}
