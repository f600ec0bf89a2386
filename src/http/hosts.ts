import { ScenarioError } from '../execution/scenario-error.ts'
import { parseBaseUrl } from '../machine/base-url.ts'
import { runLocation, type TargetLocation } from '../machine/target-location.ts'
import { checkLoadHost } from '../options/base-url.ts'
import { isRecord, reading } from '../options/schema.ts'
import { endpointOf, type Endpoint, type Route } from './endpoint.ts'
import { KeepAlive } from './keep-alive.ts'
import { RequestEncoder, type HeaderFields } from './request-encoder.ts'

/** Address of a host of the option `hosts`. */
export interface HostLocation {
  readonly name: string
  readonly endpoint: Endpoint
  /** Address for a VU. */
  readonly routeOf: (vu: number) => Route
}

/** A host of the option `hosts`, to which VUs open connections when they need them. */
export interface Host extends HostLocation {
  readonly encoder: RequestEncoder
  readonly keepAlive: KeepAlive
}

/** Hosts of a run by name. */
export type Hosts = ReadonlyMap<string, Host>

/** Headers of a run that are meant for its target only. */
const TARGET_ONLY = new Set(['authorization', 'proxy-authorization', 'cookie', 'host'])

const EXAMPLE = `hosts: { identity: 'https://login.example.com' }`
const RULE = 'must be an http or https URL without query and fragment'

/** Reader of the option `hosts`, which returns it unchanged. Each host must be allowed by `allowRemote`. */
export const HOSTS = reading<Readonly<Record<string, string>>>((problems, path, value) => {
  if (!isRecord(value)) problems.add(path, value, 'must be an object of names and URLs', EXAMPLE)
  else
    for (const [name, url] of Object.entries(value)) {
      const base = typeof url === 'string' ? parseBaseUrl(url) : undefined
      const isValid =
        base !== undefined && /^https?:$/.test(base.url.protocol) && base.url.search + base.url.hash === ''
      if (!/^[\w-]+$/.test(name)) problems.add(path, name, 'must have names of letters, digits, - and _', EXAMPLE)
      // Credentials are not shown.
      else if (!isValid)
        problems.add(`${path}.${name}`, base?.bare ?? (typeof url === 'string' ? 'a text' : url), RULE, EXAMPLE)
      else if (base.socketPath === undefined) checkLoadHost(problems, `${path}.${name}`, base.url.hostname)
    }
  return value as Readonly<Record<string, string>>
})

/** Endpoints of hosts by name. One with the origin of the target has its credentials and TLS. */
export function hostEndpoints(
  hosts: Readonly<Record<string, string>>,
  target: TargetLocation,
): readonly (readonly [string, Endpoint])[] {
  return Object.entries(hosts).map(([name, baseUrl]) => {
    const { bases, tls } = runLocation({ baseUrl }, target)!
    return [name, endpointOf(bases[0]!, tls, undefined)] as const
  })
}

/**
 * @param headers of all requests of the run; those meant for its target are left out
 * @param isForOneRequest whether each request needs a new connection
 */
export function hostsOf(locations: readonly HostLocation[], headers: HeaderFields, isForOneRequest = false): Hosts {
  const common = withoutTargetOnly(headers)
  return new Map(
    locations.map((location) => {
      const { host, isSecure, pathPrefix, headers: own } = location.endpoint
      const encoder = new RequestEncoder({
        host,
        isSecure,
        pathPrefix,
        headers: { ...own, ...common },
        isForOneRequest,
      })
      return [location.name, { ...location, encoder, keepAlive: new KeepAlive() }]
    }),
  )
}

/** Headers of a request that may be sent to another origin than that for which the scenario set them. */
export function withoutTargetOnly(headers: HeaderFields): HeaderFields {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !TARGET_ONLY.has(name.toLowerCase())))
}

/** @throws {ScenarioError} for a name that the run does not have */
export function hostNamed(hosts: Hosts, name: string): Host {
  const host = hosts.get(name)
  if (host !== undefined) return host
  const known = hosts.size === 0 ? 'the run has no hosts' : `the run has ${[...hosts.keys()].join(', ')}`
  throw new ScenarioError(
    `request.host: ${JSON.stringify(name)} is not a host of the run: ${known}\nFix: add it, for example ${EXAMPLE}`,
  )
}
