/**
 * Entry of a further generator on this machine: `node generator-process.ts <options>`. Runs the files that generator 1 runs,
 * without reports of its own.
 */
import { startVitest, type TestCase } from 'vitest/node'

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

/** Generator 1 prints this output if it ends early, or does not pass although others do. */
function printFailure(testCase: TestCase): void {
  for (const { name, message } of testCase.result().errors ?? []) {
    console.error(`${testCase.fullName}\n${name ?? 'Error'}: ${message}`)
  }
}

await startVitest([...filters], {
  root,
  config,
  mode,
  bail,
  watch: false,
  passWithNoTests: true,
  coverage: { enabled: false },
  update: false,
  reporters: [{ onTestCaseResult: printFailure }],
  ...(projects.length > 0 && { project: [...projects] }),
  ...(testNamePattern !== undefined && { testNamePattern }),
  ...(tagsFilter !== undefined && { tagsFilter: [...tagsFilter] }),
})
