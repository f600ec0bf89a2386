import { codeAt, oneOf } from './found.ts'

/**
 * Reads an escaped letter, digit, `_` or `-`: `\u0061` in JSON, `\x61`, `%61` in a URL, `&#97;` in HTML.
 *
 * @returns 128 times the index after it, plus its code; -1 if there is none at the index
 */
export function readEscape(text: string, index: number): number {
  const first = codeAt(index)
  let at = index + 1
  if (first === PERCENT) {
    for (let level = 0; level < 3 && text.startsWith('25', at); level++) at += 2
    return hexEscape(at, 0)
  }
  const kind = codeAt(at++) | 32
  if (first === BACKSLASH && kind === LETTER_X) return hexEscape(at, BRACE)
  if (first === BACKSLASH && kind === LETTER_U) {
    if (text.startsWith('00', at)) return hexEscape(at + 2, BRACE)
    return codeAt(at) === OPEN_BRACE ? hexEscape(afterZeros(at + 1), BRACE) : -1
  }
  if (first !== AMPERSAND || kind !== (HASH | 32)) return -1
  if ((codeAt(at) | 32) === LETTER_X) {
    const escape = hexEscape(afterZeros(at + 1), SEMICOLON)
    return escape >= 0 && codeAt(Math.floor(escape / 128) - 1) === SEMICOLON ? escape : -1
  }
  at = afterZeros(at)
  let code = 0
  while (code < 128 && isDigit(codeAt(at))) code = code * 10 + codeAt(at++) - 48
  return codeAt(at) === SEMICOLON && isEscapable(code) ? (at + 1) * 128 + code : -1
}

/** Two hexadecimal digits, with an optional closing character. */
function hexEscape(at: number, closing: number): number {
  const code = hexDigit(codeAt(at)) * 16 + hexDigit(codeAt(at + 1))
  if (!isEscapable(code)) return -1
  return (codeAt(at + 2) === closing ? at + 3 : at + 2) * 128 + code
}

/** Value of a hexadecimal digit; far below 0 for any other character. */
function hexDigit(code: number): number {
  if (isDigit(code)) return code - 48
  const letter = code | 32
  return letter >= 97 && letter <= 102 ? letter - 87 : -1000
}

function afterZeros(from: number): number {
  let at = from
  while (at < from + 4 && codeAt(at) === 48) at++
  return at
}

/** Whether the character of a name may be escaped; a dollar sign may not. */
function isEscapable(code: number): boolean {
  return code !== 36 && isNameCharacter(code)
}

const [LETTER_U, LETTER_X, HASH, SEMICOLON, OPEN_BRACE, BRACE] = [117, 120, 35, 59, 123, 125]

/** Letters, digits, `_`, `$` and `-`. False for NaN, before the text's first character. */
export function isNameCharacter(code: number): boolean {
  if (code >= 97) return code <= 122
  if (code >= 65) return code <= 90 || code === 95
  return (code >= 48 && code <= 57) || code === 45 || code === 36
}

const isDigit = oneOf('0123456789')
const [PERCENT, AMPERSAND, BACKSLASH] = [37, 38, 92]
