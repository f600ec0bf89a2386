/** A parsed base URL: `http://…`, `https://…`, `ws://…`, `wss://…`, or `unix:/run/app.sock`. */
export interface BaseUrl {
  /** The URL without credentials and without a trailing slash. */
  readonly bare: string
  /** The parsed URL; its host is `localhost` for a Unix socket. */
  readonly url: URL
  readonly socketPath: string | undefined
  /** Value of an `Authorization` header, if the URL has credentials. */
  readonly authorization: string | undefined
}

/** `unix:/run/app.sock`, or `unix:/run/app.sock:/path`, as nginx writes it. */
const UNIX = /^unix:(\/[^:?#]+)(?::(\/[^?#]*))?$/

/** @returns `undefined` for text that is not such a URL */
export function parseBaseUrl(text: string): BaseUrl | undefined {
  const unix = UNIX.exec(text)
  if (unix !== null) {
    const [, socketPath, path = '/'] = unix
    const url = new URL(`http://localhost${path}`)
    return { bare: text.replace(/\/$/, ''), url, socketPath, authorization: undefined }
  }
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^(http|ws)s?:$/.test(url.protocol) || url.hostname === '') return undefined
  const authorization = authorizationOf(url)
  url.username = ''
  url.password = ''
  return { bare: url.href.replace(/\/$/, ''), url, socketPath: undefined, authorization }
}

/** The URL of a path below a base URL, credentials included. */
export function urlBelow(baseUrl: string, path: string): string {
  const isBareSocket = /^unix:[^:]*$/.test(baseUrl)
  return `${baseUrl.replace(/\/$/, '')}${isBareSocket ? ':' : ''}${path}`
}

/** Port of a base URL as it is written; 0 if it has none. */
export function portOf(baseUrl: string): number {
  return Number(parseBaseUrl(baseUrl)?.url.port ?? 0)
}

/** Scheme, host and port, or the socket: the same for all URLs of one listener. */
export function originOf({ url, socketPath }: BaseUrl): string {
  return socketPath === undefined ? url.origin.replace(/^ws/, 'http') : `unix:${socketPath}`
}

function authorizationOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined
  return `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`
}

/** Decoded text; returned as it is if a percent sign is not part of an escape. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
