interface HeaderMethods {
  /** The value of a header in any case, several joined by `, `; `null` without one. */
  get(name: string): string | null
  has(name: string): boolean
  /** The single `Set-Cookie` values. */
  getSetCookie(): string[]
}

/**
 * Headers of a response by lower-case name, several values of one name joined by `, ` as RFC 9110 has it; `set-cookie` is
 * a list, because its values hold commas of their own. `get`, `has` and `getSetCookie` are those of Fetch's `Headers`.
 */
export type ResponseHeaders = Readonly<Record<string, string>> &
  HeaderMethods & { readonly 'set-cookie'?: readonly string[] }

/** @param raw names and values by turns, as received */
export function headersOf(raw: readonly string[]): ResponseHeaders {
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
  // Not enumerable: what is printed or compared is the headers alone.
  for (const [name, value] of Object.entries(methods)) Object.defineProperty(byName, name, { value, enumerable: false })
  return byName as ResponseHeaders
}
