import { oneOf, SPACE } from './found.ts'

/** Beginning of a rule about a value: `is too short`, `must have 8 characters`, `Password cannot be blank`. */
const RULE =
  /^(?:(?:the|your|this) )?(?:[A-Za-z][A-Za-z_-]{0,30} ){0,2}?(?:must|should|cannot|can ?not|can't|may not|does not|doesn't|do not|did not|didn't|needs to|has (?:already|expired|to)|was not|(?:is|are) (?:too|not|required|missing|invalid|wrong|empty|weak|already|incorrect|expired|blank)|too (?:short|long|weak|common|few|many)|(?:at least|at most) \d|minimum|maximum|required\b|missing\b|invalid\b|incorrect\b)/i

/** State of a value, which a server sends instead of the value: `{"token":"expired"}`. */
const STATE =
  /^(?:(?:is|was|already|not) ){0,2}(?:absent|async|basic|bearer|blank|boolean|declined|denied|digest|disabled|empty|enabled|expired|failed|false|forbidden|found|given|include|incorrect|integer|latest|invalid|malformed|mismatch|missing|none|null|number|object|off|omit|optional|refused|rejected|required|revoked|same-origin|set|stale|string|true|unauthori[sz]ed|undefined|unknown|unset|unsupported|used|valid|wrong)[.!]?$/i

/** Whether a text is a word or two that describe a state: `expired`, `is missing`. */
export function isState(text: string, start = 0, end = text.length): boolean {
  if (end - start <= 2 || end - start > 30 || !isWords(text, start, end)) return false
  return STATE.test(text.slice(start, end))
}

/** Whether a text consists of letters, spaces and hyphens, with an optional full stop at its end. */
function isWords(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at)
    const isLetter = (code | 32) >= 97 && (code | 32) <= 122
    if (!isLetter && code !== BLANK && code !== HYPHEN && (at < end - 1 || !endsSentence(code))) return false
  }
  return true
}

const [BLANK, HYPHEN] = [32, 45]
const endsSentence = oneOf('.!')

/** Whether a text is a message about a value rather than a value: `{"errors":{"password":"is too short"}}`. */
export function isMessage(text: string, start = 0, end = text.length): boolean {
  if (isState(text, start, end)) return true
  if (end - start > 300) return false
  const message = text.slice(start, end)
  if (!message.includes(' ') || !message.trim().includes(' ') || !RULE.test(message)) return false
  for (let at = start; at < end;) {
    const wordEnd = endOfWord(text, at, end)
    if (looksRandom(text, at, wordEnd)) return false
    at = wordEnd + 1
  }
  return true
}

function endOfWord(text: string, from: number, end: number): number {
  let at = from
  while (at < end && !isSpace(text.charCodeAt(at))) at++
  return at
}

const isSpace = oneOf(SPACE)

/** Whether letters and digits are mixed, as in keys but not in words. */
export function looksRandom(text: string, start = 0, end = text.length): boolean {
  if (end - start < 8) return false
  let hasLetter = false
  let hasDigit = false
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at)
    const isOfNumber = (code >= 48 && code <= 57) || code === DOT
    if (isOfNumber) hasDigit ||= code !== DOT
    else if ((code | 32) >= 97 && (code | 32) <= 122) hasLetter = true
    else if (!isSign(code)) return false
  }
  return hasLetter && hasDigit && !isDuration(text, start, end)
}

const DOT = 46
const isSign = oneOf('_~+/=-')

/** `1234.5678ms` */
function isDuration(text: string, start: number, end: number): boolean {
  if (text.charCodeAt(end - 1) !== SECONDS) return false
  const last = text.charCodeAt(end - 2) === MILLI ? end - 2 : end - 1
  for (let at = start; at < last; at++) {
    const code = text.charCodeAt(at)
    if ((code < 48 || code > 57) && code !== DOT) return false
  }
  return true
}

const [SECONDS, MILLI] = [115, 109]

/** Whether a segment of a path is a token: long, with frequent changes between letters and digits. */
export function looksGenerated(segment: string): boolean {
  if (segment.length < 10) return false
  const kinds = segment.match(/[a-z]+|[A-Z]+|\d+/g) ?? []
  if (!/[A-Za-z]/.test(segment)) return false
  if (/\d/.test(segment)) return kinds.length * 4 > segment.length
  return kinds.length * (segment.length < 16 ? 2 : 3) > segment.length || UNPRONOUNCEABLE.test(segment)
}

/** More consonants in a row than English words have. */
const UNPRONOUNCEABLE = /^[a-z]*[bcdfghjklmnpqrstvwxz]{6}[a-z]*$/i
