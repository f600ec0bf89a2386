/** Finds one value in JSON; `undefined` if it is missing. */
export type JsonPath = (json: unknown) => unknown

const STEP = /\.([A-Za-z_$][\w$-]*)|\[(-?\d+)\]|\['([^']*)'\]|\["([^"]*)"\]/y

/**
 * Parses a path to one value: `$.access.token`, `$.items[0].id`, `$['content-type']`, `$.items[-1]` from the end.
 * Wildcards, filters and slices of RFC 9535 have several results and are not supported.
 *
 * @returns `undefined` if the text is not such a path
 */
export function jsonPath(text: string): JsonPath | undefined {
  if (!text.startsWith('$')) return undefined
  const steps: (string | number)[] = []
  STEP.lastIndex = 1
  while (STEP.lastIndex < text.length) {
    const match = STEP.exec(text)
    if (match === null) return undefined
    const [, name, index, single, double] = match
    steps.push(index === undefined ? (name ?? single ?? double)! : Number(index))
  }
  return (json) => steps.reduce<unknown>(into, json)
}

function into(value: unknown, step: string | number): unknown {
  if (typeof step === 'number') return Array.isArray(value) ? value.at(step) : undefined
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
  return (value as Record<string, unknown>)[step]
}
