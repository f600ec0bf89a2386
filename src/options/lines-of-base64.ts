import { codeAt, oneOf } from './found.ts'
import { looksRandom } from './sentence.ts'

/** Minimum length of a line of base64 that continues on the next one, in characters: PEM has 64, MIME 76. */
const MIN_LINE = 40
const MAX_LINE = 76
/** Minimum length of the last line if it does not look random: a shorter one may be a word. */
const MIN_LAST_LINE = 20

/** The end of a value: that of the last line if the value ends with a long line of base64, which others follow. */
export function endOfLines(text: string, start: number, end: number): number {
  if (!isLineEnd(codeAt(end))) return end
  let from = end
  while (from > start && isEncoded(codeAt(from - 1))) from--
  if (end - from < MIN_LINE) return end
  const length = Math.max(MAX_LINE, end - from)
  let last = end
  for (;;) {
    let lineStart = last
    while (isBetweenLines(codeAt(lineStart))) lineStart++
    let lineEnd = lineStart
    while (isEncoded(codeAt(lineEnd))) lineEnd++
    const isLine = lineEnd - lineStart <= length && endsLine(codeAt(lineEnd)) && lineStart > last
    if (!isLine || !(lineEnd - lineStart >= MIN_LAST_LINE || looksRandom(text, lineStart, lineEnd))) return last
    last = lineEnd
    if (!isLineEnd(codeAt(last)) || last - lineStart < MIN_LINE) return last
  }
}

const isLineEnd = oneOf('\r\n')
const isBetweenLines = oneOf('\r\n \t')
const isEncoded = oneOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-')
/** The end of a line, the end of the text, and what may follow a value. */
const endsLine = oneOf(`\r\n"'\`,;)]}\0`)
