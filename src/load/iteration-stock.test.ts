import { describe, expect, test } from 'vitest'
import { IterationStock } from './iteration-stock.ts'
import type { SharedIterations } from './load.ts'
import { WHOLE, type Claim, type Share } from './share.ts'

function stockOf(iterations: number, vus: number, share: Share, claim?: Claim) {
  const events: unknown[] = []
  const load: SharedIterations = { kind: 'sharedIterations', iterations, vus, maxDurationMs: 1000 }
  const stock = new IterationStock(
    load,
    { share, claim },
    { onGranted: () => events.push('granted'), onFailed: (error) => events.push(error) },
  )
  const take = (count: number) =>
    Array.from({ length: count }, () => stock.take(0)).filter((number) => number !== undefined).length
  return { stock, events, take }
}

/** Claims of the others before this generator's, and the blocks that it claims. */
function claims(othersHave: number) {
  const blocks: number[] = []
  let claimed = othersHave
  const claim: Claim = async (block) => {
    blocks.push(block)
    const before = claimed
    claimed += block
    return before
  }
  return { blocks, claim }
}

describe('the iterations of one generator', () => {
  test('are all here, and nothing is claimed', () => {
    const { stock, take } = stockOf(10, 4, WHOLE)
    expect(take(11)).toBe(10)
    expect(stock.isExhausted).toBe(true)
    expect(stock.claimRest()).toBeUndefined()
  })
})

describe('the iterations of one of several generators', () => {
  const third: Share = { index: 2, count: 4 }

  test('are one for each of its VUs, and then claimed in blocks that become smaller', async () => {
    const { blocks, claim } = claims(0)
    const { stock, take } = stockOf(810, 10, third, claim)
    expect(take(3)).toBe(2)
    for (let round = 0; round < 200 && !stock.isExhausted; round++) {
      await Promise.resolve()
      await Promise.resolve()
      take(1000)
    }
    expect(blocks[0]).toBe(50)
    expect(blocks.every((block, at) => at === 0 || block <= blocks[at - 1]!)).toBe(true)
    expect(blocks.at(-1)).toBe(1)
    expect(blocks.reduce((sum, block) => sum + block)).toBe(800)
  })

  test('are claimed for all VUs that wait', async () => {
    const { blocks, claim } = claims(0)
    const { stock, take } = stockOf(20, 10, third, claim)
    take(2)
    await Promise.resolve()
    await Promise.resolve()
    expect(stock.take(5)).toBe(10)
    expect(blocks).toEqual([1, 5])
  })

  test('are none after the others have claimed the last one', async () => {
    const { claim } = claims(100)
    const { stock, take, events } = stockOf(100, 10, third, claim)
    expect(take(2)).toBe(2)
    expect(stock.isExhausted).toBe(false)
    await Promise.resolve()
    await Promise.resolve()
    expect([stock.isExhausted, events]).toEqual([true, ['granted']])
  })

  test('are counted once at the end: those here, those under way, and all that nobody claimed', async () => {
    const { claim } = claims(20)
    const { stock, take } = stockOf(110, 10, third, claim)
    expect(take(2)).toBe(2)
    expect(stock.takeAll()).toBe(0)
    expect(await stock.claimRest()).toBe(80)
    const late = stockOf(110, 10, { index: 3, count: 4 }, claim)
    expect([late.stock.takeAll(), await late.stock.claimRest()]).toEqual([2, 0])
  })

  test('cannot be had if a claim fails', async () => {
    const failure = new Error('no connection')
    const { take, events } = stockOf(100, 10, third, () => Promise.reject(failure))
    take(2)
    await Promise.resolve()
    await Promise.resolve()
    expect(events).toEqual([failure])
  })

  test('need a way to be claimed', () => {
    expect(() => stockOf(10, 10, third)).toThrow('several generators need a way to claim iterations')
  })
})
