/** Parameters and block of a function that has a block as its body. */
const BLOCK = /^(?:function\b[^(]*|[\w$]+)?\s*\(?([^()]*?)\)?\s*(?:=>\s*)?\{([^]*)\}$/
const NOT_CODE = /\/\*[^]*?\*\/|\/\/.*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g
const DECLARATION = /\b(?:const|let|var)\s+([\w$\s,:{}[\]]+?)(?:=(?![=>])|;|\n)/g
const ASSIGNMENT = /(?<![\w$.]|\.\s+)([\w$]+)\s*(?:[-+*/%&|?]|&&|\|\||\?\?)?=(?![=>])/g
/** Syntax with which a function decides something or has a side effect. */
const ACTS = /\b(?:return|throw|expect|assert|should|await|yield|new|delete)\b|`|\+\+|--|(?<![=!<>])=(?![=>])/
const COMPARES = /[=!]==?|[<>!]|&&|\|\||\.(?:includes|startsWith|endsWith|every|some|test)\(/
const CALLED = /([\w$]+)(?:\??\.[\w$]+)*\s*\(/g
const KNOWN_NAMES = new Set([
  'if',
  'for',
  'while',
  'switch',
  'typeof',
  'Object',
  'Array',
  'JSON',
  'Math',
  'Number',
  'String',
])

export const FORGOTTEN_RETURN = 'must return the result of its comparison: without it, every response passes'
export const RETURN_FIX = 'write (response) => response.status === 200, or add return'

/**
 * Whether a check function compares something and drops the result: `(response) => { response.status === 200 }`. Every
 * response would pass. Only a function that certainly has no other effect is found: one that calls a function of the
 * scenario may throw there.
 */
export function forgetsItsReturn(check: (...args: never[]) => unknown): boolean {
  const [, parameters = '', block = ''] = BLOCK.exec(String(check)) ?? []
  const names = new Set([...KNOWN_NAMES, ...identifiersIn(parameters)])
  const code = block.replace(NOT_CODE, "''").replace(DECLARATION, (_, declared: string) => {
    for (const name of identifiersIn(declared)) names.add(name)
    return ''
  })
  // An assignment to a variable of the function itself has no effect.
  const effective = code.replace(ASSIGNMENT, (whole, name: string) => (names.has(name) ? '' : whole))
  const compared = effective.replaceAll('=>', '')
  if (ACTS.test(compared) || !COMPARES.test(compared)) return false
  return [...code.matchAll(CALLED)].every(({ 1: name, index }) => names.has(name!) || code[index - 1] === '.')
}

function identifiersIn(text: string): readonly string[] {
  return text.match(/[\w$]+/g) ?? []
}
