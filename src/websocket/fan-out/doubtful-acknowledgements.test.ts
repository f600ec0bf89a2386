import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { evidenceOf } from '../../evidence/evidence.ts'
import { sharedIterations } from '../../load/builders.ts'
import { load } from '../../testing/truth-websocket.ts'
import { DoubtfulAcknowledgements } from './doubtful-acknowledgements.ts'

function notesOf(...texts: readonly string[]): readonly string[] {
  const doubtful = new DoubtfulAcknowledgements()
  for (const text of texts) doubtful.accepted(Buffer.from(text), false, (shown) => shown)
  return doubtful.notes('isReady')
}

test.each([
  '{"type":"error","reason":"room is full"}',
  '{"type":"join_error"}',
  '{"type":"joinError"}',
  '{"status":403,"message":"Forbidden"}',
  '{"ok":false,"errors":["unauthorized"]}',
  'ERR access denied',
  'subscription rejected: unauthorised',
])('notes an acknowledgement that looks like a rejection: %s', (text) => {
  expect(notesOf(text)).toEqual([
    `isReady accepted a message that looks like a rejection: ${JSON.stringify(text)}; if the target rejects clients by it, return false for it`,
  ])
})

test.each([
  '{"type":"subscribed"}',
  '{"ok":true,"error":null,"errors":[],"failed":false}',
  '{"type":"ready","terror":"films"}',
  `{"type":"history","messages":["${'x'.repeat(300)} error"]}`,
])('notes no other acknowledgement: %s', (text) => {
  expect(notesOf(text)).toEqual([])
})

test('notes the number of such messages, and the first', () => {
  expect(notesOf('{"type":"ready"}', '{"error":"a"}', '{"error":"b"}')).toEqual([
    'isReady accepted 2 messages that look like rejections, the first: "{\\"error\\":\\"a\\"}"; if the target rejects clients by it, return false for it',
  ])
})

/** A server that rejects the subscription of some clients, sends them nothing else, and echoes messages of the others. */
async function startServer(isRejected: (client: number) => boolean) {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (ws, { url }) => {
    const client = Number(new URL(url!, 'ws://localhost').searchParams.get('client'))
    ws.on('message', (data: Buffer) => {
      if (data.toString() === 'join' && isRejected(client)) ws.send('{"type":"error","reason":"room is full"}')
      else if (!isRejected(client)) ws.send(data.toString())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    sockets.close()
    for (const ws of sockets.clients) ws.terminate()
    server.close()
  })
  const publish = (id: string) => {
    for (const ws of sockets.clients) ws.send(id)
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, publish }
}

const NOTE =
  'accepted 2 messages that look like rejections, the first: "{\\"type\\":\\"error\\",\\"reason\\":\\"room is full\\"}"; if the target rejects clients by it, return false for it'

test.each([
  [2, [`isReady ${NOTE}`]],
  [0, []],
])('warns in a conversation if isReady accepts the rejections of %i clients', async (rejected, warnings) => {
  const { url } = await startServer((client) => client < rejected)
  const run = await load({ url }).run({
    ...{ path: '/', query: (vu) => ({ client: String(vu.id) }), onOpen: () => 'join', isReady: () => true },
    ...{ load: sharedIterations({ vus: 5, iterations: 20 }), warmup: 0, abortWhen: false, timeout: 300 },
    steps: { send: 'hello' },
  })
  expect(run.warnings.filter((warning) => warning.startsWith('isReady'))).toEqual(warnings)
})

test('has a line of evidence in a fan-out if isSubscribed accepts rejections', async () => {
  const { url, publish } = await startServer((client) => client < 2)
  const run = await load({ url }).fanOut({
    ...{ path: '/', query: (vu) => ({ client: String(vu.id) }), subscribe: () => 'join', isSubscribed: () => true },
    ...{ connections: 5, duration: '200ms', publish: { rate: 20, send: ({ id }) => publish(id) } },
    identify: (message) => ({ id: message.toString() }),
  })
  expect(run[evidenceOf]().evidenceLines).toContain(`isSubscribed ${NOTE}`)
})
