import { expect, test } from 'vitest'
import { PhasedTimeline, RequestWindow } from './request-timeline.ts'

const PHASES = [
  { name: 'warmup', startMs: 0, endMs: 1_500 },
  { name: 'steady', startMs: 1_500, endMs: 4_000 },
] as const

/** Counts one request at each of these times. @returns counts by phase and second */
function countsOf(...instants: number[]) {
  const timeline = new PhasedTimeline(PHASES)
  for (const ms of instants) timeline.at(ms).offered++
  return PHASES.map((_, phase) => timeline.windowsOf(phase).map(({ second, offered }) => [second, offered]))
}

test('counts a request in the phase and second of its intended start, and cuts a second shared by two phases', () => {
  expect(countsOf(0, 999, 1_000, 1_499, 1_500, 1_999, 2_000, 3_999)).toEqual([
    [
      [0, 2],
      [1, 2],
    ],
    [
      [1, 2],
      [2, 1],
      [3, 1],
    ],
  ])
})

test('accepts requests in any order, and leaves out seconds in which nothing was due', () => {
  expect(countsOf(3_500, 20, 3_600, 1_600)).toEqual([
    [[0, 1]],
    [
      [1, 1],
      [3, 2],
    ],
  ])
})

test('counts requests before the first phase in it, and those after the last phase in that', () => {
  expect(countsOf(-5, 4_000, 5_100)).toEqual([
    [[0, 1]],
    [
      [4, 1],
      [5, 1],
    ],
  ])
})

test('inSeconds() returns the windows of all phases, including both parts of a cut second', () => {
  const timeline = new PhasedTimeline(PHASES)
  for (const ms of [500, 1_200, 1_700, 2_500, 3_500]) timeline.at(ms).offered += ms
  const seconds = (from: number, to: number) => [...timeline.inSeconds(from, to)].map(({ offered }) => offered)
  expect(seconds(1, 3)).toEqual([1_200, 1_700, 2_500])
  expect(seconds(0, 1)).toEqual([500])
  expect(seconds(3, 9)).toEqual([3_500])
  expect(seconds(4, 9)).toEqual([])
})

test('add() sums all counts of windows', () => {
  const window = (status: number, detail: string) => {
    const one = new RequestWindow(0)
    Object.assign(one, { offered: 4, sent: 3, dropped: 1 })
    one.recordError('status', 2_000, 1_000, status)
    one.countDetail(detail)
    one.recordGood(3_000, 1_500, 200)
    return one
  }
  const sum = new RequestWindow(7)
  sum.add(new RequestWindow(0))
  expect(sum.details.size).toBe(0)
  sum.add(window(503, '503'))
  sum.add(window(503, '503'))
  sum.add(window(500, '500'))
  expect(sum).toMatchObject({ second: 7, offered: 12, sent: 9, dropped: 3, errorCount: 3, completed: 6, missed: 9 })
  expect([...sum.statuses]).toEqual([
    [200, 3],
    [503, 2],
    [500, 1],
  ])
  expect([...sum.details]).toEqual([
    ['503', 2],
    ['500', 1],
  ])
  expect([sum.good.latency.maxUs, sum.good.serviceTime.maxUs, sum.good.count]).toEqual([3_000, 1_500, 3])
  expect([sum.failed.latency.maxUs, sum.failed.serviceTime.maxUs, sum.failed.count]).toEqual([2_000, 1_000, 3])
})

test('counts fifty details separately and all others together', () => {
  const window = new RequestWindow(0)
  for (let n = 0; n < 52; n++) window.countDetail(`error ${n}`)
  window.countDetail('error 49')
  expect(window.details.size).toBe(51)
  expect([window.details.get('error 49'), window.details.get('other')]).toEqual([2, 2])
})

test('counts refused connections separately, however many details there are', () => {
  const window = new RequestWindow(0)
  for (let n = 0; n < 52; n++) window.countDetail(`error ${n}`)
  window.countDetail('ECONNREFUSED')
  expect(window.details.get('ECONNREFUSED')).toBe(1)
})
