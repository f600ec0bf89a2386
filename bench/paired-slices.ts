/**
 * What do paired slices show about two builds? Simulates log ratios, on a quiet machine and with a busy neighbour that
 * affects some slices of only one side (1.5 to 3 times as slow). For our trimmed interval and for Student's paired t: how
 * often the interval contains the true ratio, how often equal builds are judged slower than the tolerance of 5%, and how
 * often a build that is 15% slower is detected.
 *
 *     npm run bench:paired-slices
 */
import { Random } from '../src/load/random.ts'
import { pairedRatio, type Pair } from '../src/stats/comparison.ts'
import { studentQuantile } from '../src/stats/distributions.ts'

const RUNS = 2_000
const TOLERANCE = 1.05
const SLOWER = 1.15

type Ends = readonly [low: number, high: number]

interface Row {
  readonly disturbed: number
  readonly noise: number
  readonly pairs: number
  readonly method: string
  readonly covered: number
  readonly falselySlower: number
  readonly found: number
}

const METHODS: Readonly<Record<string, (pairs: readonly Pair[]) => Ends>> = {
  trimmed(pairs) {
    const { interval } = pairedRatio(pairs)!
    return [interval.low, interval.high]
  },
  student(pairs) {
    const logs = pairs.map(({ base, head }) => Math.log(head / base))
    const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length
    const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (logs.length - 1)
    const half = studentQuantile(0.975, logs.length - 1) * Math.sqrt(variance / logs.length)
    return [Math.exp(mean - half), Math.exp(mean + half)]
  },
}

function simulate(disturbed: number, noise: number, count: number): Row[] {
  const random = new Random(`${disturbed} ${noise} ${count}`)
  const slice = () =>
    100 * Math.exp(noise * normal(random)) * (random.next() < disturbed ? 1.5 + 1.5 * random.next() : 1)
  const tallies = Object.keys(METHODS).map((method) => ({ method, covered: 0, falselySlower: 0, found: 0 }))
  for (let run = 0; run < RUNS; run++) {
    const pairs = Array.from({ length: count }, () => ({ base: slice(), head: slice() }))
    for (const tally of tallies) {
      const [low, high] = METHODS[tally.method]!(pairs)
      if (low <= 1 && 1 <= high) tally.covered += 1 / RUNS
      if (low > TOLERANCE) tally.falselySlower += 1 / RUNS
      if (low * SLOWER > TOLERANCE) tally.found += 1 / RUNS
    }
  }
  return tallies.map((tally) => ({ disturbed, noise, pairs: count, ...tally }))
}

/** Box & Muller, Annals of Mathematical Statistics 29 (1958). */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}

const percent = (ratio: number) => `${(ratio * 100).toFixed(1)}%`
const rows = [0, 0.1, 0.25].flatMap((disturbed) =>
  [0.03, 0.05, 0.1].flatMap((noise) => [6, 12, 20].flatMap((count) => simulate(disturbed, noise, count))),
)

console.log(
  ['disturbed', 'noise', 'pairs', 'method', 'covered', 'false 5%', '15% found']
    .map((head) => head.padStart(11))
    .join(''),
)
for (const { disturbed, noise, pairs, method, covered, falselySlower, found } of rows) {
  const cells = [
    percent(disturbed),
    percent(noise),
    pairs,
    method,
    percent(covered),
    percent(falselySlower),
    percent(found),
  ]
  console.log(cells.map((cell) => String(cell).padStart(11)).join(''))
}
console.log(JSON.stringify({ runs: RUNS, rows }))
