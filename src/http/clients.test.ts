import { createRequire } from 'node:module'
import type Client from 'autocannon/lib/httpClient.js'
import { expect, test } from 'vitest'
import { scriptedServer } from '../testing/scripted-server.ts'
import { openClients, type LoadClient } from './clients.ts'

/** The parts of autocannon that the engine relies on. Do not upgrade to a version that breaks one of these tests. */

const require = createRequire(import.meta.url)

test('the installed version of autocannon is the one that was reviewed', () => {
  const ours = require('../../package.json') as Record<string, Record<string, string> | undefined>
  expect({ ...ours['dependencies'], ...ours['devDependencies'] }['autocannon']).toBe('9.0.0')
  expect((require('autocannon/package.json') as { version: string }).version).toBe('9.0.0')
})

async function withClients(
  count: number,
  inspect: (clients: LoadClient[], calls: string[]) => unknown,
): Promise<string[]> {
  await using server = await scriptedServer({ onRequest: () => {} })
  const ready: LoadClient[] = []
  const calls: string[] = []
  const open = openClients(count, (index) => ({
    ready: (client) => {
      calls.push(`ready ${index}`)
      ready.push(client)
    },
    close: () => calls.push(`close ${index}`),
  }))
  inspect(ready, calls)
  open.close()
  expect(server.accepted).toBe(0)
  return calls
}

test('creates the requested number of clients synchronously, and none of them connects or sends', async () => {
  const calls = await withClients(3, (_, calls) => expect(calls).toEqual(['ready 0', 'ready 1', 'ready 2']))
  expect(calls).toEqual(['ready 0', 'ready 1', 'ready 2', 'close 0', 'close 1', 'close 2'])
})

test('a created client has a parser with these constants, and a time-out clock that can be stopped', async () => {
  await withClients(1, ([client]) => {
    const { kOnHeaders, kOnHeadersComplete, kOnBody, kOnMessageComplete } = client!.parser.constructor
    expect(new Set([kOnHeaders, kOnHeadersComplete, kOnBody, kOnMessageComplete]).size).toBe(4)
    for (const callback of [kOnHeaders, kOnHeadersComplete, kOnBody, kOnMessageComplete])
      expect(client!.parser[callback]).toBeTypeOf('function')
    expect(client!.timeoutTicker.clear).toBeTypeOf('function')
  })
})

test('the parser reports head, body and end, and skips the body if the head callback returns true', async () => {
  await withClients(1, ([client]) => {
    expect(eventsOf(client!, 'HTTP/1.1 404 Not Found\r\nA: b\r\nContent-Length: 2\r\n\r\nhi', false)).toEqual([
      { status: 404, version: [1, 1], keepAlive: true, headers: ['A', 'b', 'Content-Length', '2'] },
      'body hi',
      'end',
    ])
    expect(eventsOf(client!, 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n', true)).toEqual([
      { status: 200, version: [1, 0], keepAlive: false, headers: ['Content-Length', '2'] },
      'end',
    ])
    expect(
      eventsOf(
        client!,
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n',
        false,
      ).slice(1),
    ).toEqual(['body a', 'body b', 'end'])
  })
})

test('the parser returns an error for invalid bytes, and can be reinitialized', async () => {
  await withClients(1, ([client]) => {
    expect(client!.parser.execute(Buffer.from('nonsense\r\n'))).toBeInstanceOf(Error)
    client!.parser.reinitialize('RESPONSE')
    expect(eventsOf(client!, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', false)).toHaveLength(2)
  })
})

test('the parser ends a body without a length when the connection ends', async () => {
  await withClients(1, ([client]) => {
    const events = listen(client!, false)
    client!.parser.execute(Buffer.from('HTTP/1.1 200 OK\r\n\r\nall'))
    expect(events).not.toContain('end')
    client!.parser.finish()
    expect(events).toContain('end')
  })
})

function eventsOf(client: Client, bytes: string, skipBody: boolean): unknown[] {
  const events = listen(client, skipBody)
  expect(client.parser.execute(Buffer.from(bytes))).toBe(bytes.length)
  return events
}

function listen(client: Client, skipBody: boolean): unknown[] {
  const events: unknown[] = []
  const { parser } = client
  const { kOnHeadersComplete, kOnBody, kOnMessageComplete } = parser.constructor
  parser[kOnHeadersComplete] = (head: Parameters<typeof describeHead>[0]) => {
    events.push(describeHead(head))
    return skipBody
  }
  parser[kOnBody] = (bytes: Buffer, start: number, length: number) =>
    events.push(`body ${bytes.toString('utf8', start, start + length)}`)
  parser[kOnMessageComplete] = () => events.push('end')
  return events
}

function describeHead(head: {
  statusCode: number
  versionMajor: number
  versionMinor: number
  shouldKeepAlive: boolean
  headers: string[]
}): unknown {
  const { statusCode, versionMajor, versionMinor, shouldKeepAlive, headers } = head
  return { status: statusCode, version: [versionMajor, versionMinor], keepAlive: shouldKeepAlive, headers }
}
