/** A busy neighbour for `bench/compare.ts`: bursts of work on one core for up to two seconds, with pauses of equal length. */
import { Random } from '../src/load/random.ts'

const random = new Random('neighbour')

function burst(): void {
  const endMs = performance.now() + 2_000 * random.next()
  while (performance.now() < endMs);
  setTimeout(burst, 2_000 * random.next())
}

burst()
