import { deserialize, serialize } from 'node:v8'
import { clearTimeout, setTimeout } from '../machine/clock.ts'
import { formatDuration } from '../stats/units.ts'
import { GeneratorError, MissingGeneratorsError } from './errors.ts'
import { missingError } from './meeting.ts'
import type { Members } from './members.ts'
import type { Fact, OnceValue, SharedLog } from './shared-log.ts'

/** Longest value in an entry; a longer one is stored outside the log. */
const MAX_INLINE_BYTES = 16 * 1024
/** Longest value. */
const MAX_VALUE_BYTES = 64 * 1024 * 1024

interface OnceDeps {
  readonly log: SharedLog
  readonly members: Members
  publish(fact: Fact): void
  readonly timeoutMs: number
}

/** One key: claimed by the first generator in the log, which computes the value. */
interface OnceKey {
  claimedBy: number | undefined
  readonly claimed: PromiseWithResolvers<number>
  readonly published: PromiseWithResolvers<OnceValue>
  isSettled: boolean
  /** Of this generator; a second call receives the same. */
  result: Promise<unknown> | undefined
}

/** Values that one generator computes for all. */
export class OnceKeys {
  readonly #index: number
  readonly #deps: OnceDeps
  readonly #keys = new Map<string, OnceKey>()

  constructor(index: number, deps: OnceDeps) {
    this.#index = index
    this.#deps = deps
  }

  get<T>(key: string, compute: () => Promise<T>, by: number | undefined): Promise<T> {
    const one = this.#key(key)
    one.result ??= this.#get(key, one, compute, by)
    return one.result as Promise<T>
  }

  apply(from: number, fact: Extract<Fact, { kind: 'claim' | 'value' }>): void {
    const one = this.#key(fact.key)
    if (fact.kind === 'claim') {
      one.claimedBy ??= from
      one.claimed.resolve(one.claimedBy)
    } else if (from === one.claimedBy) {
      one.isSettled = true
      one.published.resolve(fact.value)
    }
  }

  /** Fails keys whose generator has ended before it published the value. */
  settle(): void {
    const { ended } = this.#deps.members
    if (ended.length === 0) return
    for (const [key, one] of this.#keys)
      if (!one.isSettled && one.claimedBy !== undefined && ended.includes(one.claimedBy))
        this.#reject(one, missingError(this.#deps.members, [one.claimedBy], `it had computed ${key}`))
  }

  /** Nobody came to compute the key in time. */
  expire(key: string): void {
    const one = this.#keys.get(key)
    if (one === undefined || one.claimedBy !== undefined) return
    const waited = formatDuration(this.#deps.timeoutMs)
    const absent = this.#deps.members.all.flatMap((member, index) => (member === undefined ? [index + 1] : []))
    this.#reject(
      one,
      new MissingGeneratorsError(
        `no generator computed ${key} within ${waited}${absent.length === 0 ? '' : `; never started: ${absent.join(', ')}`}`,
        'start all generators at about the same time, with the same files and the same filter',
        absent,
      ),
    )
  }

  fail(error: GeneratorError): void {
    for (const one of this.#keys.values()) this.#reject(one, error)
  }

  async #get<T>(key: string, one: OnceKey, compute: () => Promise<T>, by: number | undefined): Promise<T> {
    const mayCompute = by === undefined || by === this.#index
    if (one.claimedBy === undefined && mayCompute) this.#deps.publish({ kind: 'claim', key })
    const timer = setTimeout(() => this.#deps.publish({ kind: 'expired', key }), this.#deps.timeoutMs)
    const claimedBy = await one.claimed.promise.finally(() => clearTimeout(timer))
    if (claimedBy !== this.#index) return this.#receive(one)
    try {
      const value = await compute()
      this.#deps.publish({ kind: 'value', key, value: await this.#stored(key, value) })
      return value
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error))
      this.#deps.publish({ kind: 'value', key, value: { error: { name, message } } })
      throw error
    }
  }

  async #receive<T>(one: OnceKey): Promise<T> {
    const value = await one.published.promise
    if ('error' in value) throw Object.assign(new Error(value.error.message), { name: value.error.name })
    const bytes = 'data' in value ? Buffer.from(value.data, 'base64') : await this.#deps.log.get(value.blob)
    return deserialize(bytes) as T
  }

  async #stored(key: string, value: unknown): Promise<OnceValue> {
    const bytes = serialize(value)
    if (bytes.byteLength <= MAX_INLINE_BYTES) return { data: bytes.toString('base64') }
    if (bytes.byteLength > MAX_VALUE_BYTES)
      throw new GeneratorError(
        `${key} has ${Math.ceil(bytes.byteLength / 1024 / 1024)} MB; at most ${MAX_VALUE_BYTES / 1024 / 1024} MB can be passed to the other generators`,
        'compute fewer rows or columns',
      )
    const blob = `value:${key}`
    await this.#deps.log.put(blob, bytes)
    return { blob }
  }

  #key(key: string): OnceKey {
    const known = this.#keys.get(key)
    if (known !== undefined) return known
    const one: OnceKey = {
      claimedBy: undefined,
      claimed: Promise.withResolvers(),
      published: Promise.withResolvers(),
      isSettled: false,
      result: undefined,
    }
    for (const { promise } of [one.claimed, one.published] as PromiseWithResolvers<unknown>[]) promise.catch(() => {})
    this.#keys.set(key, one)
    return one
  }

  #reject(one: OnceKey, error: GeneratorError): void {
    one.isSettled = true
    one.claimed.reject(error)
    one.published.reject(error)
  }
}
