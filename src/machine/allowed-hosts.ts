import { isIPv4 } from 'node:net'

/** Hosts other than this machine that may be reached, and those of them on which full load is allowed. */
export interface HostPolicy {
  /** Hosts in `allowRemote` of the config. */
  readonly allowRemote: readonly string[]
  /** Hosts in `allowRemote` of the target: load on them is allowed, and no other connection. */
  readonly allowLoadOn?: readonly string[]
  /** Hosts in `PERF_ALLOW_FULL_LOAD_ON`; absent if the scale is below full. */
  readonly allowFullLoadOn?: readonly string[]
}

/** Why a host may not be reached, and the fix. */
export interface HostRefusal {
  /** For example `staging.example.com is not this machine, and it is not among the hosts allowed`. */
  readonly problem: string
  readonly received: string
  readonly fix: string
}

/** Purpose of a connection to a host. */
export interface HostUse {
  /** Hosts in `allowRemote` of the service or feature that connects. */
  readonly also?: readonly string[]
  /** Whether load is applied. Full load also requires the host in `PERF_ALLOW_FULL_LOAD_ON`. */
  readonly isLoad?: boolean
  /** Hosts on which full load is allowed. @default those of the policy */
  readonly allowFullLoadOn?: readonly string[] | undefined
}

let policy: HostPolicy = { allowRemote: [] }

/** Sets the policy of this process: the config's in the main process, and the same in every worker. */
export function setHostPolicy(next: HostPolicy): void {
  policy = next
}

/**
 * Checks whether a socket may be opened to a host. All code that opens one calls this first, so that no wrong option or
 * variable floods, migrates, empties or reads a remote system. Names are not resolved.
 *
 * @param host name or address, without a port
 * @returns `undefined` if the host may be reached
 */
export function refusalOf(
  host: string,
  { also = [], isLoad = false, allowFullLoadOn = policy.allowFullLoadOn }: HostUse = {},
): HostRefusal | undefined {
  const name = normalized(host)
  if (isLoopback(host)) return undefined
  if (name === '0.0.0.0' || name === '::')
    return {
      problem: `${host} means all addresses of this machine: servers listen on it, but it is not an address to connect to`,
      received: host,
      fix: `use ${name === '::' ? '[::1]' : '127.0.0.1'}`,
    }
  const allowed = [...also, ...policy.allowRemote, ...(isLoad ? (policy.allowLoadOn ?? []) : [])].map(normalized)
  if (!allowed.includes(name) && isBelowLocalhost(name))
    return {
      problem: `${host} is a name that a resolver may map to any address`,
      received: `allowRemote: ${allowed.length === 0 ? 'nothing' : allowed.join(', ')}`,
      fix: `use localhost or 127.0.0.1; if the name resolves to this machine, allow it: definePerfConfig({ allowRemote: ['${name}'] })`,
    }
  if (!allowed.includes(name))
    return {
      problem: `${host} is not this machine, and it is not among the hosts allowed`,
      received: `allowRemote: ${allowed.length === 0 ? 'nothing' : allowed.join(', ')}`,
      fix: `to allow it, add definePerfConfig({ allowRemote: ['${name}'] }); otherwise change the option or unset the variable that contains it`,
    }
  if (!isLoad || allowFullLoadOn === undefined || allowFullLoadOn.map(normalized).includes(name)) return undefined
  return {
    problem: `full load on ${host} must be allowed twice, but is allowed only once`,
    received: `PERF_ALLOW_FULL_LOAD_ON: ${allowFullLoadOn.join(', ') || 'not set'}`,
    fix: `to allow it, set PERF_ALLOW_FULL_LOAD_ON=${name}; otherwise run at a smaller scale`,
  }
}

/** Whether `allowRemote` contains a host, even if it is this machine. */
export function isAllowedByName(host: string, also: readonly string[] = []): boolean {
  return [...also, ...policy.allowRemote].map(normalized).includes(normalized(host))
}

/** Reads `PERF_ALLOW_FULL_LOAD_ON`. */
export function hostsForFullLoad(env: NodeJS.ProcessEnv): readonly string[] {
  const hosts = (env['PERF_ALLOW_FULL_LOAD_ON'] ?? '').split(',').map((host) => host.trim())
  return hosts.filter((host) => host !== '')
}

/**
 * Whether a host is this machine: `localhost`, 127.0.0.0/8, `::1`. Names are not resolved: many systems resolve subdomains of
 * `localhost`, and `localhost.` with a final dot, like any other name.
 */
export function isLoopback(host: string): boolean {
  const name = withoutBrackets(host)
  if (name === 'localhost' || name === '::1') return true
  // An IPv4 address in IPv6 form, as `new URL()` writes it.
  if (/^::ffff:7f[\da-f]{2}:[\da-f]{1,4}$/.test(name)) return true
  return isIPv4(name) && name.startsWith('127.')
}

function isBelowLocalhost(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost')
}

/** Lower case, without the brackets of an IPv6 address and the final dot of a full name. */
function normalized(host: string): string {
  return withoutBrackets(host).replace(/\.$/, '')
}

function withoutBrackets(host: string): string {
  return host.toLowerCase().replace(/^\[|\]$/g, '')
}
