import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EventBatcher, EventPlayer } from './event-batches.ts'
import type { PoolEvents } from './socket-pool.ts'

type Event = readonly [name: keyof PoolEvents, ...rest: unknown[]]

function recorder(): { events: Event[]; sink: PoolEvents } {
  const events: Event[] = []
  const sink: PoolEvents = {
    opened: (client, atUs, isCompressed) => events.push(['opened', client, atUs, isCompressed]),
    failed: (client, kind) => events.push(['failed', client, kind]),
    closed: (client, why) => events.push(['closed', client, why]),
    message: (client, data, isBinary, atUs) => events.push(['message', client, data.toString(), isBinary, atUs]),
  }
  return { events, sink }
}

const client = fc.nat({ max: 100_000 })
const atUs = fc.double({ min: 0, max: 1e15, noNaN: true })
const step = fc.oneof(
  fc.record({ do: fc.constant('opened' as const), client, atUs, isCompressed: fc.boolean() }),
  fc.record({ do: fc.constantFrom('failed' as const, 'closed' as const), client, words: fc.string() }),
  fc.record({ do: fc.constant('take' as const) }),
  {
    weight: 5,
    // More distinct messages than slots, so that slots are filled again.
    arbitrary: fc.record({
      do: fc.constant('message' as const),
      client,
      text: fc.constantFrom('a', 'b', 'ab', 'c', 'd', 'e', 'f'),
      isBinary: fc.boolean(),
      atUs,
    }),
  },
)

test('replays the batched events of another process in order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const [direct, played] = [recorder(), recorder()]
      const player = new EventPlayer(played.sink)
      const batcher = new EventBatcher(() => {})
      // Cloned, as by the channel between processes.
      const flush = () => player.play(structuredCloned(batcher.take(0)))
      for (const step of steps) {
        if (step.do === 'take') flush()
        for (const sink of step.do === 'take' ? [] : [direct.sink, batcher]) {
          if (step.do === 'opened') sink.opened(step.client, step.atUs, step.isCompressed)
          if (step.do === 'failed') sink.failed(step.client, step.words)
          if (step.do === 'closed') sink.closed(step.client, step.words)
          if (step.do === 'message') sink.message(step.client, Buffer.from(step.text), step.isBinary, step.atUs)
        }
      }
      flush()
      expect(played.events).toEqual(direct.events)
    }),
    { numRuns: 200 },
  )
})

test('calls onFirst only with the first event after each batch', () => {
  let announced = 0
  const batcher = new EventBatcher(() => announced++)
  for (let at = 0; at < 5000; at++) batcher.message(at, Buffer.from('x'), false, at)
  expect(announced).toBe(1)
  const batch = batcher.take(7)
  expect([batch.clients.length, batch.frames.length, batch.openCount]).toEqual([5001, 1, 7])
  batcher.opened(1, 2, false)
  expect(announced).toBe(2)
})

function structuredCloned(batch: ReturnType<EventBatcher['take']>): ReturnType<EventBatcher['take']> {
  const copy = structuredClone(batch)
  return { ...copy, frames: copy.frames.map(({ data, isBinary }) => ({ data: Buffer.from(data), isBinary })) }
}
