import { TextBuilder } from './text-builder.ts'

/** Sequences that style a text, move the cursor or clear a line: `\x1b[31m`, `\x1b[2K`. */
const SEQUENCE = String.raw`(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]`
/** Colours and styles of a terminal, which can hide text or show a failure as a pass. */
const STYLE = String.raw`(?:\u001b\[|\u009b)[\d;:]*m`
/** Control characters except line breaks and tabs. Characters that change the direction of writing can disguise a line. */
const CONTROL = String.raw`[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]`
/** Characters without width, except the joiner and the selectors of emoji. */
const INVISIBLE = String.raw`[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200c\u200e\u200f\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb]|(?<!\p{Extended_Pictographic}|\ufe0f|\p{Emoji_Modifier})\u200d|[\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]`
/** Commands of CI services in the output of a job: `::error::`, `##[error]`, `##vso[…]`, `##teamcity[…]`. Lines may be wrapped. */
const COMMAND = String.raw`(?<!\S)::(?=[a-z][a-z-]*(?:::| ))|##(?=\[|vso\[|teamcity\[)`

/** Unusual characters: most texts have none and require no further search. */
const UNUSUAL = /[^\n\t\u0020-\u007e]/
const STYLED = new RegExp(STYLE, 'y')
const SHOWN = new RegExp(String.raw`${INVISIBLE}|${COMMAND}`, 'uy')
const UNSEEN = new RegExp(String.raw`${SEQUENCE}|${INVISIBLE}`, 'uy')
const ALWAYS = new RegExp(`${CONTROL}|${INVISIBLE}`, 'u')

/** First units of invisible characters beyond the Basic Multilingual Plane. */
const LEADS = [0xd82f, 0xd834, 0xdb40, 0xdb41, 0xdb42, 0xdb43]
const [NEW_LINE, RETURN, ESCAPE, HASH, COLON, CONTROL_SEQUENCE, JOINER] = [10, 13, 27, 35, 58, 0x9b, 0x200d]
const TOGETHER_UNITS = new Set([ESCAPE, CONTROL_SEQUENCE, RETURN, JOINER, COLON, HASH, ...LEADS])

/** Kinds of UTF-16 units: unchanged, always changed, changed depending on its neighbours, and variation selectors. */
const [UNKNOWN, ORDINARY, ALONE, TOGETHER, SELECTOR] = [0, 1, 2, 3, 4]
const kinds = new Uint8Array(65_536)

/** Kind of a unit. A text has few different ones, so each is classified when it first occurs. */
function kindOf(unit: number): number {
  const known = kinds[unit]!
  if (known !== UNKNOWN) return known
  if (unit >= 0xfe00 && unit <= 0xfe0f) return (kinds[unit] = SELECTOR)
  if (TOGETHER_UNITS.has(unit)) return (kinds[unit] = TOGETHER)
  return (kinds[unit] = ALWAYS.test(String.fromCharCode(unit)) ? ALONE : ORDINARY)
}

/**
 * The text without styles, with control and invisible characters escaped, e.g. `\x1b` or `\u200b`. A target that sends
 * them in a response, a header or its log must not move the cursor, change the window title, hide, colour or fake a line,
 * or send a command to the CI service that shows it. Line breaks and tabs are kept.
 */
export function withoutControls(text: string): string {
  if (!text.includes('::') && !text.includes('##') && !UNUSUAL.test(text)) return text
  const shown = new TextBuilder(text.length)
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    const kind = kindOf(unit)
    if (kind === ORDINARY || kind === SELECTOR) shown.add(unit)
    else if (kind === ALONE) shown.addEscaped(unit)
    else if (isStyleStart(unit)) {
      const end = styleEnd(text, unit, at)
      if (end < 0) shown.addEscaped(unit)
      else at = end - 1
    } else if (unit === RETURN) {
      if (text.charCodeAt(at + 1) !== NEW_LINE) shown.addEscaped(unit)
    } else if (isEscapedAt(text, unit, at)) {
      const point = text.codePointAt(at)!
      shown.addEscaped(point)
      if (point > 0xffff) at++
    } else shown.add(unit)
  }
  return shown.toString()
}

/** The visible text: without sequences, control and invisible characters. */
export function withoutUnseen(text: string): string {
  if (!UNUSUAL.test(text)) return text
  const seen = new TextBuilder(text.length)
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    const kind = kindOf(unit)
    if (kind === ORDINARY || unit === COLON || unit === HASH) seen.add(unit)
    else if (kind === TOGETHER && unit !== RETURN && unit !== JOINER) {
      if (isStyleStart(unit) && !hasParameters(text, unit, at)) continue
      UNSEEN.lastIndex = at
      if (UNSEEN.test(text)) at = UNSEEN.lastIndex - 1
      else if (!isStyleStart(unit)) seen.add(unit)
    }
  }
  return seen.toString()
}

function isStyleStart(unit: number): boolean {
  return unit === ESCAPE || unit === CONTROL_SEQUENCE
}

/** Whether a printable character is at the place of the parameters or the end of a sequence. */
function hasParameters(text: string, start: number, at: number): boolean {
  const next = text.charCodeAt(start === ESCAPE ? at + 2 : at + 1)
  return next >= 32 && next < 127
}

/** The index after a style, or -1 if there is none at the index. */
function styleEnd(text: string, start: number, at: number): number {
  STYLED.lastIndex = at
  return hasParameters(text, start, at) && STYLED.test(text) ? STYLED.lastIndex : -1
}

/** Whether a character is escaped because of its neighbours: a command of a CI service, or an invisible character. */
function isEscapedAt(text: string, unit: number, at: number): boolean {
  // A command begins with exactly two of them.
  const isSign = unit === COLON || unit === HASH
  if (isSign && (text.charCodeAt(at + 1) !== unit || text.charCodeAt(at + 2) === unit)) return false
  SHOWN.lastIndex = at
  return SHOWN.test(text)
}
