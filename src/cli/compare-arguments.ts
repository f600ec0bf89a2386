import { FEWEST_SLICES, MOST_SLICES } from '../comparison/slice-plan.ts'
import { readArguments } from './read-arguments.ts'

export const COMPARE_HELP = `Usage: vitest-slo compare <revision> [files…] [options]

Compares this working tree, as it stands (head), with another revision (base): checks that one out into a folder of its
own, installs and builds it, starts the config's target and services for both, and puts the load of each scenario's first
http.run() on both in alternating slices. Everything is cleaned up at the end.

  <revision>              Whatever git knows: origin/main, a tag, a commit
  files…                  Scenario files, as for vitest. Default: all
  -t, --name <pattern>    Only scenarios whose names match
  --config <file>         Default: vitest.perf.config.ts
  --scale <scale>         Default: pr
  --slices <number>       Of each build. Default: slices of 1.5 s
  --tolerance <ratio>     By how much head may be slower. Default: 0.05
  --install <command>     Default: as the lockfile says; '' for none
  --build <command>       Default: the script "build" where there is one; '' for none
  --markdown <file>       Appends the tables there as Markdown
  -h, --help              This text

Both run with the services of this working tree's config. Median and p95 decide, and errors.

Exit code: 0 if nothing is slower; 1 if something is slower or a scenario failed; 2 if called wrongly, or if the comparison
could not be run (a revision that does not build, a target that does not start); 3 if the slices do not decide.
`

/** What `vitest-slo compare` was asked for. */
export interface CompareArguments {
  readonly revision: string
  readonly files: readonly string[]
  readonly name: string | undefined
  readonly config: string
  readonly scale: string
  readonly slices: number | undefined
  readonly tolerance: number
  readonly install: string | undefined
  readonly build: string | undefined
  readonly markdown: string | undefined
}

/** @throws {Error} saying which argument cannot be used */
export function parseCompareArguments(args: readonly string[]): CompareArguments | 'help' {
  const text = { type: 'string' } as const
  const { values, positionals } = readArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      name: { type: 'string', short: 't' },
      config: { type: 'string', default: 'vitest.perf.config.ts' },
      scale: { type: 'string', default: 'pr' },
      tolerance: { type: 'string', default: '0.05' },
      slices: text,
      install: text,
      build: text,
      markdown: text,
    },
  })
  if (values.help) return 'help'
  const [revision, ...files] = positionals
  if (revision === undefined) throw new Error('name the revision to compare with, such as origin/main')
  const tolerance = Number(values.tolerance)
  if (!(tolerance >= 0 && tolerance < 1))
    throw new Error(`--tolerance is a ratio from 0 to below 1, got ${values.tolerance}`)
  const slices = values.slices === undefined ? undefined : Number(values.slices)
  if (slices !== undefined && !(Number.isInteger(slices) && slices >= FEWEST_SLICES && slices <= MOST_SLICES))
    throw new Error(`--slices must be an integer from ${FEWEST_SLICES} to ${MOST_SLICES}, got ${values.slices}`)
  const { name, config, scale, install, build, markdown } = values
  return { revision, files, name, config, scale, slices, tolerance, install, build, markdown }
}
