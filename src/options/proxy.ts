import { parseBaseUrl } from '../machine/base-url.ts'
import { proxyVariableFor } from '../machine/proxy.ts'
import type { Problems } from './problems.ts'
import { matching } from './values.ts'

/** Reader of the option `proxy`. */
export const PROXY = matching<false>((value) => value === false, 'must be false', 'false')

/**
 * Refuses a host for which the environment names a proxy: load is never sent through a proxy, whose times it would measure,
 * and never past one unnoticed.
 *
 * @param url base URL; the option that holds it reports an invalid one
 */
export function checkProxy(problems: Problems, path: string, url: unknown): void {
  const base = typeof url === 'string' ? parseBaseUrl(url) : undefined
  if (base === undefined || base.socketPath !== undefined) return
  const variable = proxyVariableFor(base.url)
  if (variable === undefined) return
  const { hostname, origin } = base.url
  problems.addWithFix(
    path,
    origin,
    `must not be a host for which ${variable} names a proxy: load is not sent through proxies`,
    `add ${hostname} to NO_PROXY, or set proxy: false, if this machine reaches the host without the proxy; otherwise run the load where none is needed`,
  )
}
