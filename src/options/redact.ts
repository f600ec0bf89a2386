import { withoutControls, withoutUnseen } from './control-characters.ts'
import { MASK } from './found.ts'
import { maskKnown } from './known-secrets.ts'
import { maskCsv } from './secret-csv.ts'
import { maskForms, maskMessage } from './secret-forms.ts'
import { isSecretName, isSecretNumberName } from './secret-names.ts'
import { maskTables } from './secret-tables.ts'
import { isMessage } from './sentence.ts'

/**
 * The text with secrets masked: passwords in connection strings, authorization and cookie headers, bearer and well-known
 * tokens, values with the name of a secret (`token`, `secret`, `password`, …), and all query values. It recognizes forms,
 * not meanings: a secret that looks like a word is masked only if it is in `secrets`. Takes time linear in the length.
 *
 * Styles are always removed, and control and invisible characters always escaped, see {@link withoutControls}. They are
 * ignored when secrets are searched for, as they could separate a name from its value.
 *
 * @param secrets known secrets; those under 6 characters are not masked, as they would mask ordinary words
 * @param masks whether to mask secrets. Default: true
 */
export function redactText(given: string, secrets: readonly string[] = [], masks = true): string {
  if (!masks) return withoutControls(given)
  const plain = withoutUnseen(given)
  const clean = maskForms(maskCsv(maskTables(maskKnown(plain, secrets))))
  return withoutControls(clean === plain ? given : clean)
}

/** Secrets of a URL: its password, as written and decoded, and secret parameters. Empty if there are none. */
export function secretsOf(url: string): readonly string[] {
  if (!URL.canParse(url)) return []
  const { password, searchParams } = new URL(url)
  const secrets = new Set<string>()
  for (const [name, value] of searchParams) if (isSecretName(name) || name === 'sslpassword') secrets.add(value)
  if (password !== '') secrets.add(password)
  try {
    if (password !== '') secrets.add(decodeURIComponent(password))
  } catch {
    // A stray percent sign: the password cannot be decoded.
  }
  return [...secrets]
}

/**
 * A copy of data with {@link redactText} applied to every string, in objects, arrays, maps, sets and errors. Values with
 * the name of a secret are masked completely. Other numbers, booleans and null are unchanged.
 */
export function redactData<T>(value: T, secrets: readonly string[] = [], masks = true): T {
  return new Redaction(secrets, masks, false).copy(value) as T
}

/**
 * Like {@link redactData}, and masks every text within a value with the name of a secret: for data of users. In our own
 * records such a name may be a tag, with figures below it.
 */
export function redactGiven<T>(value: T, secrets: readonly string[] = [], masks = true): T {
  return new Redaction(secrets, masks, true).copy(value) as T
}

/**
 * Like {@link redactGiven}, for a value at a path of names such as `login.token`, of which one may indicate that it is
 * secret. Numbers, booleans and lengths are unchanged.
 */
export function redactAt(path: string, value: unknown, secrets: readonly string[] = []): unknown {
  const name = secretOrLast(path)
  const { [name]: clean } = redactGiven({ [name]: value }, secrets)
  return clean
}

/**
 * The first name of a path that indicates a secret, or the last name. `auth` and `session` group options, most of which
 * have no secret: `auth.refreshBefore`.
 */
export function secretOrLast(path: string): string {
  const names = path.split('.')
  const own = names.findLastIndex((name) => !/^\d+$/.test(name))
  return names.find((name, at) => isSecretName(name) && (at === own || !GROUPS.has(name))) ?? names.at(-1)!
}

const GROUPS = new Set(['auth', 'session'])

class Redaction {
  readonly #secrets: readonly string[]
  readonly #copies = new Map<object, unknown>()

  readonly #masks: boolean
  readonly #isDeep: boolean
  /** Whether values within one with the name of a secret are copied. */
  #isWithin = false

  constructor(secrets: readonly string[], masks: boolean, isDeep: boolean) {
    this.#secrets = secrets
    this.#masks = masks
    this.#isDeep = isDeep && masks
  }

  copy(value: unknown): unknown {
    if (this.#isWithin && isText(value)) return MASK
    if (typeof value === 'string') return redactText(value, this.#secrets, this.#masks)
    if (typeof value !== 'object' || value === null) return value
    if (this.#copies.has(value)) return this.#copies.get(value)
    if (Array.isArray(value)) return this.#list(value)
    if (value instanceof Map) return new Map(this.#entries([...value]))
    if (value instanceof Set) return new Set([...value].map((item) => this.copy(item)))
    if (value instanceof Date || ArrayBuffer.isView(value)) return value
    return this.#object(value)
  }

  #list(list: readonly unknown[]): readonly unknown[] {
    // Histograms and timelines are long arrays of numbers without secrets.
    if (typeof list[0] === 'number' && list.every((item) => typeof item === 'number')) return list
    const copy: unknown[] = []
    this.#copies.set(list, copy)
    // `['x-api-key', '…']`: alternating names and values, as headers are often stored.
    for (const [at, item] of list.entries()) {
      const name: unknown = list[at - 1]
      const isValue = this.#masks && at % 2 === 1 && list.length % 2 === 0 && typeof item === 'string'
      copy.push(isValue && typeof name === 'string' && isSecretName(name) ? MASK : this.copy(item))
    }
    return copy
  }

  #object(value: object): unknown {
    if (isProblem(value)) {
      const [path, rule, fix] = [value.path, value.rule, value.fix].map((text) => this.#message(text))
      return { path, received: this.copy(value.received), rule, fix }
    }
    const copy: Record<string, unknown> = {}
    this.#copies.set(value, copy)
    // These properties of an error are not enumerable.
    const properties = value instanceof Error ? { name: value.name, message: value.message, stack: value.stack } : {}
    const own = { ...properties, ...value }
    for (const [key, item] of this.#entries(Object.entries(own)))
      Object.defineProperty(copy, key, { value: item, enumerable: true, writable: true, configurable: true })
    // `{ name: 'x-api-key', value: '…' }`, as in recorded requests.
    const { name, key = name, value: held } = value as { name?: unknown; key?: unknown; value?: unknown }
    if (this.#masks && typeof key === 'string' && typeof held === 'string' && isSecretName(key)) copy['value'] = MASK
    return copy
  }

  #entries(entries: readonly (readonly [unknown, unknown])[]): readonly (readonly [string, unknown])[] {
    return entries.map(([key, item]) => {
      const name = String(key)
      return [this.#key(name), this.#isSecret(name, item) ? MASK : this.#copyOf(name, item)] as const
    })
  }

  #copyOf(name: string, item: unknown): unknown {
    if (!this.#isDeep || this.#isWithin || !isSecretName(name)) return this.copy(item)
    if (typeof item === 'string') return this.copy(item)
    this.#isWithin = true
    const copy = this.copy(item)
    this.#isWithin = false
    return copy
  }

  #isSecret(name: string, item: unknown): boolean {
    if (!this.#masks) return false
    if (typeof item === 'string') return item !== '' && isSecretName(name) && !isMessage(item)
    if (typeof item === 'number' || typeof item === 'bigint') return isSecretNumberName(name)
    return (
      Array.isArray(item) &&
      item.length > 0 &&
      item.every((one) => typeof one === 'string') &&
      isSecretName(name) &&
      !item.every((one) => isMessage(one))
    )
  }

  /** One of our own messages. */
  #message(text: string): string {
    return withoutControls(this.#masks ? maskMessage(maskKnown(text, this.#secrets)) : text)
  }

  /** The redacted key. Ordinary names, of which a timeline has thousands, are not searched. */
  #key(key: string): string {
    return /^[A-Za-z0-9]{1,24}$/.test(key) && !this.#secrets.includes(key)
      ? key
      : redactText(key, this.#secrets, this.#masks)
  }
}

/** An invalid option as data, see `Problem`: all but the received value are our own words. */
interface OptionProblem extends Readonly<Record<'path' | 'rule' | 'fix', string>> {
  readonly received: unknown
}

function isProblem(value: object): value is OptionProblem {
  // Results have a million objects without a rule.
  if (!Object.hasOwn(value, 'rule')) return false
  if (Object.keys(value).toSorted().join() !== 'fix,path,received,rule') return false
  const { path, rule, fix } = value as OptionProblem
  return [path, rule, fix].every((text) => typeof text === 'string')
}

function isText(value: unknown): boolean {
  return (typeof value === 'string' && value !== '') || ArrayBuffer.isView(value)
}
