import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { streamerId } from '../fixtures/target/identities.ts'
import { startNode, startStack } from '../fixtures/target/test-stack.ts'
import type { FanOutOptions } from '../src/websocket/fan-out/fan-out-options.ts'
import type { PublishCommand } from './ws-bare-server.ts'

/** A fan-out server in one or more processes. */
export interface BenchTarget extends AsyncDisposable {
  readonly url: string
  readonly pids: readonly number[]
  readonly options: Pick<FanOutOptions, 'path' | 'subscribe' | 'isSubscribed' | 'identify'>
  send(publication: PublishCommand): Promise<unknown>
}

/** `processes` bare `ws` servers on one port. */
export async function bareTarget(processes: number, isDeflating = false): Promise<BenchTarget> {
  const servers: ChildProcess[] = []
  let port = 0
  for (let index = 0; index < processes; index++) {
    const file = fileURLToPath(new URL('ws-bare-server.ts', import.meta.url))
    const child = fork(file, [String(port), processes > 1 ? '1' : '0', isDeflating ? '1' : '0'], { execArgv: [] })
    servers.push(child)
    const [address] = (await once(child, 'message')) as [{ port: number }]
    port = address.port
  }
  return {
    url: `http://127.0.0.1:${port}`,
    pids: servers.map(({ pid }) => pid!),
    options: {
      path: '/',
      isSubscribed: (message) => message.toString() === 'welcome',
      identify: (message) => message.json<{ id: string; sequence: number }>(),
    },
    send: ({ id, sequence, sentAtMs }) =>
      Promise.all(
        servers.map((server) => {
          const done = once(server, 'message')
          server.send({ id, sequence, sentAtMs })
          return done
        }),
      ),
    async [Symbol.asyncDispose]() {
      await Promise.all(
        servers.map((server) => {
          const exited = once(server, 'exit')
          server.disconnect()
          return exited
        }),
      )
    },
  }
}

/** The reference target on real Postgres and Redis. */
export async function referenceTarget(): Promise<BenchTarget> {
  const stack = await startStack()
  const node = await startNode(stack)
  const streamer = streamerId(0)
  interface Event {
    readonly type: string
    readonly publicationId: string
    readonly sequence: number
  }
  return {
    url: node.url,
    pids: [node.process.pid!],
    options: {
      path: '/ws',
      subscribe: () => ({ type: 'subscribe', streamerId: streamer }),
      isSubscribed: (message) => message.json<Event>().type === 'SUBSCRIBED',
      identify(message) {
        const { publicationId, sequence } = message.json<Event>()
        return { id: publicationId, sequence }
      },
    },
    async send({ id }) {
      const response = await fetch(`${node.internalUrl}/internal/publish`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ streamerId: streamer, publicationId: id }),
      })
      await response.arrayBuffer()
      if (!response.ok) throw new Error(`publish responded with ${response.status}`)
    },
    async [Symbol.asyncDispose]() {
      await node[Symbol.asyncDispose]()
      await stack[Symbol.asyncDispose]()
    },
  }
}

/** CPU seconds that a process has used (Linux only; NaN on other systems). */
export function cpuSecondsOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return Number.NaN
  }
}
