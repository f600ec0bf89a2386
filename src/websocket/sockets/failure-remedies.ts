/** Failures that are certainly the target's: it takes no connection, or not at this rate. */
const REFUSALS = /^(refused|reset|status (429|5\d\d)( \(.*\))?)$/

/** Whether a handshake that failed so was refused by the target. */
export function isRefusal(kind: string): boolean {
  return REFUSALS.test(kind)
}

/** Causes that the kind of a failure names, and what to do about each. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /^status 429/,
    'the target limits the rate of connections: raise its limit, lower connectRate to what its clients do, or connect from several sourceAddresses',
  ],
  [
    REFUSALS,
    'the target refused its clients: see that it runs and listens at this address, and how many connections it accepts',
  ],
  [
    /^TLS \(EPROTO\)/,
    'the target does not speak TLS at this port, or not with this client: use ws:// or http:// in its URL if it should not',
  ],
  [
    /^TLS \(ERR_TLS_CERT_ALTNAME_INVALID\)/,
    'the certificate is of another name: connect by a name that it has, or set tls.servername',
  ],
  [/^TLS/, 'the certificate was not accepted: give its authority as tls.ca, or set tls.rejectUnauthorized to false'],
  [
    /^status (401|403)|code (1008|3000|3003|4001|4003|4401|4403)\b|unauthori[sz]ed|forbidden/i,
    'the target refused the clients: see that headers, cookies, query or subprotocols carry what it authorises by, a token of its own for each VU if tokens can be used once',
  ],
  [
    /^status 3\d\d/,
    'the target redirects the handshake, which is not followed: see baseUrl and path, and whether it wants the clients logged in',
  ],
  [
    /^status 2\d\d/,
    'the target responded as to a plain request: see that there is a WebSocket at this path, and that proxies pass Upgrade on',
  ],
  [
    /^response is no(t HTTP|\b.* handshake)/,
    'what listens there does not open WebSockets as RFC 6455 has it: see the port and path, and whether it speaks TLS (wss:)',
  ],
  [
    /^(MQTT|STOMP|Socket\.IO|SignalR|Phoenix|GraphQL|graphql-transport-ws)\b|, before it was ready$/,
    'the target refused the client by its protocol: see the options of framing, and what the message of the target says',
  ],
  [
    /^subprotocol/,
    'the target chose no subprotocol that was offered: see subprotocols and framing, and what it speaks',
  ],
  [/^status 404/, 'there is no WebSocket at this path: see path'],
  [/^status 4\d\d/, 'the target refused the handshake: see path, query, headers and subprotocols'],
  [/^not acknowledged/, 'no message was taken for the acknowledgement: see isSubscribed, and what the target sends'],
]

/** What to do about handshakes that failed so; `undefined` if the kinds do not show it. */
export function remedyFor(kinds: readonly string[]): string | undefined {
  return REMEDIES.find(([pattern]) => kinds.some((kind) => pattern.test(kind)))?.[1]
}
