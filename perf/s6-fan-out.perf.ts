import { expect } from 'vitest'
import { perfTest } from 'vitest-slo'
import { streamerId } from '../fixtures/target/identities.ts'

/** What the hub sends. */
interface Event {
  readonly type: 'SUBSCRIBED' | 'EVENT_UPDATED'
  readonly publicationId: string
  readonly sequence: number
}

perfTest('S6 WebSocket fan-out', async ({ ws, target }) => {
  const streamer = streamerId(0)

  const run = await ws.fanOut({
    path: '/ws',
    connections: 10_000,
    subscribe: () => JSON.stringify({ type: 'subscribe', streamerId: streamer }),
    acknowledged: (message) => message.json<Event>().type === 'SUBSCRIBED',
    publish: {
      rate: 2,
      send: ({ id }) => target.internal.post('/internal/publish', { streamerId: streamer, publicationId: id }),
    },
    identify: (message) => {
      const event = message.json<Event>()
      return event.type === 'EVENT_UPDATED' ? { id: event.publicationId, sequence: event.sequence } : undefined
    },
    duration: '60s',
    lateAfter: '1s',
  })

  expect(run).toDeliverWithin(1000, { ratio: 0.99 })
  expect(run).toHaveMissingRateBelow(0.005)
  expect(run).toDeliverInOrder()
})
