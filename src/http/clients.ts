import Client from 'autocannon/lib/httpClient.js'

/** An autocannon client that this engine connects and that sends nothing by itself. */
export type LoadClient = Client

/** Replacements for a client's own connecting and closing. */
export interface ClientParts {
  /** Called once, when the client is created. */
  ready(client: LoadClient): void
  close(): void
}

export interface OpenClients {
  /** Creates another client. */
  add(parts: ClientParts): void
  /** Closes every client. */
  close(): void
}

/** Longest delay of a Node timer, in seconds: the run's own schedule ends the run. */
const FOREVER_S = 2_147_483

/**
 * Creates `count` autocannon clients and replaces what they would do by themselves: they connect and send only on request,
 * and have no time-out clock. autocannon's rate limiter, statistics and reconnecting are never used, and not loaded
 * either: with them, the import takes 75 ms.
 */
export function openClients(count: number, partsFor: (index: number) => ClientParts): OpenClients {
  const clients = Array.from({ length: count }, (_, index) => openClient(partsFor(index)))
  return {
    add: (parts) => void clients.push(openClient(parts)),
    close() {
      for (const client of clients) client.destroy()
    },
  }
}

function openClient(parts: ClientParts): LoadClient {
  return new Client({
    timeout: FOREVER_S,
    setupClient(client) {
      client._doRequest = () => {}
      client._destroyConnection = () => parts.close()
      client._connect = () => {
        client._connect = () => {}
        client.timeoutTicker.clear()
        freeRequests(client)
        parts.ready(client)
      }
    },
  })
}

/** Seven of a client's nine kilobytes hold the requests that it would send by itself. */
function freeRequests(client: LoadClient): void {
  client.requestIterator = undefined
  client.opts = undefined
  client.pipelinedRequests = undefined
}
