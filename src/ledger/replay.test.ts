import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { planReplay, type Delivery, type ReplayOptions } from './replay.ts'

const options = fc
  .record({
    updates: fc.integer({ min: 1, max: 200 }),
    seed: fc.oneof(fc.integer(), fc.string()),
    min: fc.integer({ min: 1, max: 5 }),
    more: fc.nat(5),
    forgedRate: fc.constantFrom(0, 0.05, 0.5, 1),
    unknownRate: fc.constantFrom(0, 0.05, 1),
  })
  .map(({ min, more, ...rest }): Required<ReplayOptions> => ({ ...rest, copies: { min, max: min + more } }))

function byUpdate(plan: readonly Delivery[]): Map<number, { readonly at: number; readonly delivery: Delivery }[]> {
  return Map.groupBy(
    plan.map((delivery, at) => ({ at, delivery })),
    ({ delivery }) => delivery.update,
  )
}

describe('a replay plan', () => {
  test('delivers every update the configured number of times, with numbered copies of one kind', () => {
    fc.assert(
      fc.property(options, (given) => {
        const { updates, copies, forgedRate, unknownRate } = given
        const updatesSent = byUpdate(planReplay(given))
        const unknown = Math.ceil(updates * unknownRate)
        expect([...updatesSent.keys()].toSorted((a, b) => a - b)).toEqual(
          Array.from({ length: updates + unknown }, (_, i) => i),
        )
        let forged = 0
        for (const [update, sent] of updatesSent) {
          expect(sent.length).toBeGreaterThanOrEqual(copies.min)
          expect(sent.length).toBeLessThanOrEqual(copies.max)
          expect(sent.map(({ delivery }) => delivery.copy)).toEqual(sent.map((_, copy) => copy))
          const [{ kind, expected: due }] = [sent[0]!.delivery]
          expect(sent.every(({ delivery }) => delivery.kind === kind && delivery.expected === due)).toBe(true)
          expect(kind === 'unknown').toBe(update >= updates)
          expect(due).toBe({ genuine: 'applied', forged: 'refused', unknown: 'ignored' }[kind])
          if (kind === 'forged') forged++
        }
        expect(forged).toBe(Math.ceil(updates * forgedRate))
      }),
    )
  })

  test('sends some copies of an update together and others later', () => {
    const plan = planReplay({ updates: 300, seed: 1, copies: { min: 3, max: 6 } })
    for (const sent of byUpdate(plan).values()) {
      expect(sent[1]!.at - sent[0]!.at).toBe(1)
    }
    const apart = [...byUpdate(plan).values()].filter((sent) => sent.at(-1)!.at - sent[0]!.at >= sent.length)
    expect(apart.length).toBeGreaterThan(290)
  })

  test('is shuffled, and identical for the same seed', () => {
    const plan = planReplay({ updates: 200, seed: 7 })
    expect(planReplay({ updates: 200, seed: '7' })).toEqual(plan)
    expect(planReplay({ updates: 200, seed: 8 })).not.toEqual(plan)
    const firsts = plan.filter(({ copy }) => copy === 0).map(({ update }) => update)
    const rising = firsts.filter((update, at) => at > 0 && update > firsts[at - 1]!).length
    expect(rising).toBeGreaterThan(60)
    expect(rising).toBeLessThan(150)
  })

  test('names every invalid option', () => {
    const wrong: object = { updates: 0, copies: { min: 3, max: 2 }, forgedRate: 5, unknownRate: -1, times: 2 }
    expect(() => planReplay(wrong as ReplayOptions)).toThrowErrorMatchingInlineSnapshot(`
      [OptionsError: planReplay() received 6 invalid options:

        times: unknown option. Valid options: updates, seed, copies, forgedRate, unknownRate
          Received: 2
          Fix:      remove times
        updates: must be an integer at least 1 and at most 10000000
          Received: 0
          Fix:      write, for example, updates: 500
        seed: must be a number or a string
          Received: undefined
          Fix:      write, for example, seed: 1
        copies.max: must be an integer at least 3 and at most 1000
          Received: 2
          Fix:      write, for example, max: 4
        forgedRate: must be a number at least 0 and at most 1
          Received: 5
          Fix:      write, for example, forgedRate: 0.05
        unknownRate: must be a number at least 0 and at most 1
          Received: -1
          Fix:      write, for example, unknownRate: 0.05]
    `)
    for (const copies of [7, null])
      expect(() => planReplay({ updates: 1, seed: 1, copies } as unknown as ReplayOptions)).toThrow(
        /an invalid option:\n\n {2}copies: must be an object\n.*\n {4}Fix: {6}write, for example, copies: \{ min: 1, max: 4 \}/,
      )
    const fractions: object = { updates: 1.5, seed: 1, copies: { min: 1.5, max: 2.5, most: 3 } }
    expect(() => planReplay(fractions as ReplayOptions)).toThrowErrorMatchingInlineSnapshot(`
      [OptionsError: planReplay() received 4 invalid options:

        updates: must be an integer at least 1 and at most 10000000
          Received: 1.5
          Fix:      write, for example, updates: 500
        copies.most: unknown option. Valid options: min, max
          Received: 3
          Fix:      remove most
        copies.min: must be an integer at least 1 and at most 1000
          Received: 1.5
          Fix:      write, for example, min: 1
        copies.max: must be an integer at least 1 and at most 1000
          Received: 2.5
          Fix:      write, for example, max: 4]
    `)
  })
})
