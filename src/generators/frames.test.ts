import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { readFrames, writeFrame } from './frames.ts'

async function pair(): Promise<readonly [Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const one = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [other] = (await once(server, 'connection')) as [Socket]
  onTestFinished(() => {
    one.destroy()
    other.destroy()
    server.close()
  })
  return [one, other]
}

test('passes frames of any size, however the bytes arrive', async () => {
  const [writer, reader] = await pair()
  const received: { header: unknown; bytes: number; last: number | undefined }[] = []
  const { promise: done, resolve } = Promise.withResolvers<void>()
  readFrames(reader, (header, body) => {
    received.push({ header, bytes: body.byteLength, last: body.at(-1) })
    if ((header as { end?: boolean }).end) resolve()
  })
  // A header in single bytes.
  for (const byte of Buffer.from('{"slow":"ä"}\n')) {
    writer.write(Buffer.of(byte))
    await new Promise((next) => setImmediate(next))
  }
  writeFrame(writer, { large: true }, new Uint8Array(3_000_000).fill(9))
  writeFrame(writer, { empty: true }, new Uint8Array())
  writeFrame(writer, { newline: true }, new Uint8Array([10, 10]))
  writeFrame(writer, { end: true })
  await done
  expect(received).toEqual([
    { header: { slow: 'ä' }, bytes: 0, last: undefined },
    { header: { large: true, bytes: 3_000_000 }, bytes: 3_000_000, last: 9 },
    { header: { empty: true, bytes: 0 }, bytes: 0, last: undefined },
    { header: { newline: true, bytes: 2 }, bytes: 2, last: 10 },
    { header: { end: true }, bytes: 0, last: undefined },
  ])
})

test('closes the connection to something else', async () => {
  const [writer, reader] = await pair()
  readFrames(reader, () => {})
  writer.write('GET / HTTP/1.1\r\n\r\n')
  await once(reader, 'close')
  expect(reader.destroyed).toBe(true)
})
