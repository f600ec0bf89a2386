import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DeliveryTracker } from './delivery-tracker.ts'
import type { Publication } from './publication.ts'

const CLIENTS = 3

type Step =
  | { readonly do: 'join' | 'leave' | 'beginMove' | 'reopen'; readonly client: number }
  | { readonly do: 'publish' }
  | { readonly do: 'respond' | 'fail'; readonly publication: number }
  | { readonly do: 'receive'; readonly client: number; readonly publication: number }

const client = fc.nat(CLIENTS - 1)
const publication = fc.nat(7)
const publishing: readonly fc.WeightedArbitrary<Step>[] = [
  { weight: 2, arbitrary: fc.record({ do: fc.constant('publish' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('respond' as const, 'respond' as const, 'fail' as const), publication }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('receive' as const), client, publication }) },
]
const moving = fc.record({
  do: fc.constantFrom('join' as const, 'leave' as const, 'beginMove' as const, 'beginMove' as const),
  client,
})
const steps = (...more: fc.WeightedArbitrary<Step>[]) =>
  fc.array(fc.oneof(...publishing, ...more), { minLength: 10, maxLength: 80 })

/**
 * The counts of an account, one millisecond a step. If another generator sends the publications, the responses to `send` are
 * known at the end.
 */
function counts(all: readonly Step[], isRemote: boolean) {
  const ledger = new DeliveryTracker({ clients: CLIENTS, lateThresholdMs: 8, underWayMs: 4 })
  const group = ledger.group('room')
  for (let each = 0; each < CLIENTS; each++) ledger.join(each, group)
  const publications: Publication[] = []
  const facts: (() => void)[] = []
  for (const [at, step] of all.entries()) {
    const atUs = at * 1000
    if (step.do === 'join') ledger.join(step.client, group)
    if (step.do === 'leave') ledger.leave(step.client, group, true)
    if (step.do === 'beginMove') ledger.beginMove(step.client, group, atUs)
    if (step.do === 'reopen') ledger.reopened(step.client)
    if (step.do === 'publish') {
      const sequence = publications.length + 1
      const due = { id: `p${sequence}`, sequence, group: 'room', intendedUs: atUs, second: 0, isRemote }
      const added = ledger.publish(due)
      publications.push(added)
      if (isRemote) facts.push(() => (added.sentUs = atUs))
      else added.sentUs = atUs
    }
    if (step.do === 'receive' && publications[step.publication] !== undefined)
      ledger.receive(step.client, publications[step.publication]!, undefined, atUs)
    if (step.do !== 'respond' && step.do !== 'fail') continue
    const ended = publications[step.publication]
    if (ended === undefined) continue
    const learn = () => {
      if (ended.isFailed || !Number.isNaN(ended.respondedUs)) return
      ended.isFailed = step.do === 'fail'
      if (ended.isFailed) ended.failedUs = atUs
      else ended.respondedUs = atUs
    }
    if (isRemote) facts.push(learn)
    else learn()
  }
  for (const learn of facts) learn()
  ledger.decide()
  return { ...ledger.counts(0), windows: ledger.windows.map(({ lag: _lag, ...window }) => window), owed: ledger.owed }
}

describe('an account of publications that another generator sent', () => {
  test('is that of its sender, although their responses are known only at the end', () => {
    fc.assert(
      fc.property(steps({ weight: 3, arbitrary: moving }), (all) => {
        // The order of deliveries that were in doubt is not judged.
        const { outOfOrder: _, racing: _1, ...own } = counts(all, false)
        expect(counts(all, true)).toMatchObject(own)
      }),
      { numRuns: 2_000 },
    )
  })

  test('has the same deliveries out of order, and of them racing, if no client moves', () => {
    const reopening = fc.record({ do: fc.constant('reopen' as const), client })
    fc.assert(
      fc.property(steps({ weight: 1, arbitrary: reopening }), (all) => {
        expect(counts(all, true)).toEqual(counts(all, false))
      }),
      { numRuns: 2_000 },
    )
  })
})
