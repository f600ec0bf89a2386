/** Colours and styles of a terminal: they change nothing but looks. */
const STYLE = String.raw`\u001b\[[\d;:]*m`
/** Line breaks and tabs are text. Characters that turn the direction of writing can show a line as what it is not. */
const CONTROL = String.raw`\r\n?|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]`
const STYLE_OR_CONTROL = new RegExp(`(${STYLE})|${CONTROL}`, 'g')
const ANY = new RegExp(CONTROL)

/**
 * The text with control characters written out, as `\x1b`: a target that puts them into a response, a header or its log
 * must not move the cursor, retitle the window, hide a line or fake one. Line breaks, tabs and colours stay.
 */
export function withoutControls(text: string): string {
  if (!ANY.test(text)) return text
  return text.replace(STYLE_OR_CONTROL, (found: string, style: string | undefined) => {
    if (style !== undefined) return style
    if (found === '\r\n') return '\n'
    const code = found.charCodeAt(0)
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
  })
}
