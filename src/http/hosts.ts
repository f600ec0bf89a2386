import { ScenarioError } from '../execution/scenario-error.ts'
import { parseBaseUrl } from '../machine/base-url.ts'
import { runLocation, type TargetLocation } from '../machine/target-location.ts'
import type { TlsOptions } from '../machine/tls.ts'
import { checkLoadHost } from '../options/base-url.ts'
import type { Problems } from '../options/problems.ts'
import { isRecord, reading } from '../options/schema.ts'
import { isSecretName } from '../options/secret-names.ts'
import { TLS } from '../options/tls-options.ts'
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

/** Headers that are meant for one origin only, as well as all with the name of a secret, such as `x-api-key`. */
const TARGET_ONLY = new Set(['authorization', 'proxy-authorization', 'cookie', 'host'])

const EXAMPLE = `hosts: { identity: 'https://login.example.com' }`
const PARTS_EXAMPLE = `hosts: { identity: { baseUrl: 'https://login.example.com', tls: { ca: readFileSync('ca.pem') } } }`
const RULE = 'must be an http or https URL without query and fragment'

/** A host of the option `hosts`: its base URL, alone or with TLS options. */
export type HostOption =
  | string
  | {
      /** Base URL, without query and fragment. */
      readonly baseUrl: string
      /**
       * TLS options of connections to this host. The run's are for its target: a client certificate is sent to a host
       * only if it is given for it.
       *
       * @default those of `target()` for a URL with its origin, else none
       */
      readonly tls?: TlsOptions
    }

/** Base URL of a host. */
export function baseUrlOf(host: HostOption): string {
  return isRecord(host) ? host.baseUrl : host
}

/** Reader of the option `hosts`, which returns it unchanged. Each host must be allowed by `allowRemote`. */
export const HOSTS = reading<Readonly<Record<string, HostOption>>>((problems, path, value) => {
  if (!isRecord(value)) problems.add(path, value, 'must be an object of names and URLs', EXAMPLE)
  else
    for (const [name, host] of Object.entries(value)) {
      const url = isRecord(host) ? host['baseUrl'] : host
      const base = typeof url === 'string' ? parseBaseUrl(url) : undefined
      const isValid =
        base !== undefined && /^https?:$/.test(base.url.protocol) && base.url.search + base.url.hash === ''
      if (!/^[\w-]+$/.test(name)) problems.add(path, name, 'must have names of letters, digits, - and _', EXAMPLE)
      // Credentials are not shown.
      else if (!isValid)
        problems.add(`${path}.${name}`, base?.bare ?? (typeof url === 'string' ? 'a text' : url), RULE, EXAMPLE)
      else if (base.socketPath === undefined) checkLoadHost(problems, `${path}.${name}`, base.url.hostname)
      if (isRecord(host)) readParts(problems, `${path}.${name}`, host)
    }
  return value as Readonly<Record<string, HostOption>>
})

function readParts(problems: Problems, path: string, host: Readonly<Record<string, unknown>>): void {
  if (host['tls'] !== undefined) TLS.read(problems, `${path}.tls`, host['tls'])
  for (const name of Object.keys(host))
    if (name !== 'baseUrl' && name !== 'tls')
      problems.add(`${path}.${name}`, host[name], 'is not an option: a host has baseUrl and tls', PARTS_EXAMPLE)
}

/** Endpoints of hosts by name. One with the origin of the target has its credentials and, unless it has its own, its TLS. */
export function hostEndpoints(
  hosts: Readonly<Record<string, HostOption>>,
  target: TargetLocation,
): readonly (readonly [string, Endpoint])[] {
  return Object.entries(hosts).map(([name, host]) => {
    const own = typeof host === 'string' ? { baseUrl: host } : host
    const { bases, tls } = runLocation(own, target)!
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
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isForTargetOnly(name)))
}

function isForTargetOnly(name: string): boolean {
  return TARGET_ONLY.has(name.toLowerCase()) || isSecretName(name)
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
