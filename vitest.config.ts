import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { NOT_PURE, PURE, SLOWEST, TIMED, WAITING } from './scripts/test-groups.ts'

/** One of the groups of `scripts/test-groups.ts`, which run one after another in the order of their position. */
function group(
  position: number,
  name: string,
  test: NonNullable<TestProjectInlineConfiguration['test']>,
): TestProjectInlineConfiguration {
  const exclude = [...configDefaults.exclude, ...(test.exclude ?? [])]
  return { extends: true, test: { ...test, name, exclude, sequence: { groupOrder: position } } }
}

const pure = globSync([...PURE], { cwd: import.meta.dirname, exclude: [...NOT_PURE] })

class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = SLOWEST.findIndex((name) => moduleId.endsWith(name))
      return at === -1 ? SLOWEST.length : at
    }
    // oxlint-disable-next-line unicorn/no-array-sort -- not an array's method
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => rank(a) - rank(b))
  }
}

/** The project's own tests. Scenarios run through `vitest.perf.config.ts`. */
export default defineConfig({
  test: {
    setupFiles: ['src/testing/global-clock.ts'],
    // Every test process, and every process that one starts, reads compiled code instead of compiling it again.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url)) },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
    sequence: { sequencer: SlowestFirst },
    projects: [
      group(1, 'pure', { include: pure, isolate: false, maxWorkers: 2 }),
      group(2, 'waiting', { include: [...WAITING], exclude: pure, maxWorkers: 3 }),
      group(3, 'timed', { include: [...TIMED], exclude: pure, maxWorkers: 2 }),
      group(4, 'other', {
        include: ['{bench,fixtures,perf,scripts,src}/**/*.test.ts'],
        exclude: [...WAITING, ...TIMED, ...pure],
        maxWorkers: 2,
      }),
    ],
  },
})
