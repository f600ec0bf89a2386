/**
 * Entry of a further generator on this machine: `node generator-process.ts <options>`. Runs the files that generator 1 runs,
 * without reports of its own.
 */
import { startVitest } from 'vitest/node'

/** What a generator runs. Plain JSON. */
export interface GeneratorCommand {
  readonly root: string
  readonly config: string | false
  readonly mode: string
  /** Absolute paths, with `:line` if only the test on that line runs. */
  readonly filters: readonly string[]
  readonly projects: readonly string[]
  readonly testNamePattern?: string
  readonly tagsFilter?: readonly string[]
  readonly bail: number
}

const { root, config, mode, filters, projects, testNamePattern, tagsFilter, bail } = JSON.parse(
  process.argv[2]!,
) as GeneratorCommand

await startVitest([...filters], {
  root,
  config,
  mode,
  bail,
  watch: false,
  passWithNoTests: true,
  coverage: { enabled: false },
  update: false,
  reporters: [{}],
  ...(projects.length > 0 && { project: [...projects] }),
  ...(testNamePattern !== undefined && { testNamePattern }),
  ...(tagsFilter !== undefined && { tagsFilter: [...tagsFilter] }),
})
