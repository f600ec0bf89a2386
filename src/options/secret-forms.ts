import { after, afterWord, codeAt, type Found, release, take } from './found.ts'
import { endOfLines } from './lines-of-base64.ts'
import { Masked } from './masked.ts'
import { type Rule, RULES, RULES_FOR_MESSAGES } from './secret-rules.ts'

/**
 * Rules that three characters of a text may match, by the first one and five bits of the others, which are the same in
 * both cases. Few indexes of a text have any.
 */
interface Table {
  /** Index in `lists`; 0 if no rule may match. */
  readonly places: Uint16Array
  readonly lists: readonly (readonly Rule[])[]
}

const ALL = tableOf(RULES)
const FOR_MESSAGES = tableOf(RULES_FOR_MESSAGES)

function tableOf(rules: readonly Rule[]): Table {
  const byKey = new Map<number, Rule[]>()
  for (const rule of rules)
    for (const key of new Set(rule.starts.flatMap(keysOf))) {
      if (!byKey.has(key)) byKey.set(key, [])
      byKey.get(key)!.push(rule)
    }
  const lists: (readonly Rule[])[] = [[]]
  const places = new Uint16Array(128 * 32 * 32)
  for (const [key, list] of byKey) {
    const known = lists.findIndex((one) => one.length === list.length && one.every((each, at) => each === list[at]))
    places[key] = known < 0 ? lists.push(list) - 1 : known
  }
  return { places, lists }
}

function keysOf(start: string): readonly number[] {
  const firsts = [start[0]!, start[0]!.toUpperCase()].map((first) => first.charCodeAt(0))
  const [seconds, thirds] = [1, 2].map((at) =>
    at < start.length ? [start.charCodeAt(at) & 31] : Array.from({ length: 32 }, (_, bits) => bits),
  ) as [number[], number[]]
  return firsts.flatMap((first) => seconds.flatMap((second) => thirds.map((third) => keyOf(first, second, third))))
}

function keyOf(first: number, second: number, third: number): number {
  return (first << 10) | ((second & 31) << 5) | (third & 31)
}

/** The text with everything masked that has the form of a secret. Takes time linear in the length. */
export function maskForms(text: string): string {
  return text.includes(INVALID) ? maskAroundMessages(text) : maskWith(ALL, text)
}

const INVALID = ' invalid option'

/** An invalid option as `OptionsError` shows it. Secrets in the received value are masked already, by its path. */
const PROBLEM = /(^ {2}\S[^\n]*\n {4}Received: [^\n]*\n {4}Fix: {6}[^\n]*)/m

/** Invalid options stay readable, though they often contain the names of secrets: `auth: must be …`. */
function maskAroundMessages(text: string): string {
  const parts = text.split(PROBLEM)
  return parts.map((part, at) => (at % 2 === 1 ? maskMessage(part) : maskWith(ALL, part))).join('')
}

/** One of our own messages with everything masked that is a secret whatever name it has. */
export function maskMessage(text: string): string {
  return maskWith(FOR_MESSAGES, text)
}

function maskWith(table: Table, text: string): string {
  take(text)
  const masked = new Masked(text)
  for (let at = nextCandidate(table, text, 0); at < text.length;) {
    const found = find(table, text, at, masked.end)
    if (found === undefined) at = nextCandidate(table, text, at + 1)
    else {
      if (found.end > found.start && found.start >= masked.end)
        masked.mask(found.start, endOfLines(text, found.start, found.end))
      at = nextCandidate(table, text, Math.max(found.next, found.end, masked.end, at + 1))
    }
  }
  release()
  return masked.toString()
}

/** The next index where a rule may match, or the end. */
function nextCandidate({ places }: Table, text: string, from: number): number {
  // No secret begins in the last two characters.
  const last = text.length - 2
  if (from >= last) return text.length
  let second = codeAt(from)
  let third = codeAt(from + 1)
  for (let at = from; at < last; at++) {
    const first = second
    second = third
    third = codeAt(at + 2)
    if (first >= 128 || places[keyOf(first, second, third)] === 0) continue
    if (!isDigit(first) || !isAlphanumeric(codeAt(at - 1))) return at
  }
  return text.length
}

/** Whether a code is a digit. Formats that begin with a digit do not begin within a word. */
function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

function isAlphanumeric(code: number): boolean {
  return isDigit(code) || ((code | 32) >= 97 && (code | 32) <= 122)
}

function find({ places, lists }: Table, text: string, at: number, done: number): Found | undefined {
  const key = keyOf(codeAt(at), codeAt(at + 1), codeAt(at + 2))
  const rules = lists[places[key]!]!
  for (let index = 0; index < rules.length; index++) {
    const rule = rules[index]!
    const end = rule.word === undefined ? after(text, rule.pattern, at) : afterWord(rule.word, at)
    const found = end < 0 ? undefined : rule.read(text, at, end, done)
    if (found !== undefined) return found
  }
  return undefined
}
