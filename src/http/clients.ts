import Client from 'autocannon/lib/httpClient.js'

/** An autocannon client whose connecting and sending are ours. */
export type LoadClient = Client

/** What takes the place of a client's own connecting and closing. */
export interface ClientParts {
  /** Called once, when the client is built. */
  ready(client: LoadClient): void
  close(): void
}

export interface OpenClients {
  /** Ends every client. */
  close(): void
}

/** The longest a timer of Node can wait, in seconds: our own schedule ends the run. */
const FOREVER_S = 2_147_483

/**
 * Builds `count` of autocannon's clients and puts our own parts in place of what they would do by themselves: they connect
 * when told, send when told, and have no time-out clock of their own. Its rate limiter, its statistics and its
 * reconnecting loop are thereby never in use, and not loaded either: with them, importing it takes 75 ms.
 */
export function openClients(count: number, partsFor: (index: number) => ClientParts): OpenClients {
  const clients = Array.from({ length: count }, (_, index) => openClient(partsFor(index)))
  return {
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
        forgetRequests(client)
        parts.ready(client)
      }
    },
  })
}

/** Seven of the nine kilobytes of a client are for sending by itself. */
function forgetRequests(client: LoadClient): void {
  client.requestIterator = undefined
  client.opts = undefined
  client.pipelinedRequests = undefined
}
