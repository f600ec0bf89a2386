import { expect, test } from 'vitest'
import { constantArrivalRate } from '../../load/builders.ts'
import { divisions } from '../../testing/divisions.ts'
import { start, UNLIMITED } from '../../testing/truth-websocket.ts'
import { createWebSocket } from '../websocket.ts'

test.each([1, 2])(
  'a conversation divided among generators has the VUs of one, with %i processes each',
  async (processes) => {
    const server = await start('responding')
    const made: string[] = []
    const runs = await Promise.all(
      divisions(2).map((division) => {
        const ws = createWebSocket({
          baseUrl: server.url,
          signal: new AbortController().signal,
          scale: { name: 'full', users: 1, time: 1 },
          seed: 1,
          limits: UNLIMITED,
          divide: () => division,
          onRun: () => {},
        })
        return ws.run<{ row: number }>({
          path: '/',
          load: constantArrivalRate({ rate: 20, vus: 10, duration: 500 }),
          processes,
          data: Array.from({ length: 10 }, (_, row) => ({ row })),
          steps: {
            send: ({ vu, iteration, random }) => {
              made.push(`${vu.id} ${iteration} ${vu.data.row} ${random.int(0, 9) < 10}`)
              return { id: vu.id }
            },
            isResponse: (message, { sent }) => message.json<{ re?: number }>().re === (sent as { id: number }).id,
          },
        })
      }),
    )
    expect(made.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))).toEqual(
      Array.from({ length: 10 }, (_, id) => `${id} 0 ${id} true`),
    )
    expect(runs.map(({ sent, connections }) => [sent, connections.opened, connections.maxOpen])).toEqual([
      [5, 5, 5],
      [5, 5, 5],
    ])
    expect(await server.truth()).toMatchObject({ connections: 10, asks: 10 })
  },
)
