import { expect, test } from 'vitest'
import { ExpositionError } from './exposition.ts'
import { ScrapeHistory } from './scrape-history.ts'
import { parseSelector } from './selector.ts'

function valuesOf(history: ScrapeHistory, selector: string): number[][] {
  return history.select(parseSelector(selector)).map((series) => history.times.map((_, scrape) => series.at(scrape)))
}

test('a series is the same regardless of the order of its labels', async () => {
  const history = new ScrapeHistory()
  await history.add(1, 'n{a="1",b="2"} 5\nup 1\n')
  await history.add(2, 'n{b="2", a="1"} 6\n')
  expect(valuesOf(history, 'n')).toEqual([[5, 6]])
  expect(valuesOf(history, 'up'), 'gone').toEqual([[1, Number.NaN]])
})

test('an unreadable scrape is ignored', async () => {
  const history = new ScrapeHistory()
  await history.add(1, 'n 1\nm 1\n')
  await expect(history.add(2, 'n 9\n<html>\n<body>')).rejects.toThrow(ExpositionError)
  await expect(history.add(2, '\n')).rejects.toThrow('it contains no metrics, but an earlier scrape did')
  await history.add(3, 'n 3\nm 3\n')
  expect(history.times).toEqual([1, 3])
  expect(valuesOf(history, 'n')).toEqual([[1, 3]])
  const [series] = history.named('n')
  expect(series!.growth(0, 1), 'nothing of the scrape that failed').toEqual({ delta: 2, resets: 0, seen: true })
})

test('an unreadable line only affects its series, or the series of a name in it', async () => {
  const history = new ScrapeHistory()
  await history.add(1, 'n{a="1"} 5\nup 1\n')
  await history.add(2, 'n{a="1"} 6\nn{a="2"} x\nup 1\nm{b="} 7\nup 2\n')
  const about = (selector: string, from = 0, to = 1) => history.unreadableFor(parseSelector(selector), from, to)?.number
  expect(valuesOf(history, 'n')).toEqual([[5, 6]])
  expect([about('n'), about('n{a="2"}'), about('n{a="1"}')]).toEqual([2, 2, undefined])
  expect([about('m'), about('m{b="anything"}'), about('b')]).toEqual([4, 4, 4])
  expect(about('up'), 'twice, with different values').toBe(5)
  expect(about('n', 0, 0), 'in another scrape').toBeUndefined()
})

test('long responses are read over several turns of the event loop', async () => {
  const history = new ScrapeHistory()
  let turns = 0
  const counting = setInterval(() => turns++, 0)
  const lines = Array.from({ length: 20_000 }, (_, index) => `n{at="${index}"} ${index}`)
  await history.add(1, lines.join('\n'))
  clearInterval(counting)
  expect(history.named('n')).toHaveLength(20_000)
  expect(turns).toBeGreaterThan(1)
})

test('values are found over many scrapes, whether they changed or not', async () => {
  const history = new ScrapeHistory()
  const scrape = (count: number) =>
    Array.from({ length: 1_000 }, (_, index) => `n{at="${index}"} ${index < 10 ? count : 1}`).join('\n')
  for (let count = 0; count < 200; count++) await history.add(count, scrape(count))
  expect(history.named('n')).toHaveLength(1_000)
  expect(valuesOf(history, 'n{at="3"}')[0]!.slice(-2)).toEqual([198, 199])
  expect(valuesOf(history, 'n{at="33"}')[0]!.slice(-2)).toEqual([1, 1])
})
