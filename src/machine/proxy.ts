import { isIP } from 'node:net'
import { isLoopback } from './allowed-hosts.ts'

/** Default ports of the schemes for which there are proxy variables. */
const PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }

/**
 * The environment variable that names a proxy for a URL, as curl and Node.js read them: `HTTPS_PROXY` or `HTTP_PROXY` by the
 * scheme, else `ALL_PROXY`, in upper or lower case, unless the host is in `NO_PROXY`. Never for this machine.
 *
 * @param url of HTTP or WebSocket
 * @returns `undefined` if no proxy applies
 */
export function proxyVariableFor(url: URL, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const protocol = url.protocol.replace(/^ws/, 'http')
  if (isLoopback(url.hostname) || isExcepted(url.hostname, url.port || PORTS[protocol]!, noProxy(env))) return undefined
  const name = protocol === 'https:' ? 'https_proxy' : 'http_proxy'
  return [name, name.toUpperCase(), 'all_proxy', 'ALL_PROXY'].find((variable) => isSet(env[variable]))
}

function noProxy(env: NodeJS.ProcessEnv): readonly string[] {
  const text = [env['no_proxy'], env['NO_PROXY']].find(isSet) ?? ''
  return text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
}

function isSet(text: string | undefined): boolean {
  return text !== undefined && text.trim() !== ''
}

/** Whether an entry is `*`, the host, a domain above it (`example.com`, `.example.com`, `*.example.com`), or its network. */
function isExcepted(hostname: string, port: string, entries: readonly string[]): boolean {
  const host = hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
  return entries.some((entry) => {
    if (entry === '*') return true
    const { 1: name = '', 2: ownPort } = /^(\[[^\]]*\]|[^:]*|[^:]*:[^:]*:.*?)(?::(\d+))?$/.exec(entry) ?? []
    if (ownPort !== undefined && ownPort !== port) return false
    const domain = name.replace(/^\[|\]$/g, '').replace(/^\*?\./, '')
    if (isIP(host) > 0) return host === domain || isInNetwork(host, domain)
    return domain !== '' && (host === domain || host.endsWith(`.${domain}`))
  })
}

/** Whether an IPv4 address is in a network such as `10.0.0.0/8`. */
function isInNetwork(host: string, network: string): boolean {
  const { 1: base, 2: bits } = /^([\d.]+)\/(\d{1,2})$/.exec(network) ?? []
  if (base === undefined || isIP(host) !== 4 || isIP(base) !== 4 || Number(bits) > 32) return false
  const size = 2 ** (32 - Number(bits))
  return Math.floor(numberOf(host) / size) === Math.floor(numberOf(base) / size)
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}
