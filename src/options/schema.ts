import { checkKnownKeys } from './known-keys.ts'
import { joined, Problems, type Problem } from './problems.ts'

/**
 * Reader of one value that a user wrote, such as an option. Every mistake is added to `problems`; the result is then not
 * used (NaN for a number, otherwise mostly `undefined`).
 */
export interface Reader<T, Unit extends string = ''> {
  /** Suffix of the name under which an option is read: `timeout` becomes `timeoutMs`. */
  readonly unit: Unit
  /** Reader of the results of this reader, for values from plain data. @default this reader */
  readonly ofData?: Reader<T, string> | undefined
  /** @param path path of the value as a user writes it: `load.stages[1].target`, empty for the options of a call */
  read(problems: Problems, path: string, value: unknown): T
}

/** One reader for each option. */
type Fields = Readonly<Record<string, Reader<unknown, string>>>

type TypeOf<R> = R extends Reader<infer T, string> ? T : never
type UnitOf<R> = R extends Reader<unknown, infer Unit> ? Unit : never

/** Result of these fields: their values by name and unit. */
export type ReadFields<F> = { readonly [K in keyof F & string as `${K}${UnitOf<F[K]>}`]: TypeOf<F[K]> }

/** Result of a reader. */
export type ReadOf<R> = TypeOf<R>

/** A broken rule over several options. */
export interface Broken<F> {
  /** The option to report. @default the whole object */
  readonly option?: keyof F & string
  /** @default the value of the option */
  readonly received?: unknown
  /** Completes a sentence that begins with the option: `must not be shorter than lateThreshold`. */
  readonly rule: string
  readonly example: string
}

export interface ObjectReader<F> extends Reader<ReadFields<F>> {
  /** Names of the options. */
  readonly names: readonly string[]
  /**
   * The same reader with a rule over several options. It is not applied if one of them is invalid.
   *
   * @param check returns the broken rule, or `undefined`
   */
  rule<K extends keyof F & string>(
    options: readonly K[],
    check: (read: ReadFields<Pick<F, K>>, given: Readonly<Record<keyof F, unknown>>) => Broken<F> | undefined,
  ): ObjectReader<F>
}

type Rule<F> = readonly [
  options: readonly string[],
  check: (read: ReadFields<F>, given: Readonly<Record<keyof F, unknown>>) => Broken<F> | undefined,
]

/**
 * Reader of an object of options. Known names, defaults, the result's type and the errors follow from one line per option.
 * The compiler rejects a missing field, and one that the interface does not have:
 *
 * ```ts
 * const OPTIONS = object<RunOptions>()({
 *   timeout: optional(duration({ max: 600_000 }), 10_000),
 *   rate: rate({ above: 0, example: 50 }),
 * })
 * const { timeoutMs, ratePerSec } = readOptions('run()', OPTIONS, options)
 * ```
 */
export function object<Options>() {
  return <F extends { readonly [K in keyof Options & string]-?: Reader<unknown, string> }>(
    fields: F & Readonly<Record<Exclude<keyof F, keyof Options>, never>>,
    texts: Texts = { example: '{ … }' },
  ): ObjectReader<F> => {
    const entries = Object.entries(fields as Fields).map(([name, reader]) => {
      return { option: name, name, key: `${name}${reader.unit}`, reader }
    })
    return objectReader<F>(entries, texts, [])
  }
}

/** Rule and example for a value that is not an object. */
interface Texts {
  /** @default 'must be an object' */
  readonly rule?: string
  readonly example: string
  /** Whether an unknown option may hold a secret, which is not shown. @default false */
  readonly isSecret?: boolean
}

interface Entry {
  /** Name in rules. */
  readonly option: string
  /** Name in the user's object. */
  readonly name: string
  /** Name in the result. */
  readonly key: string
  readonly reader: Reader<unknown, string>
}

function objectReader<F>(entries: readonly Entry[], texts: Texts, rules: readonly Rule<F>[]): ObjectReader<F> {
  const names = entries.map(({ name }) => name)
  return {
    unit: '',
    names,
    get ofData() {
      const plain = entries.map(({ reader, ...entry }) => ({
        ...entry,
        name: entry.key,
        reader: reader.ofData ?? reader,
      }))
      return objectReader<F>(plain, texts, rules)
    },
    read(problems, path, value) {
      if (!isRecord(value)) {
        problems.add(path === '' ? 'options' : path, value, texts.rule ?? 'must be an object', texts.example)
        return {} as never
      }
      checkKnownKeys(problems, path, texts.isSecret === true ? hidden(value) : value, names)
      const read: Record<string, unknown> = {}
      const wrong = new Set<string>()
      for (const { option, name, key, reader } of entries) {
        const before = problems.count
        read[key] = reader.read(problems, joined(path, name), value[name])
        if (problems.count > before) wrong.add(option)
      }
      for (const [options, check] of rules) {
        if (options.some((option) => wrong.has(option))) continue
        const broken = check(read as ReadFields<F>, value as Record<keyof F, unknown>)
        if (broken === undefined) continue
        const { option, rule, example } = broken
        const { received = option === undefined ? value : value[option] } = broken
        problems.add(joined(path, option ?? ''), received, rule, example)
      }
      return read as ReadFields<F>
    },
    rule: (options, check) => objectReader(entries, texts, [...rules, [options, check as unknown as Rule<F>[1]]]),
  }
}

function hidden(value: object): object {
  return Object.fromEntries(Object.keys(value).map((name) => [name, '…']))
}

/** Reader of an optional option. @param otherwise its default */
export function optional<T, Unit extends string>(reader: Reader<T, Unit>): Reader<T | undefined, Unit>
export function optional<T, Unit extends string>(reader: Reader<T, Unit>, otherwise: NoInfer<T>): Reader<T, Unit>
export function optional<T, Unit extends string>(reader: Reader<T, Unit>, otherwise?: T): Reader<T | undefined, Unit> {
  const { ofData = reader } = reader
  return {
    unit: reader.unit,
    // In data, defaults are already filled in.
    ofData: otherwise === undefined ? { unit: '', read: unlessLeftOut(ofData, undefined) } : ofData,
    read: unlessLeftOut(reader, otherwise),
  }
}

function unlessLeftOut<T>(reader: Reader<T, string>, otherwise: T | undefined): Reader<T | undefined>['read'] {
  return (problems, path, value) => (value === undefined ? otherwise : reader.read(problems, path, value))
}

/** Reader that converts a valid result. */
export function map<T, U>(reader: Reader<T, string>, change: (read: T) => U): Reader<U> {
  return {
    unit: '',
    get ofData() {
      return reader.ofData && map(reader.ofData, change)
    },
    read(problems, path, value) {
      const before = problems.count
      const read = reader.read(problems, path, value)
      return problems.count > before ? (undefined as never) : change(read)
    },
  }
}

/** Reader that chooses another one by the value. */
export function choose<T>(reader: (value: unknown) => Reader<T, string>): Reader<T> {
  return reading((problems, path, value) => reader(value).read(problems, path, value))
}

/** Reader that checks a value with another one, and returns it unchanged. */
export function asWritten<T>(reader: Reader<unknown, string>): Reader<T> {
  return reading((problems, path, value) => {
    reader.read(problems, path, value)
    return value as T
  })
}

/** Reader with a custom function. */
export function reading<T>(read: (problems: Problems, path: string, value: unknown) => T): Reader<T> {
  return { unit: '', read }
}

/**
 * Reads the options of a call.
 *
 * @param subject the call as a user writes it: `http.run()`
 * @throws {OptionsError} with every mistake
 */
export function readOptions<T>(subject: string, reader: Reader<T, string>, options: unknown): T {
  const problems = new Problems()
  const read = reader.read(problems, '', options)
  problems.throwIfAny(subject)
  return read
}

/** Every mistake in a value, for options that are read again on use. */
export function mistakesIn(reader: Reader<unknown, string>, value: unknown): readonly Problem[] {
  const problems = new Problems()
  reader.read(problems, '', value)
  return problems.found
}

/**
 * Reads an environment variable, which overrides an option.
 *
 * @param parse converts its text to the value of an option. Default: the text itself
 * @returns `undefined` if it is not set
 */
export function readVariable<T>(
  problems: Problems,
  env: NodeJS.ProcessEnv,
  name: string,
  reader: Reader<T>,
  parse: (text: string) => unknown = (text) => text,
): T | undefined {
  const text = env[name]
  return text === undefined || text === '' ? undefined : reader.read(problems, name, parse(text))
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
