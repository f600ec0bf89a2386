/** Sequences that style a text, move the cursor or clear a line: `\x1b[31m`, `\x1b[2K`. */
const SEQUENCE = String.raw`(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]`
/** Colours and styles of a terminal: they can hide a text or paint a failure as a pass. */
const STYLE = String.raw`(?:\u001b\[|\u009b)[\d;:]*m`
/** Line breaks and tabs are text. Characters that turn the direction of writing can show a line as what it is not. */
const CONTROL = String.raw`[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]`
/** Characters that take no room on the screen. The joiner and the selectors of emoji are left. */
const INVISIBLE = String.raw`[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200c\u200e\u200f\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb]|(?<!\p{Extended_Pictographic}|\ufe0f|\p{Emoji_Modifier})\u200d|[\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]`
/** What a CI service obeys in the output of a job: `::error::`, `##[error]`, `##vso[…]`, `##teamcity[…]`. Lines may be wrapped. */
const COMMAND = String.raw`(?<!\S)::(?=[a-z][a-z-]*(?:::| ))|##(?=\[|vso\[|teamcity\[)`

const ANY = new RegExp(`${CONTROL}|${INVISIBLE}|${COMMAND}`, 'u')
const SHOWN = new RegExp(String.raw`(${STYLE})|\r\n|${CONTROL}|${INVISIBLE}|${COMMAND}`, 'gu')
const UNSEEN = new RegExp(String.raw`\r(?=\n)|${SEQUENCE}|${CONTROL}|${INVISIBLE}|[\u200d\ufe00-\ufe0f]`, 'gu')

/**
 * The text without styles, with control and invisible characters written out, as `\x1b` or `\u200b`: a target that puts
 * them into a response, a header or its log must not move the cursor, retitle the window, hide a line, paint or fake one,
 * or give a command to the CI service that shows it. Line breaks and tabs stay.
 */
export function withoutControls(text: string): string {
  if (!ANY.test(text)) return text
  return text.replace(SHOWN, (found: string, style: string | undefined) => {
    if (style !== undefined) return ''
    if (found === '\r\n') return '\n'
    const code = found.codePointAt(0)!
    const digits = code.toString(16)
    const written =
      code < 256 ? `\\x${digits.padStart(2, '0')}` : code < 65_536 ? `\\u${digits.padStart(4, '0')}` : `\\u{${digits}}`
    return written + found.slice(code < 65_536 ? 1 : 2)
  })
}

/** The text as a reader would read it: without sequences, control and invisible characters. */
export function withoutUnseen(text: string): string {
  return ANY.test(text) || text.includes('\u200d') ? text.replace(UNSEEN, '') : text
}
