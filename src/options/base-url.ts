import { parseBaseUrl } from '../machine/base-url.ts'
import type { Problems } from './problems.ts'

/** Checks a base URL. The value is not shown whole: it may hold a password. */
export function checkOwnBaseUrl(problems: Problems, value: unknown): void {
  const base = typeof value === 'string' ? parseBaseUrl(value) : undefined
  if (base !== undefined && base.url.search === '' && base.url.hash === '') return
  const isText = typeof value === 'string'
  const shown = base?.bare ?? (isText ? value.replace(/\/\/[^@/]*@/, '//***@') : value)
  problems.add(
    'baseUrl',
    shown,
    'must be an http or https URL, or unix: and the path of a socket, without query and fragment',
    `baseUrl: 'http://127.0.0.1:3000'`,
  )
}
