import { originOf, parseBaseUrl, type BaseUrl } from './base-url.ts'
import type { TlsOptions } from './tls.ts'

/** The target as load finds it. */
export interface TargetPlace {
  /** Base URL of every instance, with credentials. */
  readonly urls: readonly string[]
  readonly tls?: TlsOptions | undefined
}

/** What a run's options say of where it goes. */
export interface OwnPlace {
  readonly baseUrl?: string | undefined
  readonly tls?: TlsOptions | undefined
}

/** Where a run goes. */
export interface RunPlace {
  readonly bases: readonly BaseUrl[]
  readonly tls: TlsOptions
}

export const NO_TARGET = 'this run has no target'
export const NO_TARGET_FIX = `add target({ command }) or target({ url }) to definePerfConfig(), set PERF_TARGET_URL, or give the run a baseUrl`

/**
 * Where a run goes: to every instance of the target, or to the place that its options name. A place of its own that is the
 * target's gets the target's credentials and TLS unless it has its own. The one place where this is decided.
 *
 * @returns `undefined` without a target and a base URL
 */
export function runPlace({ baseUrl, tls }: OwnPlace, target: TargetPlace): RunPlace | undefined {
  const instances = target.urls.flatMap((url) => parseBaseUrl(url) ?? [])
  if (baseUrl === undefined)
    return instances.length === 0 ? undefined : { bases: instances, tls: tls ?? target.tls ?? {} }
  const own = parseBaseUrl(baseUrl)!
  const same = instances.find((instance) => originOf(instance) === originOf(own))
  const authorization = own.authorization ?? same?.authorization
  return { bases: [{ ...own, authorization }], tls: tls ?? (same === undefined ? {} : (target.tls ?? {})) }
}
