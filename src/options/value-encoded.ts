import { after, codeAt, endOfLine, type Found, none, oneOf } from './found.ts'
import { isMessage } from './sentence.ts'

// Patterns are created once: a literal in a function is created with every call.
const BARE = /[^\s,;&\\}\])]*/y
const QUOTED_IN_URL = /%(?:25)?22(?:%(?:25)?20|\+)?%(?:25)?3[Aa](?:%(?:25)?20|\+)?%(?:25)?22/y
const SIGN_IN_URL = /%(?:25)?3[DdAa]/y
const SIGN = /\s{0,8}(?:[:=]|&#58;)\s{0,8}/y
const VALUE_ATTRIBUTE = /\s{1,8}value\s{0,8}=\s{0,8}/iy

/** The value after a name in a URL: `password%22%3A%22…`, `password%3D…`. Text that is encoded twice has `%25` for `%`. */
export function percentValue(text: string, nameEnd: number): Found | undefined {
  const first = codeAt(nameEnd + 1)
  if (first !== TWO && first !== THREE) return undefined
  const quoted = after(text, QUOTED_IN_URL, nameEnd)
  const start = quoted >= 0 ? quoted : after(text, SIGN_IN_URL, nameEnd)
  if (start < 0) return undefined
  const end = after(text, quoted >= 0 ? UP_TO_QUOTE : UP_TO_AMPERSAND, start)
  return { start, end, next: end }
}

const [TWO, THREE] = [50, 51]
const UP_TO_QUOTE = /(?:(?!%(?:25)?22)[^\s&"'<>])*/y
const UP_TO_AMPERSAND = /(?:(?!%(?:25)?26)[^\s&"'<>])*/y

/** A quotation mark as escaped by some JSON writers and in HTML. */
const ENTITY = /(\\*)(u0022|x22|&quot;|&#34;|&#x22;)/iy

const startsEntity = oneOf('qQ#')

/** `\u0022token\u0022:\u0022…\u0022`, `&quot;token&quot;:&quot;…&quot;`. */
export function entityValue(text: string, nameEnd: number): Found | undefined {
  if (codeAt(nameEnd) === AMPERSAND && !startsEntity(codeAt(nameEnd + 1))) return undefined
  const close = after(text, ENTITY, nameEnd)
  if (close < 0) return undefined
  const separator = Math.max(after(text, SIGN, close), after(text, VALUE_ATTRIBUTE, close))
  if (separator < 0) return undefined
  ENTITY.lastIndex = separator
  const [opening, slashes = '', quote] = ENTITY.exec(text) ?? []
  if (opening === undefined) {
    const end = after(text, BARE, separator)
    return { start: separator, end, next: end }
  }
  const start = separator + opening.length
  for (let at = text.indexOf(quote!, start); at >= 0; at = text.indexOf(quote!, at + quote!.length)) {
    const end = Math.max(start, backslashesBefore(at))
    if (at - end <= slashes.length) {
      const isKept = isMessage(text.slice(start, Math.min(end, start + 301)))
      return isKept ? none(end) : { start, end, next: end }
    }
  }
  const end = endOfLine(text, start)
  return { start, end, next: end }
}

export function backslashesBefore(at: number): number {
  while (codeAt(at - 1) === BACKSLASH) at--
  return at
}

const [BACKSLASH, AMPERSAND] = [92, 38]
