import { randomBytes, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ControlAddress, Disruption } from '../control/disruption.ts'
import type { NotedExit } from '../machine/noted-exit.ts'
import { asError } from './failure.ts'

/** HTTP server for requests of the workers. Disposing closes its connections, which cuts disruptions short. */
export interface ControlServer extends AsyncDisposable {
  readonly address: ControlAddress
}

const MAX_BODY_BYTES = 10_000

/** Operations that the main process performs for its workers. */
export interface Controlled {
  /** Resolves with a description, once the disruption is over and undone. */
  disrupt(disruption: Disruption, signal: AbortSignal): Promise<string>
  /** Resets all services, or the one with that name, to the state after the start. */
  reset(service?: string): Promise<void>
  /** Current process ids of the target. */
  targetPids(): readonly number[]
  /** Unexpected exits of the target so far. */
  targetExits(): readonly NotedExit[]
}

/**
 * Starts the server through which workers of this run disrupt and reset what the main process owns: on loopback, protected
 * by a random token. `POST /disruptions` responds once the disruption is over and undone; a worker that disconnects cuts it
 * short. `POST /resets` responds once services are back in the state after the start, `GET /target` with the target's
 * process ids and unexpected exits.
 */
export async function startControlServer(controlled: Controlled): Promise<ControlServer> {
  const token = randomBytes(24).toString('base64url')
  const server = createServer((request, response) => void handle(request, response, token, controlled))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    address: { url: `http://127.0.0.1:${port}`, token },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  token: string,
  controlled: Controlled,
): Promise<void> {
  const reply = (status: number, body: object) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  if (!isToken(request.headers.authorization, token)) return reply(401, { error: 'wrong token' })
  const gone = new AbortController()
  response.once('close', () => gone.abort(new Error('the scenario has finished')))
  try {
    switch (`${request.method} ${request.url}`) {
      case 'GET /target':
        return reply(200, { pids: controlled.targetPids(), exits: controlled.targetExits() })
      case 'POST /resets':
        await controlled.reset((JSON.parse(await bodyOf(request)) as { service?: string }).service)
        return reply(200, {})
      case 'POST /disruptions':
        return reply(200, { label: await controlled.disrupt(JSON.parse(await bodyOf(request)), gone.signal) })
      default:
        return reply(404, { error: 'GET /target, POST /disruptions or /resets' })
    }
  } catch (error) {
    reply(500, { error: asError(error).message })
  }
}

function isToken(given: string | undefined, token: string): boolean {
  const [one, other] = [Buffer.from(given ?? ''), Buffer.from(`Bearer ${token}`)]
  return one.length === other.length && timingSafeEqual(one, other)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) throw new Error(`the request body has more than ${MAX_BODY_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
