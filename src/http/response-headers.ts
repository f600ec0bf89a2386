interface HeaderMethods {
  /** Value of a header, by name in any case; several values joined by `, `, `null` if the header is missing. */
  get(name: string): string | null
  has(name: string): boolean
  /** Each `Set-Cookie` value. */
  getSetCookie(): string[]
}

/**
 * Headers of a response by lowercase name. Several values of one name are joined by `, ` (RFC 9110); `set-cookie` is an
 * array, because its values may contain commas. `get`, `has` and `getSetCookie` work as in Fetch's `Headers`.
 */
export type ResponseHeaders = Readonly<Record<string, string>> &
  HeaderMethods & {
    /** Values of the `Set-Cookie` header. */
    readonly 'set-cookie'?: readonly string[]
  }

/** Headers as received: alternating names and values, or the text of the head. */
export type RawHeaders = string | readonly string[]

const AROUND = /^[ \t]+|[ \t]+$/g

/** Alternating names and values. */
export function namesAndValues(raw: RawHeaders): readonly string[] {
  if (typeof raw !== 'string') return raw
  return raw
    .split('\r\n')
    .slice(1)
    .flatMap((line) => {
      const colon = line.indexOf(':')
      return colon > 0 ? [line.slice(0, colon), line.slice(colon + 1).replace(AROUND, '')] : []
    })
}

export function headersOf(received: RawHeaders): ResponseHeaders {
  const raw = namesAndValues(received)
  const cookies: string[] = []
  const values = new Map<string, string>()
  const byName = Object.create(null) as Record<string, unknown>
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase()
    const value = raw[at + 1]!
    const before = values.get(name)
    values.set(name, before === undefined ? value : `${before}, ${value}`)
    if (name === 'set-cookie') cookies.push(value)
    byName[name] = name === 'set-cookie' ? cookies : values.get(name)
  }
  const methods: HeaderMethods = {
    get: (name) => values.get(name.toLowerCase()) ?? null,
    has: (name) => values.has(name.toLowerCase()),
    getSetCookie: () => [...cookies],
  }
  // Not enumerable, so that only headers are printed and compared.
  for (const [name, value] of Object.entries(methods)) Object.defineProperty(byName, name, { value, enumerable: false })
  return byName as ResponseHeaders
}
