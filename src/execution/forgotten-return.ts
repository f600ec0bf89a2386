/** Of a function with a block as its body: its parameters, and the block. */
const BLOCK = /^(?:function\b[^(]*|[\w$]+)?\s*\(?([^()]*?)\)?\s*(?:=>\s*)?\{([^]*)\}$/
const NO_CODE = /\/\*[^]*?\*\/|\/\/.*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g
const DECLARATION = /\b(?:const|let|var)\s+([\w$\s,:{}[\]]+?)=(?![=>])/g
/** With these a function decides something, or does something beside it. */
const ACTS = /\b(?:return|throw|expect|assert|should|await|yield|new|delete)\b|`|\+\+|--|(?<![=!<>])=(?![=>])/
const COMPARES = /[=!]==?|[<>!]|&&|\|\||\.(?:includes|startsWith|endsWith|every|some|test)\(/
const CALLED = /([\w$]+)(?:\??\.[\w$]+)*\s*\(/g
const KNOWN = new Set(['if', 'for', 'while', 'switch', 'typeof', 'Object', 'Array', 'JSON', 'Math', 'Number', 'String'])

export const FORGOTTEN_RETURN = 'must return what it compares: as it is, it passes whatever the response is'

/**
 * Whether a check function compares something and drops the result: `(response) => { response.status === 200 }`. It would
 * pass whatever the response is. Only a function that certainly can do nothing else is found: one that calls something of
 * the scenario's own may throw there.
 */
export function forgetsItsReturn(check: (...args: never[]) => unknown): boolean {
  const [, parameters = '', block = ''] = BLOCK.exec(String(check)) ?? []
  const names = new Set([...KNOWN, ...wordsOf(parameters)])
  const code = block.replace(NO_CODE, "''").replace(DECLARATION, (_, declared: string) => {
    for (const name of wordsOf(declared)) names.add(name)
    return ''
  })
  const compared = code.replaceAll('=>', '')
  if (ACTS.test(compared) || !COMPARES.test(compared)) return false
  return [...code.matchAll(CALLED)].every(({ 1: name, index }) => names.has(name!) || code[index - 1] === '.')
}

function wordsOf(text: string): readonly string[] {
  return text.match(/[\w$]+/g) ?? []
}
