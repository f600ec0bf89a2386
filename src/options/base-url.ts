import { refusalOf } from '../machine/allowed-hosts.ts'
import { parseBaseUrl } from '../machine/base-url.ts'
import type { Problems } from './problems.ts'
import { map, reading } from './schema.ts'
import { listOf } from './values.ts'

/** Possible credentials in a text that is not a URL: `user:password@host` without a scheme, or a slash in the password. */
const CREDENTIALS = /^([a-z][\w+.-]*:\/\/)?[^]*@/i

/** Checks a base URL, and that its host may receive load. Credentials are not shown. */
export function checkOwnBaseUrl(problems: Problems, value: unknown): void {
  const base = typeof value === 'string' ? parseBaseUrl(value) : undefined
  if (base !== undefined && base.url.search === '' && base.url.hash === '') {
    if (base.socketPath === undefined) checkLoadHost(problems, 'baseUrl', base.url.hostname)
    return
  }
  const isText = typeof value === 'string'
  const shown = base?.bare ?? (isText ? value.replace(CREDENTIALS, '$1***@') : value)
  problems.add(
    'baseUrl',
    shown,
    'must be an http or https URL, or unix: and the path of a socket, without query and fragment',
    `baseUrl: 'http://127.0.0.1:3000'`,
  )
}

/** Base URL of a run, returned unchanged. */
export const OWN_BASE_URL = map(
  reading((problems, _, value) => {
    checkOwnBaseUrl(problems, value)
    return value as string
  }),
  (url) => url,
)

/** Checks that a host may receive load. */
export function checkLoadHost(problems: Problems, path: string, host: string): void {
  checkHost(problems, path, host, { isLoad: true })
}

/** Checks that a host may be reached. */
export function checkHost(problems: Problems, path: string, host: string, use: { isLoad?: boolean } = {}): void {
  const refusal = refusalOf(host, use)
  if (refusal !== undefined) problems.addWithFix(path, host, `${refusal.problem} (${refusal.received})`, refusal.fix)
}

/** Names or addresses of hosts, without scheme, port and path. */
export const HOSTS = listOf<string>(isHost, 'host names', "['staging.example.com']")

function isHost(value: unknown): boolean {
  return typeof value === 'string' && /^[^\s/:@]+$|^\[?[\da-f:.]+\]?$/i.test(value)
}
