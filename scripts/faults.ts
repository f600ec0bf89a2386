import { mkdir, readFile, writeFile } from 'node:fs/promises'
import {
  cellOf,
  describeCell,
  DISRUPTED,
  isComplete,
  isDisruptedIn,
  matrixTable,
  ROWS,
  type Cell,
  type Row,
} from './fault-matrix.ts'
import { interruption } from './interruption.ts'
import { publish } from './proof.ts'
import { runSuite } from './suite-run.ts'

/**
 * Runs faults × scenarios at smoke scale: `npm run faults` for all, `npm run faults -- slow-tail` for a row,
 * `npm run faults -- slow-tail S4` for a cell. The cells of a fault must be red by the expected matcher, and all other cells
 * green. Prints each cell and then the matrix, saves it to `perf-report/faults.json` (a row or a cell replaces its earlier
 * result), and exits with 1 if a cell is unexpected. Once every cell has a result, the matrix is also written to
 * `docs/proof.md`.
 *
 * Some faults only show under a disruption: their rows, and the healthy one, also run S4 while the target is killed and
 * while Redis loses its data, for example `npm run faults -- idempotency-in-redis-only 'S4 with Redis restarted empty'`.
 */
const SAVED = 'perf-report/faults.json'
const DISRUPTED_CONFIG = 'fixtures/faults/disrupted/vitest.config.ts'

async function main(): Promise<void> {
  const [fault, scenario] = process.argv.slice(2)
  const rows = ROWS.filter(({ name }) => fault === undefined || name === fault)
  if (rows.length === 0 || (scenario !== undefined && !/^S\d+$/.test(scenario) && !DISRUPTED.includes(scenario))) {
    console.error('usage: npm run faults -- [fault [scenario]], for example: npm run faults -- slow-tail S4')
    console.error(`faults: ${ROWS.map(({ name }) => name).join(', ')}`)
    process.exit(2)
  }
  const signal = interruption()
  const cells: Cell[] = []
  for (const row of rows) {
    if (signal.aborted) break
    cells.push(...(await runRow(row, scenario, signal)))
    await save(cells)
  }
  const unexpected = cells.filter(({ isRight }) => !isRight).length
  console.log(`\n${matrixTable(cells)}\n`)
  console.log(`${cells.length - unexpected} of ${cells.length} cells as expected, saved to ${SAVED}`)
  process.exitCode = signal.aborted ? 130 : unexpected === 0 && cells.length > 0 ? 0 : 1
}

async function runRow(row: Row, scenario: string | undefined, signal: AbortSignal): Promise<Cell[]> {
  const disrupted = DISRUPTED.filter((name) => (scenario === undefined ? isDisruptedIn(row, name) : name === scenario))
  const cells: Cell[] = []
  if (scenario === undefined || !DISRUPTED.includes(scenario))
    cells.push(...(await runScenarios(row, { filter: scenario && `^${scenario}\\b` }, signal)))
  if (disrupted.length > 0 && !signal.aborted)
    cells.push(...(await runScenarios(row, { filter: disrupted.join('|'), config: DISRUPTED_CONFIG }, signal)))
  return cells
}

async function runScenarios(
  row: Row,
  selection: { readonly filter: string | undefined; readonly config?: string },
  signal: AbortSignal,
): Promise<Cell[]> {
  const { scenarios, output } = await runSuite({
    ...selection,
    scale: 'smoke',
    env: row.variable === undefined ? {} : { [row.variable]: row.name },
    signal,
    onScenario: (result) => console.log(describeCell(cellOf(row, result))),
  })
  if (scenarios.length === 0) console.error(`${row.name}: nothing ran\n${output}`)
  return scenarios.map((result) => cellOf(row, result))
}

async function save(cells: readonly Cell[]): Promise<void> {
  const known = await readFile(SAVED, 'utf8').then(
    (text) => JSON.parse(text) as readonly Cell[],
    () => [],
  )
  const isNew = ({ fault, scenario }: Cell) => cells.some((cell) => cell.fault === fault && cell.scenario === scenario)
  const order = ROWS.map(({ name }) => name)
  const all = [...known.filter((cell) => !isNew(cell)), ...cells].toSorted(
    (one, other) => order.indexOf(one.fault) - order.indexOf(other.fault) || one.scenario.localeCompare(other.scenario),
  )
  await mkdir('perf-report', { recursive: true })
  await writeFile(SAVED, `${JSON.stringify(all, undefined, 2)}\n`)
  if (!isComplete(all)) return
  const dates = all.map(({ date }) => date)
  await publish('faults', dates, matrixTable(all))
}

await main()
