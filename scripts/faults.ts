import { mkdir, readFile, writeFile } from 'node:fs/promises'
import {
  cellOf,
  describeCell,
  DISRUPTED,
  isDisruptedIn,
  isWhole,
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
 * `npm run faults -- slow-tail S4` for a cell. Every cell that should be red must be red by the right matcher, and every
 * other one green. Prints cells as they come and then the matrix, keeps it in `perf-report/faults.json` (a row or a cell
 * replaces what was there of it), and ends with 1 if a cell that ran is not as it should be. As soon as every cell is
 * there, the matrix is written to `docs/proof.md` as well.
 *
 * Some faults only show when something breaks: their rows, and the healthy one, also run S4 while the target is killed
 * and while Redis loses its data. `npm run faults -- idempotency-in-redis-only 'S4 with Redis restarted empty'` is a cell.
 */
const SAVED = 'perf-report/faults.json'
const DISRUPTED_CONFIG = 'fixtures/faults/disrupted/vitest.config.ts'

async function main(): Promise<void> {
  const [fault, scenario] = process.argv.slice(2)
  const rows = ROWS.filter(({ name }) => fault === undefined || name === fault)
  if (rows.length === 0 || (scenario !== undefined && !/^S\d+$/.test(scenario) && !DISRUPTED.includes(scenario))) {
    console.error('usage: npm run faults -- [fault [scenario]], such as: npm run faults -- slow-tail S4')
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
  const wrong = cells.filter(({ isRight }) => !isRight).length
  console.log(`\n${matrixTable(cells)}\n`)
  console.log(`${cells.length - wrong} of ${cells.length} cells as they should be, saved to ${SAVED}`)
  process.exitCode = signal.aborted ? 130 : wrong === 0 && cells.length > 0 ? 0 : 1
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
  which: { readonly filter: string | undefined; readonly config?: string },
  signal: AbortSignal,
): Promise<Cell[]> {
  const { scenarios, output } = await runSuite({
    ...which,
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
  if (!isWhole(all)) return
  const dates = all.map(({ date }) => date)
  await publish('faults', dates, matrixTable(all))
}

await main()
