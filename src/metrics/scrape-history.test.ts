import { expect, test } from 'vitest'
import { ExpositionError } from './exposition.ts'
import { ScrapeHistory } from './scrape-history.ts'
import { parseSelector } from './selector.ts'

function valuesOf(history: ScrapeHistory, selector: string): number[][] {
  return history.select(parseSelector(selector)).map((series) => history.times.map((_, scrape) => series.at(scrape)))
}

test('one series is one, in whatever order its labels are written', async () => {
  const history = new ScrapeHistory()
  await history.add(1, 'n{a="1",b="2"} 5\nup 1\n')
  await history.add(2, 'n{b="2", a="1"} 6\n')
  expect(history.seriesCount).toBe(2)
  expect(valuesOf(history, 'n')).toEqual([[5, 6]])
  expect(valuesOf(history, 'up'), 'gone').toEqual([[1, Number.NaN]])
})

test('a scrape that cannot be read to its end is none', async () => {
  const history = new ScrapeHistory()
  await history.add(1, 'n 1\nm 1\n')
  await expect(history.add(2, 'n 9\n<html>')).rejects.toThrow(ExpositionError)
  await history.add(3, 'n 3\nm 3\n')
  expect(history.times).toEqual([1, 3])
  expect(valuesOf(history, 'n')).toEqual([[1, 3]])
})

test('long answers are read over several turns of the event loop', async () => {
  const history = new ScrapeHistory()
  let turns = 0
  const counting = setInterval(() => turns++, 0)
  const lines = Array.from({ length: 20_000 }, (_, index) => `n{at="${index}"} ${index}`)
  await history.add(1, lines.join('\n'))
  clearInterval(counting)
  expect(history.seriesCount).toBe(20_000)
  expect(turns).toBeGreaterThan(1)
})

test('values are found again through many scrapes, whether they moved or stood still', async () => {
  const history = new ScrapeHistory()
  const scrape = (count: number) =>
    Array.from({ length: 1_000 }, (_, index) => `n{at="${index}"} ${index < 10 ? count : 1}`).join('\n')
  for (let count = 0; count < 200; count++) await history.add(count, scrape(count))
  expect(history.seriesCount).toBe(1_000)
  expect(valuesOf(history, 'n{at="3"}')[0]!.slice(-2)).toEqual([198, 199])
  expect(valuesOf(history, 'n{at="33"}')[0]!.slice(-2)).toEqual([1, 1])
})
