import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { evidenceOf } from '../../evidence/evidence.ts'
import { sharedIterations } from '../../load/builders.ts'
import { load } from '../../testing/truth-websocket.ts'
import type { WebSocketLoad } from '../websocket.ts'

/** A server that repeats the query of each client as it was written: in a message, and in the reason of its close frame. */
async function echoing(): Promise<{ ws: WebSocketLoad; close(): void }> {
  const http = createServer()
  const server = new WebSocketServer({ server: http })
  const closes: (() => void)[] = []
  server.on('connection', (socket, { url }) => {
    const query = url!.slice(url!.indexOf('?') + 1)
    socket.on('message', () => socket.send('ready'))
    closes.push(() => {
      socket.send(`what is ${query}?`)
      socket.close(4001, `no longer valid: ${query}`.slice(0, 123))
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void http.close())
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  return { ws: load({ url }), close: () => closes.forEach((each) => each()) }
}

const query = (vu: { id: number }) => ({ t: `ké y/${vu.id}+4711`, u: `long${vu.id}`.repeat(40) })

test.each([1, 2])(
  'values of a query in close reasons and messages reach no evidence, with %i processes',
  async (processes) => {
    const { ws, close } = await echoing()
    const run = await ws.fanOut({
      path: '/',
      connections: 4,
      processes,
      query,
      subscribe: () => 'subscribe',
      isSubscribed: (message) => message.toString() === 'ready',
      publish: { rate: 10, send: ({ index }) => (index === 3 ? close() : undefined) },
      identify: () => undefined,
      duration: '1s',
      drainDuration: '1s',
    })
    expect(run.sockets).toMatchObject({ subscribed: 4, closed: 4 })
    const evidence = run[evidenceOf]()
    const shown = JSON.stringify([run.result(), evidence, run.worstClients()])
    expect(evidence.hint).toContain('closed with code 4001: no longer valid: ')
    expect(shown).toContain('what is ')
    expect(shown).not.toMatch(/4711|long\d|k%C3|ké/i)
  },
)

test('values of a query in close reasons reach no evidence of conversations', async () => {
  const { ws, close } = await echoing()
  const run = await ws.run({
    path: '/',
    load: sharedIterations({ iterations: 20, vus: 2 }),
    query,
    timeout: '1s',
    steps: {
      send: ({ iteration }) => {
        if (iteration === 5) close()
        return 'say'
      },
    },
  })
  const shown = JSON.stringify([run.result(), run[evidenceOf](), [...run.errors]])
  expect(run.errorRate).toBeGreaterThan(0)
  expect(shown).not.toMatch(/4711|long\d|k%C3|ké/i)
})
