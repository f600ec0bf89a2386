import { expect } from 'vitest'
import { perfTest } from 'vitest-slo'
import { streamerId } from '../fixtures/target/identities.ts'
import { expectCapacityTargets } from './capacity-targets.ts'

/** A message of the hub. */
interface Event {
  readonly type: 'SUBSCRIBED' | 'EVENT_UPDATED'
  readonly publicationId: string
  readonly sequence: number
}

perfTest('S6 WebSocket fan-out', async ({ ws, target, metrics, capacity, skip }) => {
  const { unavailable } = target.internal
  skip(unavailable !== undefined, `nothing can be published: ${unavailable}`)
  const streamer = streamerId(0)

  const run = await ws.fanOut({
    path: '/ws',
    connections: 10_000,
    subscribe: () => JSON.stringify({ type: 'subscribe', streamerId: streamer }),
    isSubscribed: (message) => message.json<Event>().type === 'SUBSCRIBED',
    publish: {
      rate: 2,
      send: ({ id }) => target.internal.post('/internal/publish', { streamerId: streamer, publicationId: id }),
    },
    identify: (message) => {
      const event = message.json<Event>()
      return event.type === 'EVENT_UPDATED' ? { id: event.publicationId, sequence: event.sequence } : 'other'
    },
    // The plan has no duration: a minute is 120 updates per socket, 1.2 million in total.
    duration: '60s',
    lateThreshold: '1s',
  })

  await expectCapacityTargets(run, { metrics, capacity })
  expect(run).toHaveMissingRateBelow(0.005)
  expect(run).toDeliverWithin(1000, { ratio: 0.99 })
  expect(run).toDeliverInOrder()
  // Not in the plan; a client draws a duplicate update again.
  expect(run).toHaveDuplicateRateBelow(0.001)
})
