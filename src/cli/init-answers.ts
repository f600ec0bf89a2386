/** @throws {Error} whose message says what an URL must be */
export function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new Error(`a URL looks like http://127.0.0.1:3000, received ${JSON.stringify(withoutCredentials(text))}`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new Error('the URL holds a user or a password, which would be written to a file: leave them out')
  }
  if (url.search !== '' || url.hash !== '') throw new Error('a base URL has no query and no fragment')
  return url
}

/** @returns program and arguments, or `undefined` where nothing is said. @throws {Error} where it needs a shell */
export function readCommand(text: string): readonly string[] | undefined {
  if (/["'`$&|;<>]/.test(text)) {
    throw new Error('a command is program and arguments, without quotes or a shell, e.g. node server.js')
  }
  const words = text.split(/\s+/).filter(Boolean)
  return words.length === 0 ? undefined : words
}

/** @throws {Error} whose message says what a path must be */
export function readPath(text: string): string {
  if (!/^\/[^\s#]*$/.test(text)) throw new Error(`a path starts with a slash, e.g. /api/users, received "${text}"`)
  return text
}

function withoutCredentials(text: string): string {
  return text.replace(/^([a-z][\w+.-]*:\/\/)?[^]*@/i, '$1***@')
}
