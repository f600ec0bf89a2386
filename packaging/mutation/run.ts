import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { TESTS_OF } from './folders.ts'

/** What Stryker writes, as far as it is read here. */
interface MutationReport {
  readonly files: Readonly<Record<string, { readonly mutants: readonly { readonly status: string }[] }>>
}

/** Below this share of mutants found out, the command fails. */
const AT_LEAST = 0.85

/** Mutates one folder after another, and prints the share of mutants that its tests found out. */
function run(folders: readonly string[]): void {
  const rows = folders.map((folder) => {
    const env = { ...process.env, MUTATED_FOLDER: folder }
    const { status } = spawnSync('stryker', ['run', 'packaging/mutation/stryker.config.js'], { env, stdio: 'inherit' })
    if (status !== 0) process.exit(status ?? 1)
    return { folder: `src/${folder}`, ...countsOf(folder) }
  })
  const sum = { folder: 'together', found: 0, mutants: 0 }
  for (const { found, mutants } of rows) {
    sum.found += found
    sum.mutants += mutants
  }
  for (const { folder, found, mutants } of [...rows, sum])
    console.log(
      `${folder.padEnd(10)}  ${((found / mutants) * 100).toFixed(1)}%  ${found} of ${mutants} mutants found out`,
    )
  if (sum.found / sum.mutants < AT_LEAST) process.exitCode = 1
}

/** A mutant that does not compile, or that is left out in the code with a reason, counts on neither side. */
function countsOf(folder: string): { readonly found: number; readonly mutants: number } {
  const report = JSON.parse(readFileSync(`perf-report/mutation/${folder}.json`, 'utf8')) as MutationReport
  const statuses = Object.values(report.files).flatMap(({ mutants }) => mutants.map(({ status }) => status))
  const count = (...wanted: string[]) => statuses.filter((status) => wanted.includes(status)).length
  const found = count('Killed', 'Timeout')
  return { found, mutants: found + count('Survived', 'NoCoverage') }
}

const asked = process.argv.slice(2)
const unknown = asked.filter((folder) => !(folder in TESTS_OF))
if (unknown.length > 0) {
  console.error(`${unknown.join(', ')}: no such folder is mutated; there are ${Object.keys(TESTS_OF).join(', ')}`)
  process.exitCode = 2
} else run(asked.length > 0 ? asked : Object.keys(TESTS_OF))
