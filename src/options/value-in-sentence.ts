import { after, codeAt, type Found, none, oneOf, SPACE } from './found.ts'
import type { Name } from './secret-names.ts'
import { looksChosen, looksSecret, saysWhatHappens } from './secret-words.ts'
import { isState } from './sentence.ts'

/** `the token is a1b2c3d4`, `the password is hunter2`. */
export function saidValue(text: string, name: Name, nameEnd: number): Found | undefined {
  let said = afterSpace(nameEnd)
  if (said === nameEnd) return undefined
  const verb = VERBS.get(codeAt(said))
  const hasVerb = verb !== undefined && text.startsWith(verb, said) && isSpace(codeAt(said + verb.length))
  const isSaid = hasVerb && verb.endsWith('s')
  if (hasVerb) said = afterSpace(said + verb.length)
  if (isQuote(codeAt(said))) said++
  const end = endOfSaid(text, said)
  if (end - said < MIN_SAID) return undefined
  let wordEnd = Math.min(end, said + 400)
  while (wordEnd > said && isPunctuation(codeAt(wordEnd - 1))) wordEnd--
  const isSecret =
    looksSecret(text, said, wordEnd) ||
    (isSaid && name.kind.isPassword && wordEnd <= said + MAX_CHOSEN && isChosen(text, said, wordEnd))
  return isSecret ? { start: said, end, next: end } : undefined
}

const MIN_SAID = 6

function isLetters(start: number, end: number): boolean {
  let at = start
  while (at < end && isLetter(codeAt(at) | 32)) at++
  return at === end
}

const isLetter = (code: number) => code >= 97 && code <= 122

/** Whether a word ends a sentence or a clause. */
function endsClause(code: number, next: number): boolean {
  return code === 0 || code === NEW_LINE || code === RETURN || (code !== BLANK && (next === 0 || isSpace(next)))
}

function isChosen(text: string, start: number, end: number): boolean {
  const isLast = endsClause(codeAt(end), codeAt(end + 1))
  // Most words of a sentence.
  if (!isLast && isLetters(start, end)) return false
  return looksChosen(text.slice(start, end), isLast) && !isState(text, start, end)
}

const MAX_CHOSEN = 64

/** `password -> hunter2`: one word, unless it is one of several steps, as in `login -> token -> profile`. */
export function arrowValue(text: string, name: Name, nameStart: number, nameEnd: number): Found | undefined {
  const arrow = afterSpace(nameEnd)
  const at = startsArrow(codeAt(arrow)) ? after(text, ARROW, arrow) : -1
  if (at < 0) return undefined
  const start = isQuote(codeAt(at)) ? at + 1 : at
  const end = endOfSaid(text, start)
  const isPassword = name.kind.isPassword && end - start <= MAX_CHOSEN && !saysWhatHappens(text.slice(start, end))
  const isKnown = start > at || isPassword || looksSecret(text, start, end)
  if (end === start || !isKnown || isState(text, start, end)) return none(at)
  const isStep =
    after(text, ARROW, afterSpace(end)) >= 0 || ARROW_BEFORE.test(text.slice(Math.max(0, nameStart - 8), nameStart))
  return isStep ? none(at) : { start, end, next: end }
}

const ARROW = /(?:-{1,2}>|→)\s{1,8}/y
export const startsArrow = (code: number) => code === HYPHEN || code === RIGHT
const ARROW_BEFORE = /(?:->|→)\s{1,8}$/

const VERBS = new Map(['is', 'was', 'value', 'number', '|'].map((verb) => [verb.charCodeAt(0), verb]))
const isQuote = oneOf(`"'\``)

function afterSpace(from: number): number {
  let at = from
  while (isSpace(codeAt(at))) at++
  return at
}

function endOfSaid(text: string, from: number): number {
  let at = from
  while (at < text.length && !endsSaid(codeAt(at))) at++
  return at
}

const endsSaid = oneOf(`${SPACE}"'\`,;`)
const isPunctuation = oneOf('.:)!?')

/** `token|a1b2c3d4`, `token;a1b2c3d4` */
export function randomWord(text: string, start: number): Found | undefined {
  let end = start
  while (end < start + MAX_WORD && !endsWord(codeAt(end)) && end < text.length) end++
  return end - start >= MIN_RANDOM && looksSecret(text, start, end) ? { start, end, next: end } : undefined
}

const MIN_RANDOM = 16
const endsWord = oneOf(`${SPACE}"'\`()[]<>{},;:|`)
const MAX_WORD = 512

const isSpace = oneOf(SPACE)
const [NEW_LINE, RETURN, BLANK, HYPHEN, RIGHT] = [10, 13, 32, 45, 0x2192]
