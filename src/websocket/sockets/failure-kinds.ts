/**
 * The kind of a failed handshake: a short text, so that thousands of failures make a short list.
 *
 * @param retryAfter the header `Retry-After` of the response
 */
export function failureKind(error: Error & { code?: string; syscall?: string }, retryAfter?: string): string {
  const { code = '', message, syscall } = error
  const status = /^Unexpected server response: (\d+)/.exec(message)
  if (status) return `status ${status[1]}${describeRetry(retryAfter)}`
  // An error of connect() would mean that all ports are in use.
  if (code === 'EADDRNOTAVAIL' && syscall === 'bind') return 'source address that this machine does not have'
  if (code in BY_CODE) return BY_CODE[code]!
  if (code.startsWith('HPE_')) return 'response is not HTTP'
  if (/Sec-WebSocket-Extensions|extension that was not requested/.test(message)) return 'extension not agreed'
  if (/Invalid (Upgrade|Sec-WebSocket)/.test(message)) return 'response is no WebSocket handshake'
  const notOffered = /subprotocol but none was requested(?:: (.*))?$/.exec(message)
  if (notOffered) return `subprotocol ${notOffered[1] ?? 'chosen'}, which was not offered`
  if (/subprotocol/.test(message)) return 'subprotocol not agreed'
  if (/CERT|UNABLE_TO|ERR_TLS|ERR_SSL|EPROTO/.test(code)) return `TLS (${code})`
  return code === '' ? message : code
}

/** `Retry-After` in seconds, rounded up so that a countdown gives few kinds. */
function describeRetry(retryAfter: string | undefined): string {
  if (retryAfter === undefined || !/^\d+$/.test(retryAfter)) return ''
  const most = RETRY_STEPS_SEC.find((sec) => Number(retryAfter) <= sec)
  return most === undefined ? ' (Retry-After more than 1 h)' : ` (Retry-After up to ${most} s)`
}

const RETRY_STEPS_SEC = [1, 5, 10, 30, 60, 300, 3600]

const BY_CODE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'connect timeout',
  HANDSHAKE_TIMEOUT: 'handshake timeout',
  ENOTFOUND: 'host not found',
  EAI_AGAIN: 'host not found',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  EMFILE: "out of the generator's descriptors",
  ENFILE: "out of the machine's descriptors",
  EADDRNOTAVAIL: 'out of source ports',
}

/** Describes why an open socket was closed: the code and reason of the close frame, which may hold secrets, or the error. */
export function closingOf(code: number, reason: string, error: (Error & { code?: string }) | undefined): string {
  const broken = error === undefined ? undefined : /^WS_ERR_(\w+)/.exec(error.code ?? '')
  if (broken)
    return `closed by this client with code ${nameOf(OWN_CODES[broken[1]!] ?? 1002)}, as the target broke the protocol: ${error!.message.replace(/^Invalid WebSocket frame: /, '')}`
  const because = error === undefined ? reason : error.message
  return `closed with code ${nameOf(code)}${because === '' ? '' : `: ${because}`}`
}

function nameOf(code: number): string {
  const name = CLOSE_CODES[code]
  return name === undefined ? String(code) : `${code} (${name})`
}

/** Close codes other than 1002 that `ws` sends for a protocol error of the target. */
const OWN_CODES: Readonly<Record<string, number>> = {
  INVALID_UTF8: 1007,
  UNSUPPORTED_MESSAGE_LENGTH: 1009,
  UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
}

/** RFC 6455, section 7.4.1. */
const CLOSE_CODES: Readonly<Record<number, string>> = {
  1000: 'normal',
  1001: 'going away',
  1002: 'protocol error',
  1003: 'unsupported data',
  1005: 'no code given',
  1006: 'connection lost without a closing handshake',
  1007: 'invalid data',
  1008: 'policy violation',
  1009: 'message too big',
  1011: 'server error',
  1012: 'service restart',
  1013: 'try again later',
}
