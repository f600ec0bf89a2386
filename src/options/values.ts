import { checkDuration, checkNumber, type Bounds } from './checks.ts'
import { exampleOf } from './problems.ts'
import { reading, type Reader } from './schema.ts'

/** A number within bounds. */
export function number(bounds: Bounds & { readonly example: number }): Reader<number> {
  return reading((problems, path, value) => checkNumber(problems, path, value, bounds))
}

/** An integer within bounds. */
export function integer(bounds: Bounds & { readonly example: number }): Reader<number> {
  return number({ ...bounds, integer: true })
}

/** A number of events per second. */
export function rate(bounds: Bounds & { readonly example: number }): Reader<number, 'PerSec'> {
  return { ...number(bounds), unit: 'PerSec' }
}

/** A duration, read in milliseconds. @param bounds in milliseconds. Default: above 0 */
export function duration(bounds: Bounds = { above: 0 }): Reader<number, 'Ms'> {
  return {
    unit: 'Ms',
    ofData: number({ ...bounds, example: 120_000 }),
    read: (problems, path, value) => checkDuration(problems, path, value, bounds),
  }
}

/** An argument of a call that passes a test. @param example the call as code */
export function argument<T>(isLegal: (value: unknown) => boolean, rule: string, example: string): Reader<T> {
  return reading((problems, path, value) => {
    if (isLegal(value)) return value as T
    problems.add(path, value, rule, example)
    return undefined as never
  })
}

/**
 * A value that passes a test.
 *
 * @param rule completes a sentence that begins with the option: `must be a path that starts with a slash`
 * @param example a valid value as code
 */
export function matching<T>(isLegal: (value: unknown) => boolean, rule: string, example: string): Reader<T> {
  return reading((problems, path, value) =>
    argument<T>(isLegal, rule, exampleOf(path, example)).read(problems, path, value),
  )
}

/** A non-empty string. @param example in quotes */
export function text(example: string, rule = 'must be a string'): Reader<string> {
  return matching(isText, rule, example)
}

/** True or false. */
export function flag(example: boolean): Reader<boolean> {
  return matching((value) => typeof value === 'boolean', 'must be true or false', String(example))
}

/** One of several names. @param example the one to show in errors */
export function oneOf<const T extends string>(names: readonly T[], example: NoInfer<T>): Reader<T> {
  const rule = names.length === 2 ? `'${names[0]}' or '${names[1]}'` : `one of ${names.join(', ')}`
  return matching((value) => names.includes(value as T), `must be ${rule}`, `'${example}'`)
}

/** A function. @param example as code */
export function func<F>(example: string, rule = 'must be a function'): Reader<F> {
  return matching((value) => typeof value === 'function', rule, example)
}

/** A list whose items pass a test. @param rule completes `must be a list of …` */
export function listOf<T>(isLegal: (member: unknown) => boolean, rule: string, example: string): Reader<readonly T[]> {
  return matching((value) => Array.isArray(value) && value.every(isLegal), `must be a list of ${rule}`, example)
}

/**
 * An array of at least one item.
 *
 * @param rule completes a sentence that begins with the option
 * @param example a valid array as code
 */
export function array<T>(member: Reader<T, string>, rule: string, example: string): Reader<readonly T[]> {
  const of = (reader: Reader<T, string>) =>
    reading((problems, path, value): readonly T[] => {
      if (Array.isArray(value) && value.length > 0)
        return value.map((one: unknown, at) => reader.read(problems, `${path}[${at}]`, one))
      problems.add(path, value, rule, exampleOf(path, example))
      return []
    })
  return { ...of(member), ofData: of(member.ofData ?? member) }
}

/** One value or a list, read as a list. */
export function oneOrMore<T>(reader: Reader<T>): Reader<readonly T[]> {
  return reading((problems, path, value) =>
    [value].flat().flatMap((one) => {
      const before = problems.count
      const read = reader.read(problems, path, one)
      return problems.count > before ? [] : [read]
    }),
  )
}

/** A value that is checked on use. */
export function any<T>(): Reader<T> {
  return reading((_, __, value) => value as T)
}

/** The same result for every value. */
export function constant<T>(meaning: T): Reader<T> {
  return reading(() => meaning)
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** The number in an environment variable, or its text if it is not a number. */
export function numeric(text: string): unknown {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text
}
