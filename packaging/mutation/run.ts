import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { TESTS_OF } from './folders.ts'

/** Part of the report of Stryker. */
interface MutationReport {
  readonly files: Readonly<Record<string, { readonly mutants: readonly { readonly status: string }[] }>>
}

/** The command fails if a lower ratio of the mutants is detected. */
const MIN_RATIO = 0.85

/** Mutates one folder after another, and prints the ratio of mutants that its tests detected. */
function run(folders: readonly string[]): void {
  const rows = folders.map((folder) => {
    const env = { ...process.env, MUTATED_FOLDER: folder }
    const { status } = spawnSync('stryker', ['run', 'packaging/mutation/stryker.config.js'], { env, stdio: 'inherit' })
    if (status !== 0) process.exit(status ?? 1)
    return { folder: `src/${folder}`, ...countsOf(folder) }
  })
  const total = { folder: 'total', detected: 0, mutants: 0 }
  for (const { detected, mutants } of rows) {
    total.detected += detected
    total.mutants += mutants
  }
  for (const { folder, detected, mutants } of [...rows, total])
    console.log(
      `${folder.padEnd(10)}  ${((detected / mutants) * 100).toFixed(1)}%  ${detected} of ${mutants} mutants detected`,
    )
  if (total.detected / total.mutants < MIN_RATIO) process.exitCode = 1
}

/** Counts of mutants, without those that do not compile and those that the code excludes with a reason. */
function countsOf(folder: string): { readonly detected: number; readonly mutants: number } {
  const report = JSON.parse(readFileSync(`perf-report/mutation/${folder}.json`, 'utf8')) as MutationReport
  const statuses = Object.values(report.files).flatMap(({ mutants }) => mutants.map(({ status }) => status))
  const count = (...counted: string[]) => statuses.filter((status) => counted.includes(status)).length
  const detected = count('Killed', 'Timeout')
  return { detected, mutants: detected + count('Survived', 'NoCoverage') }
}

const folders = process.argv.slice(2)
const unknown = folders.filter((folder) => !(folder in TESTS_OF))
if (unknown.length > 0) {
  console.error(`unknown folder ${unknown.join(', ')}\nFix: use ${Object.keys(TESTS_OF).join(', ')}`)
  process.exitCode = 2
} else run(folders.length > 0 ? folders : Object.keys(TESTS_OF))
