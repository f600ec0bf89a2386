import type { Reporter, TestModule } from 'vitest/node'

/** Prints a line per suite at the end, such as each pair of versions of Node and Vitest: `9 passed, 0 failed, 0 skipped`. */
export class VersionSummary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const { children } of modules)
      for (const suite of children.suites()) {
        const states = [...suite.children.allTests()].map((test) => test.result().state)
        const counts = (['passed', 'failed', 'skipped'] as const).map(
          (state) => `${states.filter((each) => each === state).length} ${state}`,
        )
        console.log(`${suite.name}: ${counts.join(', ')}`)
      }
  }
}
