import { expect } from 'vitest'
import { constantVus, perfTest } from 'vitest-slo'

interface ChatMessage {
  readonly type: 'joined' | 'said'
  readonly id: string
}

/** Port of `chat.k6.js`: members of rooms talk, and each waits until the room has heard it. */
perfTest('a room hears what its members say', async ({ ws }) => {
  const run = await ws.run({
    path: '/chat',
    load: constantVus({ vus: 20, duration: '10s', thinkTime: '200ms' }),
    onOpen: (vu) => ({ type: 'join', room: `room ${vu.id % 4}` }),
    isReady: (message) => message.json<ChatMessage>().type === 'joined',
    steps: [
      {
        name: 'say',
        send: ({ vu, iteration }) => ({ type: 'say', id: `${vu.id}-${iteration}` }),
        isResponse: (message, { vu, iteration }) => message.json<ChatMessage>().id === `${vu.id}-${iteration}`,
      },
    ],
  })
  expect(run).toHaveP95Below(100)
  // A message that never came back is a time-out.
  expect(run).toHaveErrorRateBelow(0.001)
})
