/** How a rule about a value begins: `is too short`, `must have 8 characters`, `Password cannot be blank`. */
const RULE =
  /^(?:(?:the|your|this) )?(?:[A-Za-z][A-Za-z_-]{0,30} ){0,2}?(?:must|should|cannot|can ?not|can't|may not|does not|doesn't|do not|did not|didn't|needs to|has (?:already|expired|to)|was not|(?:is|are) (?:too|not|required|missing|invalid|wrong|empty|weak|already|incorrect|expired|blank)|too (?:short|long|weak|common|few|many)|(?:at least|at most) \d|minimum|maximum|required\b|missing\b|invalid\b|incorrect\b)/i

/** Whether a text says something of a value and is none: `{"errors":{"password":"is too short"}}`. */
export function isMessage(text: string): boolean {
  if (text.length > 300 || !text.trim().includes(' ') || !RULE.test(text)) return false
  return !text.split(/\s+/).some((word) => looksRandom(word))
}

/** Letters and digits mixed, as keys have and words have not. */
export function looksRandom(word: string): boolean {
  return (
    word.length >= 8 &&
    /^[\w.~+/=-]+$/.test(word) &&
    /\d/.test(word) &&
    /[A-Za-z]/.test(word) &&
    !/^[\d.]+m?s$/.test(word)
  )
}
