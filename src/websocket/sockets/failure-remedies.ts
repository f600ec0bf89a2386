import { OTHER_PROTOCOL_FIXES, probeProtocol } from '../../machine/protocol-probe.ts'

/** Failures that the target certainly caused: it accepts no connections, or not at this rate. */
const REFUSALS = /^(refused|reset|status (429|5\d\d)( \(.*\))?)$/

/**
 * As {@link REFUSALS}, of a target that accepts the handshake first: it goes away, lost the connection, or has an error, a
 * restart, too many clients or a bad gateway behind it.
 */
const CLOSED_AT_ONCE = /^closed with code 10(01|06|11|12|13|14)\b(?!.*a ping got no response).*, before it was ready$/s

/** Whether a failure of this kind is a refusal by the target. */
export function isRefusal(kind: string): boolean {
  return REFUSALS.test(kind) || CLOSED_AT_ONCE.test(kind)
}

/** Whether a failure of this kind is the target's decision: no delay or limit of this machine can cause it. */
export function isRejection(kind: string): boolean {
  return isRefusal(kind) || /^status \d|^subprotocol |, before it was ready$/.test(kind)
}

/** Causes by kind of failure, with the fix for each. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /^status 429/,
    'the target limits the rate of connections: raise its limit, lower connectRate to the rate of real clients, or connect from several sourceAddresses',
  ],
  [
    REFUSALS,
    'the target refused its clients: check that it runs and listens at this address, and how many connections it accepts',
  ],
  [
    CLOSED_AT_ONCE,
    'the target closed the connections that it had accepted: see its log, and how many clients it can serve',
  ],
  [
    /^TLS \(EPROTO\)/,
    'the target does not speak TLS at this port, or no version or cipher of this client: use ws:// or http:// in the URL if it should not',
  ],
  [
    /^TLS \(ERR_TLS_CERT_ALTNAME_INVALID\)/,
    'the certificate is for another name: use a name of the certificate in the URL, or set tls.servername',
  ],
  [/^TLS/, 'the certificate is not trusted: give its authority as tls.ca, or set tls.rejectUnauthorized to false'],
  [
    /^status (401|403)|code (1008|3000|3003|4001|4003|4401|4403)\b|unauthori[sz]ed|forbidden/i,
    'the target did not authorize the clients: check the credentials in headers, cookies, query or subprotocols, and give each VU its own token if a token can be used only once',
  ],
  [
    /^status 3\d\d/,
    'the target redirects the handshake, and redirects are not followed: check baseUrl and path, and whether clients have to log in',
  ],
  [
    /^status 2\d\d/,
    'the target responded as to a plain HTTP request: check that path is that of a WebSocket, and that proxies forward the header Upgrade',
  ],
  [
    /^response is no(t HTTP|\b.* handshake)/,
    'the server at this address does not open WebSockets by RFC 6455: check port and path, and whether it requires TLS (wss:)',
  ],
  [
    /^(MQTT|STOMP|Socket\.IO|SignalR|Phoenix|GraphQL|graphql-transport-ws)\b|, before it was ready$/,
    'the target refused the client by its protocol: check the options of framing, and the message of the target',
  ],
  [
    /^subprotocol/,
    'the target chose none of the offered subprotocols: check subprotocols and framing, and which ones the target supports',
  ],
  [
    /^extension not agreed/,
    'the target chose a WebSocket extension that was not offered, or with invalid parameters: set perMessageDeflate: true if it requires compression',
  ],
  [
    / did not resolve within /,
    'functions of the handshake returned promises that did not settle: find what they wait for, or raise handshakeTimeout',
  ],
  [/^status 404/, 'the target has no WebSocket at this path: check path'],
  [/^status 4\d\d/, 'the target refused the handshake: check path, query, headers and subprotocols'],
  [
    /^not acknowledged: .*undefined$/,
    "return whether the message acknowledges: (message) => message.json().type === 'ready'",
  ],
  [
    /^not acknowledged/,
    'isSubscribed (isReady of ws.run()) accepted no message as the acknowledgement: check it, and the messages of the target',
  ],
]

/** The fix for failed handshakes; `undefined` if their kinds do not show the cause. */
export function fixFor(kinds: readonly string[]): string | undefined {
  return REMEDIES.find(([pattern]) => kinds.some((kind) => pattern.test(kind)))?.[1]
}

/** Failures that a port with another protocol causes. */
const UNCLEAR = /^(reset|response is not HTTP|handshake timeout)$/

/**
 * The fix if every handshake over plain `ws:` failed because the port has another protocol. A port with TLS resets such a
 * handshake, as a broken one does: it is probed once, after the load.
 *
 * @param kinds kinds of all failures
 * @returns the fix; `undefined` if the probe found nothing
 */
export async function diagnoseHandshakes(url: string, kinds: Iterable<string>): Promise<string | undefined> {
  const all = [...kinds]
  const { protocol, hostname, port } = new URL(url)
  if (protocol !== 'ws:' || all.length === 0 || !all.every((kind) => UNCLEAR.test(kind))) return undefined
  const other = await probeProtocol({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) })
  return other && OTHER_PROTOCOL_FIXES[other]
}
