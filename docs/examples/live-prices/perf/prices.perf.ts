import { expect } from 'vitest'
import { perfTest } from 'vitest-slo'

interface Message {
  readonly type: 'subscribed' | 'price'
  readonly id: string
}

/** Every price reaches every subscribed socket in time. */
perfTest('prices reach every socket', async ({ ws, target }) => {
  const fanOut = await ws.fanOut({
    path: '/live',
    connections: 500,
    duration: '20s',
    subscribe: () => ({ type: 'subscribe' }),
    isSubscribed: (message) => message.json<Message>().type === 'subscribed',
    publish: {
      rate: 5,
      send: ({ id }) => fetch(`${target.url}/prices`, { method: 'POST', body: JSON.stringify({ id }) }),
    },
    identify: (message) => {
      const { type, id } = message.json<Message>()
      return type === 'price' ? { id } : 'other'
    },
  })
  expect(fanOut).toDeliverWithin(1_000, { ratio: 0.99 })
  expect(fanOut).toHaveMissingRateBelow(0.005)
})
