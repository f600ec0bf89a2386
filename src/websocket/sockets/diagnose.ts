import { OTHER_PROTOCOL_FIXES, probeProtocol } from '../../machine/protocol-probe.ts'

/** Failures by which a port that speaks something else ends a handshake. */
const UNCLEAR = /^(reset|response is not HTTP|handshake timeout)$/

/**
 * Finds out why every handshake over plain `ws:` failed. A port that speaks TLS resets it, as one does that is broken: it
 * is probed once, after the load.
 *
 * @param kinds of all failures
 * @returns what to do; `undefined` if nothing was found
 */
export async function diagnoseHandshakes(url: string, kinds: Iterable<string>): Promise<string | undefined> {
  const all = [...kinds]
  const { protocol, hostname, port } = new URL(url)
  if (protocol !== 'ws:' || all.length === 0 || !all.every((kind) => UNCLEAR.test(kind))) return undefined
  const other = await probeProtocol({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) })
  return other && OTHER_PROTOCOL_FIXES[other]
}
