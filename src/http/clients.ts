import autocannon, { type Client } from 'autocannon'

/** An autocannon client whose connecting and sending are ours. */
export type LoadClient = Client

/** What takes the place of a client's own connecting and closing. */
export interface ClientParts {
  /** Called once, when the client is built. */
  ready(client: LoadClient): void
  close(): void
}

export interface OpenClients {
  /** Ends every client and waits until autocannon's run is over. */
  close(): Promise<void>
}

/** The longest a timer of Node can wait, in seconds: our own schedule ends the run. */
const FOREVER_S = 2_147_483

/**
 * Opens autocannon with `count` clients and puts our own parts in place of what its clients would do by themselves:
 * they connect when told, send when told, and have no time-out clock of their own. Its rate limiter, its statistics and
 * its reconnecting loop are thereby never in use.
 */
export function openClients(url: string, count: number, partsFor: (index: number) => ClientParts): OpenClients {
  const clients: LoadClient[] = []
  const run = autocannon({
    url,
    connections: count,
    duration: FOREVER_S,
    timeout: FOREVER_S,
    sampleInt: 50,
    skipAggregateResult: true,
    setupClient(client) {
      const parts = partsFor(clients.length)
      clients.push(client)
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
  return {
    async close() {
      for (const client of clients) client.destroy()
      await run
    },
  }
}

/** Seven of the nine kilobytes of a client are for sending by itself. */
function forgetRequests(client: LoadClient): void {
  client.requestIterator = undefined
  client.opts = undefined
  client.pipelinedRequests = undefined
}
