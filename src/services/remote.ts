import { isIPv4 } from 'node:net'
import { ServiceError } from './service.ts'

/** Whether a URL's host is this machine: `localhost`, `*.localhost`, 127.0.0.0/8, `::1`. Names are not looked up. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/^\[|\]$/g, '')
  if (host === 'localhost' || host.endsWith('.localhost') || host === '::1') return true
  return isIPv4(host) && host.startsWith('127.')
}

/**
 * Refuses a URL that leads off this machine, unless its host is named in `allowRemote`: nobody floods, migrates or
 * empties a remote system because of a stray variable.
 * @param subject whose URL it is, for the message: `target`, `postgres`
 */
export function assertAllowedHost(subject: string, url: URL, allowRemote: readonly string[]): void {
  const host = url.hostname
  if (isLoopback(host) || allowRemote.includes(host)) return
  throw new ServiceError(subject, {
    problem: `${host} is not this machine, and it is not among the hosts allowed`,
    received: `allowRemote: ${allowRemote.length === 0 ? 'nothing' : allowRemote.join(', ')}`,
    remedy: `If load may be put on it, name it: ${subject}({ allowRemote: ['${host}'] }). Else unset the variable or option that gives the URL.`,
  })
}
