/** How a rule about a value begins: `is too short`, `must have 8 characters`, `Password cannot be blank`. */
const RULE =
  /^(?:(?:the|your|this) )?(?:[A-Za-z][A-Za-z_-]{0,30} ){0,2}?(?:must|should|cannot|can ?not|can't|may not|does not|doesn't|do not|did not|didn't|needs to|has (?:already|expired|to)|was not|(?:is|are) (?:too|not|required|missing|invalid|wrong|empty|weak|already|incorrect|expired|blank)|too (?:short|long|weak|common|few|many)|(?:at least|at most) \d|minimum|maximum|required\b|missing\b|invalid\b|incorrect\b)/i

/** What a server says of a value instead of the value: `{"token":"expired"}`. */
const STATE =
  /^(?:(?:is|was|already|not) ){0,2}(?:absent|blank|denied|disabled|empty|expired|failed|false|forbidden|found|given|incorrect|invalid|malformed|mismatch|missing|none|null|refused|rejected|required|revoked|set|stale|true|unauthori[sz]ed|undefined|unknown|unset|unsupported|used|valid|wrong)[.!]?$/i

/** Whether a text is a word or two for what is wrong with a value: `expired`, `is missing`. */
export function isState(text: string): boolean {
  return text.length > 2 && text.length <= 30 && STATE.test(text)
}

/** Whether a text says something of a value and is none: `{"errors":{"password":"is too short"}}`. */
export function isMessage(text: string): boolean {
  if (isState(text)) return true
  if (text.length > 300 || !text.includes(' ') || !text.trim().includes(' ') || !RULE.test(text)) return false
  return !text.split(/\s+/).some((word) => looksRandom(word))
}

/** Letters and digits mixed, as keys have and words have not. */
export function looksRandom(word: string): boolean {
  return (
    word.length >= 8 &&
    /\d/.test(word) &&
    /^[\w.~+/=-]+$/.test(word) &&
    /[A-Za-z]/.test(word) &&
    !/^[\d.]+m?s$/.test(word)
  )
}

/** Whether a part of a path is a token: long, and letters and digits follow each other at random. */
export function looksGenerated(segment: string): boolean {
  if (segment.length < 10) return false
  const kinds = segment.match(/[a-z]+|[A-Z]+|\d+/g) ?? []
  if (!/[A-Za-z]/.test(segment)) return false
  return /\d/.test(segment)
    ? kinds.length * 4 > segment.length
    : segment.length >= 16 && kinds.length * 3 > segment.length
}
