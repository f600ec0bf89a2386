import { describe, expect, test } from 'vitest'
import { severalProcesses } from './processes.ts'
import { ScrapeHistory } from './scrape-history.ts'

async function findingOf(scrapes: readonly string[]): Promise<string | undefined> {
  const history = new ScrapeHistory()
  for (const [index, text] of scrapes.entries()) await history.add(index * 1000, text)
  return severalProcesses(history, scrapes.length - 1)
}

const counted = (...values: readonly number[]) => values.map((value) => `n_total ${value}\n`)
/** Counters of a process with its start time. */
const started = (...processes: readonly (readonly [startSec: number, cpuSec: number, n: number])[]) =>
  processes.map(
    ([start, cpu, n]) =>
      `process_start_time_seconds ${start}\nprocess_cpu_seconds_total ${cpu}\nn_total ${n}\nm_total ${n + 1}\n`,
  )

describe('several processes behind one route are detected by', () => {
  test.each([
    [
      'values that fall and come back',
      counted(8_000, 4_010, 8_030, 4_060),
      'n_total fell from 8000 to 4010 and came back, 2 times',
    ],
    ['a single return, by a jump', counted(8_000, 4_010, 4_020, 8_030), 'n_total fell from 8000 to 4010 and came back'],
    [
      'a single return to where each of the two was',
      counted(100, 500, 110, 505),
      'n_total fell from 500 to 110 and came back',
    ],
    ['small values', counted(10, 12, 11, 15, 13, 18), 'n_total fell from 12 to 11 and came back, 2 times'],
    [
      'a start that goes back',
      started([1_700_000_050, 2, 10], [1_700_000_000, 3, 11]),
      'process_start_time_seconds went back from 1700000050 to 1700000000',
    ],
    [
      'starts that alternate within a second',
      started([10.25, 1, 1], [10.5, 2, 2], [10.25, 3, 3]),
      'process_start_time_seconds went back from 10.5 to 10.25',
    ],
    [
      'a later start without reset counters',
      started([100, 1, 400], [105, 2, 800]),
      'process_start_time_seconds changed from 100 to 105, and no counter started again',
    ],
    [
      'CPU time that falls while the start stays',
      started([100, 5, 400], [100, 4, 401]),
      'process_cpu_seconds_total fell from 5 to 4 and process_start_time_seconds stayed the same',
    ],
    [
      'series with a label of the worker',
      ['n_total{worker="1"} 4000', 'n_total{worker="2"} 8000', 'n_total{worker="1"} 4010'],
      '1 of 2 counters were gone from a scrape and came back, n_total among them',
    ],
  ])('%s', async (_, scrapes, finding) => {
    expect(await findingOf(scrapes)).toBe(finding)
  })
})

describe('severalProcesses() accepts a single process', () => {
  test.each([
    ['that only counts', counted(1, 2, 2, 9, 500)],
    ['that restarts once', counted(500, 3, 40, 90)],
    ['that restarts early and soon counts more', counted(20, 5, 25, 45, 65)],
    ['that restarts and soon counts as much as before', counted(100, 500, 0, 510, 900)],
    ['that restarts before the load', counted(3, 0, 1, 500)],
    ['that restarts twice, and starts later each time', started([100, 5, 20], [110, 1, 5], [110, 2, 40], [120, 1, 4])],
    ['whose start is computed at each scrape', started([100, 1, 1], [101, 2, 2], [100, 3, 3])],
    [
      'with a single counter that is a gauge by another name',
      [5, 3, 6, 2, 7].map(
        (value, index) => `mem_total ${value}\nn_total ${index}\nm_total ${index}\nk_total ${index}\n`,
      ),
    ],
    [
      'whose collector fails at times',
      ['a_total 1\nb_total 1\nc_total 1', 'a_total 2\nb_total 2\n', 'a_total 3\nb_total 3\nc_total 1'],
    ],
    ['with gauges', [9, 1, 9, 1].map((value) => `# TYPE n_total gauge\nn_total ${value}\n`)],
    [
      'that names its processes apart',
      [1, 2, 3].map(
        (n) => `process_start_time_seconds{pid="1"} 9\nprocess_start_time_seconds{pid="2"} 7\nn_total ${n}`,
      ),
    ],
  ])('%s', async (_, scrapes) => {
    expect(await findingOf(scrapes)).toBeUndefined()
  })
})
