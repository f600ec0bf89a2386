import { types } from 'node:util'

/**
 * Function that returns equal texts for equal values, whatever the order of their properties. Plain data, dates, URLs and
 * bytes are compared by value; functions and instances of other classes, whose private state is unknown, by identity.
 */
export function valueKeys(): (value: unknown) => string {
  const numbers = new Map<unknown, number>()

  function numberOf(value: unknown): string {
    const number = numbers.get(value) ?? numbers.size
    numbers.set(value, number)
    return `#${number}`
  }

  function keyOf(value: unknown, within: readonly object[]): string {
    if (typeof value === 'string') return JSON.stringify(value)
    if (typeof value === 'bigint') return `${value}n`
    if (typeof value === 'function' || typeof value === 'symbol') return numberOf(value)
    if (typeof value !== 'object' || value === null) return String(value)
    if (types.isDate(value)) return `date ${value.getTime()}`
    if (value instanceof URL) return `url ${value.href}`
    if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`
    if (within.includes(value)) return numberOf(value)
    const path = [...within, value]
    if (Array.isArray(value)) return `[${value.map((item) => keyOf(item, path)).join()}]`
    if (!isPlain(value)) return numberOf(value)
    const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
    return `{${entries.map(([name, item]) => `${JSON.stringify(name)}:${keyOf(item, path)}`).join()}}`
  }

  return (value) => keyOf(value, [])
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
