import { describe, expect, it } from 'vitest'
import { Timeline } from './timeline.ts'

describe('Timeline', () => {
  it('gives each request the second it was due in', () => {
    const timeline = new Timeline()
    expect(timeline.at(0).second).toBe(0)
    expect(timeline.at(999.999).second).toBe(0)
    expect(timeline.at(1_000).second).toBe(1)
    expect(timeline.at(1_500)).toBe(timeline.at(1_000))
  })

  it('has no gaps where nothing was due', () => {
    const timeline = new Timeline()
    timeline.at(3_200).offered++
    timeline.at(100).offered++
    expect(timeline.windows.map(({ second, offered }) => [second, offered])).toEqual([
      [0, 1],
      [1, 0],
      [2, 0],
      [3, 1],
    ])
  })

  it('takes what is due a little before the start into the first second', () => {
    expect(new Timeline().at(-0.5).second).toBe(0)
  })
})

describe('Window', () => {
  it('counts answers and errors by their kind', () => {
    const window = new Timeline().at(0)
    window.latency.record(1_000)
    window.countStatus(200)
    window.countStatus(503)
    window.countStatus(503)
    window.countError('status')
    window.countError('status')
    window.countError('timeout')
    expect([window.completed, window.errorCount]).toEqual([1, 3])
    expect(Object.fromEntries(window.statuses)).toEqual({ 200: 1, 503: 2 })
    expect(Object.fromEntries(window.errors)).toEqual({ status: 2, timeout: 1 })
  })
})
