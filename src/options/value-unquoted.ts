import { after, codeAt, type Found, none, oneOf, Search, SPACE } from './found.ts'
import type { Name } from './secret-names.ts'
import { isMessage, isState, looksRandom } from './sentence.ts'

/** Beginning of a sentence about a value. */
const SENTENCE =
  /(?:must|is|was|are|has|had|should|cannot|can't|can|could|does|did|may|not|no|missing|required|invalid|unknown|expected|expects|found|see|failed|failure|expired|rejected|refused|denied|wrong|malformed|empty|nothing|timed|timeout|connect|received|needs|only|unexpected|unsupported|unauthorized|forbidden|incorrect|too|an?|the|exactly|status|error)\b/iy

/** Whether a sentence about a value begins. */
export function startsSentence(text: string, at: number): boolean {
  return startsWithSentence(codeAt(at)) && after(text, SENTENCE, at) >= 0
}

/** `password=…`, up to white space or a separator. */
export function assigned(text: string, start: number): Found {
  return unlessState(text, start, ASSIGNED.from(text, start))
}

export const ASSIGNED = new Search((text, from) => {
  let at = from
  while (at < text.length) {
    const code = codeAt(at)
    const isPart =
      !endsAssigned(code) ||
      (code === BLANK && codeAt(at - 1) === BACKSLASH && at > from) ||
      (isClosing(code) && !endsAfterClosing(codeAt(at + 1)) && at + 1 < text.length) ||
      (isSeparating(code) && isInValue(text, at + 1))
    if (!isPart) break
    at++
  }
  return at
})

/** Whether a value continues after a separator: neither white space nor another name follows. */
function isInValue(text: string, from: number): boolean {
  if (from >= text.length || isSpace(codeAt(from))) return false
  let at = from
  while (at <= from + 40 && isOfName(codeAt(at))) at++
  return at === from || at > from + 40 || codeAt(at) !== EQUALS
}

/** Letters, digits, `_` and `-`. */
function isOfName(code: number): boolean {
  return (code | 32) >= 97 ? (code | 32) <= 122 || code === 95 : (code >= 48 && code <= 57) || code === 45
}

/** The range, unless it describes a state: `token=expired`. */
export function unlessState(text: string, start: number, end: number): Found {
  return isState(text, start, end) ? none(end) : { start, end, next: end }
}

const VERB = /\b(?:should|must|not|to|will|would|can|may|does|did|tests?|checks?|all) pass: *$/i

/** `password: …`, up to the end of the clause, as a passphrase has spaces. A sentence about the value is not masked. */
export function clause(text: string, name: Name, start: number): Found {
  const end = CLAUSE.from(text, start)
  if (!isProse(text, name, start)) return isMessage(text, start, end) ? none(end) : { start, end, next: end }
  const limit = Math.min(end, start + MAX_SENTENCE)
  const random = RANDOM.from(text, start)
  if (random >= limit) return none(start)
  const randomEnd = endOfWord(random, end)
  return { start: random, end: randomEnd, next: randomEnd }
}

function isProse(text: string, name: Name, start: number): boolean {
  if (startsSentence(text, start) || (name.kind.isCode && startsWords(start))) return true
  return name.kind.isPass && isVerb(text, name, start) && hasTwoWords(text, start)
}

/** `pin: thread 3`, `pin: 3 threads`: a code has no spaces and more than two digits. */
function startsWords(start: number): boolean {
  let digits = start
  while (digits < start + 2 && isDigit(codeAt(digits))) digits++
  const from = digits > start && codeAt(digits) === BLANK ? digits + 1 : start
  let at = from
  while (at < from + 20 && isLetter(codeAt(at))) at++
  return at > from && (from > start || codeAt(at) === BLANK)
}

const isDigit = (code: number) => code >= 48 && code <= 57
const isLetter = (code: number) => (code | 32) >= 97 && (code | 32) <= 122

function hasTwoWords(text: string, start: number): boolean {
  let wordEnd = start
  while (wordEnd <= start + 80 && wordEnd < text.length && !endsWord(codeAt(wordEnd))) wordEnd++
  if (wordEnd === start || wordEnd > start + 80) return false
  let at = wordEnd
  let hasSign = false
  for (; isBetweenWords(codeAt(at)); at++) hasSign ||= at > wordEnd && codeAt(at) !== 32
  return at > wordEnd && (hasSign || (at < text.length && !isSpace(codeAt(at))))
}

/** `must not PASS: run not awaited`, `should pass: the token is sent` */
function isVerb(text: string, name: Name, start: number): boolean {
  return name.text === 'PASS' || VERB.test(text.slice(Math.max(0, start - 24), start))
}

const CLAUSE = new Search((text, from) => {
  let at = from
  while (at < text.length) {
    const code = codeAt(at)
    if (endsClause(code)) {
      if (code === NEW_LINE || code === RETURN || at + 1 >= text.length) break
      const next = codeAt(at + 1)
      if (isSeparating(code) ? isSpace(next) : endsClauseAfter(next)) break
    }
    at++
  }
  return at
})

/** The start of the next word of the clause that looks random, or the end of the clause. */
const RANDOM = new Search((text, from) => {
  const end = CLAUSE.from(text, from)
  for (let at = from; at < end;) {
    while (at < end && isSpace(codeAt(at))) at++
    const wordEnd = endOfWord(at, end)
    if (looksRandom(text, at, wordEnd)) return at
    at = wordEnd
  }
  return end
})

function endOfWord(from: number, end: number): number {
  let at = from
  while (at < end && !isSpace(codeAt(at))) at++
  return at
}

const endsAssigned = oneOf(`${SPACE}&"'\`;,)]}`)
/** Characters that end a value unless it continues directly after them. */
const isClosing = oneOf(`"'\`)]}`)
const isSpace = oneOf(SPACE)
const isSeparating = oneOf(';,')
const endsAfterClosing = oneOf(`${SPACE},:)]}"'\``)
const endsWord = oneOf(`${SPACE},;`)
const isBetweenWords = (code: number) => code === 32 || isSeparating(code)
const startsWithSentence = oneOf('acdefhimnorstuwACDEFHIMNORSTUW')
const MAX_SENTENCE = 120
const endsClauseAfter = oneOf(`${SPACE},:;)]}`)
const endsClause = oneOf(`\n\r,;"'\`)]}`)
const [BACKSLASH, EQUALS, BLANK, NEW_LINE, RETURN] = [92, 61, 32, 10, 13]
