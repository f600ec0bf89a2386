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

const [ORDINARY, ALONE, TOGETHER, SELECTOR] = [0, 1, 2, 3] as const
let kinds: Uint8Array | undefined

/** Kind of each UTF-16 unit: always changed, changed depending on its neighbours, a variation selector, or unchanged. */
function kindsOfUnits(): Uint8Array {
  if (kinds !== undefined) return kinds
  const alone = new RegExp(`${CONTROL}|${INVISIBLE}`, 'u')
  const withOthers = new Set([ESCAPE, CONTROL_SEQUENCE, RETURN, JOINER, COLON, HASH, ...LEADS])
  return (kinds = Uint8Array.from({ length: 65_536 }, (_, code) => {
    const unit = String.fromCharCode(code)
    if (code >= 0xfe00 && code <= 0xfe0f) return SELECTOR
    return withOthers.has(code) ? TOGETHER : alone.test(unit) ? ALONE : ORDINARY
  }))
}

/**
 * The text without styles, with control and invisible characters escaped, e.g. `\x1b` or `\u200b`. A target that sends
 * them in a response, a header or its log must not move the cursor, change the window title, hide, colour or fake a line,
 * or send a command to the CI service that shows it. Line breaks and tabs are kept.
 */
export function withoutControls(text: string): string {
  if (!text.includes('::') && !text.includes('##') && !UNUSUAL.test(text)) return text
  return changed(text, (code, at) => {
    if (code === RETURN) return text.charCodeAt(at + 1) === NEW_LINE ? { length: 2, shown: '\n' } : written(code)
    // A command of a CI service begins with exactly two of them.
    const isSign = code === COLON || code === HASH
    if (isSign && (text.charCodeAt(at + 1) !== code || text.charCodeAt(at + 2) === code)) return undefined
    if (code === ESCAPE || code === CONTROL_SEQUENCE) {
      STYLED.lastIndex = at
      return hasParameters(text, code, at) && STYLED.test(text)
        ? { length: STYLED.lastIndex - at, shown: '' }
        : written(code)
    }
    SHOWN.lastIndex = at
    return SHOWN.test(text) ? written(text.codePointAt(at)!) : undefined
  })
}

/** The visible text: without sequences, control and invisible characters. */
export function withoutUnseen(text: string): string {
  if (!UNUSUAL.test(text)) return text
  return changed(
    text,
    (code, at) => {
      if (code === COLON || code === HASH) return undefined
      if (code === RETURN || code === JOINER) return NOTHING
      if ((code === ESCAPE || code === CONTROL_SEQUENCE) && !hasParameters(text, code, at)) return NOTHING
      UNSEEN.lastIndex = at
      if (UNSEEN.test(text)) return { length: UNSEEN.lastIndex - at, shown: '' }
      return code === ESCAPE || code === CONTROL_SEQUENCE ? NOTHING : undefined
    },
    '',
  )
}

/** First units of invisible characters beyond the Basic Multilingual Plane. */
const LEADS = [0xd82f, 0xd834, 0xdb40, 0xdb41, 0xdb42, 0xdb43]
const NOTHING = { length: 1, shown: '' }
const [NEW_LINE, RETURN, ESCAPE, HASH, COLON, CONTROL_SEQUENCE, JOINER] = [10, 13, 27, 35, 58, 0x9b, 0x200d]

/** Whether a printable character is at the place of the parameters or the end of a sequence. */
function hasParameters(text: string, code: number, at: number): boolean {
  const next = text.charCodeAt(code === ESCAPE ? at + 2 : at + 1)
  return next >= 32 && next < 127
}

interface Change {
  /** Number of replaced UTF-16 units. */
  readonly length: number
  /** Replacement. */
  readonly shown: string
}

/**
 * The text with characters replaced by kind.
 *
 * @param together returns the change of a character that depends on its neighbours
 * @param alone replacement of characters that are always changed. Default: the escaped character
 */
function changed(text: string, together: (code: number, at: number) => Change | undefined, alone?: string): string {
  const kindOf = kindsOfUnits()
  const shown = new TextBuilder(text.length)
  let isChanged = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const kind = kindOf[code]
    // Selectors are unchanged.
    const isKept = kind === ORDINARY || (kind === SELECTOR && alone === undefined)
    const change = isKept ? undefined : kind === TOGETHER ? together(code, at) : written(code)
    if (change === undefined) {
      shown.add(code)
      continue
    }
    isChanged = true
    const replacement = kind === TOGETHER ? change.shown : (alone ?? change.shown)
    if (replacement !== '') shown.addText(replacement)
    at += change.length - 1
  }
  return isChanged ? shown.toString() : text
}

const alreadyWritten = new Map<number, Change>()

/** `\x1b`, `\u200b`, `\u{e0041}`. */
function written(code: number): Change {
  const known = alreadyWritten.get(code)
  if (known !== undefined) return known
  const digits = code.toString(16)
  const shown =
    code < 256 ? `\\x${digits.padStart(2, '0')}` : code < 65_536 ? `\\u${digits.padStart(4, '0')}` : `\\u{${digits}}`
  const change = { length: code < 65_536 ? 1 : 2, shown }
  alreadyWritten.set(code, change)
  return change
}
