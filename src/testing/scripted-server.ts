import net, { type AddressInfo, type Socket } from 'node:net'
import { createHttp, type Http, type HttpContext } from '../http/http.ts'
import type { HttpRunResult } from '../results/result.ts'

/** A server whose test decides which bytes it sends, and when. */
export interface ScriptedServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Connections accepted so far. */
  readonly accepted: number
  readonly open: number
  /** Heads of the requests received so far, in order. */
  readonly requests: readonly string[]
}

interface Script {
  /** Called with the head of every request. Requests must not have a body. */
  onRequest(socket: Socket, head: string, number: number): void
  onConnection?(socket: Socket, number: number): void
}

export async function scriptedServer(
  script: Script,
  listen: { path?: string; port?: number } = {},
): Promise<ScriptedServer> {
  const sockets = new Set<Socket>()
  const requests: string[] = []
  let accepted = 0
  const server = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    accepted++
    script.onConnection?.(socket, accepted - 1)
    let pending = ''
    socket.on('data', (bytes) => {
      pending += bytes.toString('latin1')
      for (let end = pending.indexOf('\r\n\r\n'); end >= 0; end = pending.indexOf('\r\n\r\n')) {
        const head = pending.slice(0, end)
        pending = pending.slice(end + 4)
        requests.push(head)
        script.onRequest(socket, head, requests.length - 1)
      }
    })
  })
  await new Promise<void>((resolve) =>
    listen.path === undefined
      ? server.listen(listen.port ?? 0, '127.0.0.1', resolve)
      : server.listen(listen.path, resolve),
  )
  const port = listen.path === undefined ? (server.address() as AddressInfo).port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    get accepted() {
      return accepted
    },
    get open() {
      return sockets.size
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Text of a response with `Content-Length`. */
export function response(body = 'ok', { status = '200 OK', headers = '' } = {}): string {
  return `HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`
}

/** An engine for a server, at full scale, with the results and warnings that it reports. */
export function engineFor(
  baseUrl: string,
  context: Partial<HttpContext> = {},
): { http: Http; results: HttpRunResult[]; warnings: string[] } {
  const results: HttpRunResult[] = []
  const warnings: string[] = []
  const http = createHttp({
    baseUrl,
    signal: new AbortController().signal,
    scale: { name: 'full', users: 1, time: 1 },
    seed: 1,
    onRun: (result) => results.push(result),
    onWarning: (warning) => warnings.push(warning),
    ...context,
  })
  return { http, results, warnings }
}
