import { originOf, parseBaseUrl, type BaseUrl } from './base-url.ts'
import type { TlsOptions } from './tls.ts'

/** Location of the target. */
export interface TargetLocation {
  /** Base URL of every instance, with credentials. */
  readonly urls: readonly string[]
  readonly tls?: TlsOptions | undefined
}

/** Location in the options of a run. */
export interface OwnTarget {
  readonly baseUrl?: string | undefined
  readonly tls?: TlsOptions | undefined
}

/** Location to which a run sends requests. */
export interface RunLocation {
  readonly bases: readonly BaseUrl[]
  readonly tls: TlsOptions
}

export const NO_TARGET = 'this run has no target'
export const NO_TARGET_FIX = `add target({ command }) or target({ url }) to definePerfConfig(), set PERF_TARGET_URL, or give the run a baseUrl`

/**
 * Location to which a run sends requests: every instance of the target, or the `baseUrl` of its options. A `baseUrl` with the
 * origin of the target uses the target's credentials and TLS, unless the options contain others. Nothing else decides this.
 *
 * @returns `undefined` without a target and a base URL
 */
export function runLocation({ baseUrl, tls }: OwnTarget, target: TargetLocation): RunLocation | undefined {
  const instances = target.urls.flatMap((url) => parseBaseUrl(url) ?? [])
  if (baseUrl === undefined)
    return instances.length === 0 ? undefined : { bases: instances, tls: tls ?? target.tls ?? {} }
  const own = parseBaseUrl(baseUrl)!
  const same = instances.find((instance) => originOf(instance) === originOf(own))
  const authorization = own.authorization ?? same?.authorization
  return { bases: [{ ...own, authorization }], tls: tls ?? (same === undefined ? {} : (target.tls ?? {})) }
}
