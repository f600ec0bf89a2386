import { isIPv4 } from 'node:net'

/** Which hosts other than this machine may be reached, and which of them may carry full load. */
export interface HostPolicy {
  /** Hosts named in `allowRemote` of the config. */
  readonly allowRemote: readonly string[]
  /** Hosts named in `allowRemote` of the target: load may be put on them, and nothing else opens a connection to them. */
  readonly allowLoadOn?: readonly string[]
  /** Hosts named in `PERF_ALLOW_FULL_LOAD_ON`; left out if the scale is below full. */
  readonly allowFullLoadOn?: readonly string[]
}

/** Why a host may not be reached, and what to do about it. */
export interface HostRefusal {
  /** Completes "…": `staging.example.com is not this machine, and it is not among the hosts allowed`. */
  readonly problem: string
  readonly received: string
  readonly fix: string
}

/** What a host is reached for. */
export interface HostUse {
  /** Hosts that the part's own `allowRemote` names. */
  readonly also?: readonly string[]
  /** Load will be put on it: full load needs the host in `PERF_ALLOW_FULL_LOAD_ON` as well. */
  readonly isLoad?: boolean
  /** Hosts for full load. Default: the policy's. */
  readonly allowFullLoadOn?: readonly string[] | undefined
}

let policy: HostPolicy = { allowRemote: [] }

/** Sets the policy of this process: the config's in the main process, and the same in every worker. */
export function setHostPolicy(next: HostPolicy): void {
  policy = next
}

/**
 * Decides whether a socket may be opened to a host. Every part that opens one asks here first, so that nothing floods,
 * migrates, empties or reads a remote system because of a stray option or variable. Names are not looked up.
 *
 * @param host name or address, without a port
 * @returns `undefined` if it may
 */
export function refusalOf(
  host: string,
  { also = [], isLoad = false, allowFullLoadOn = policy.allowFullLoadOn }: HostUse = {},
): HostRefusal | undefined {
  const name = normalized(host)
  if (isLoopback(host)) return undefined
  if (name === '0.0.0.0' || name === '::')
    return {
      problem: `${host} is every address of this machine, for servers to listen on, and not one to connect to`,
      received: host,
      fix: `use ${name === '::' ? '[::1]' : '127.0.0.1'}`,
    }
  const allowed = [...also, ...policy.allowRemote, ...(isLoad ? (policy.allowLoadOn ?? []) : [])].map(normalized)
  if (!allowed.includes(name) && isBelowLocalhost(name))
    return {
      problem: `${host} is a name to which a resolver may give any address`,
      received: `allowRemote: ${allowed.length === 0 ? 'nothing' : allowed.join(', ')}`,
      fix: `use localhost or 127.0.0.1; if the name leads to this machine, name it: definePerfConfig({ allowRemote: ['${name}'] })`,
    }
  if (!allowed.includes(name))
    return {
      problem: `${host} is not this machine, and it is not among the hosts allowed`,
      received: `allowRemote: ${allowed.length === 0 ? 'nothing' : allowed.join(', ')}`,
      fix: `if it is meant to be reached, name it: definePerfConfig({ allowRemote: ['${name}'] }); if not, change the option or unset the variable that names it`,
    }
  if (!isLoad || allowFullLoadOn === undefined || allowFullLoadOn.map(normalized).includes(name)) return undefined
  return {
    problem: `full load on ${host} must be allowed twice, and is allowed once`,
    received: `PERF_ALLOW_FULL_LOAD_ON: ${allowFullLoadOn.join(', ') || 'not set'}`,
    fix: `if that host is meant for it, set PERF_ALLOW_FULL_LOAD_ON=${name}; if not, run at a smaller scale`,
  }
}

/** Whether `allowRemote` names a host, be it of this machine or not. */
export function isAllowedByName(host: string, also: readonly string[] = []): boolean {
  return [...also, ...policy.allowRemote].map(normalized).includes(normalized(host))
}

/** Reads `PERF_ALLOW_FULL_LOAD_ON`. */
export function hostsForFullLoad(env: NodeJS.ProcessEnv): readonly string[] {
  const hosts = (env['PERF_ALLOW_FULL_LOAD_ON'] ?? '').split(',').map((host) => host.trim())
  return hosts.filter((host) => host !== '')
}

/**
 * Whether a host is this machine: `localhost`, 127.0.0.0/8, `::1`. Names are not looked up: those below `localhost`, and
 * `localhost.` with its final dot, are resolved like any other name by many systems.
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
