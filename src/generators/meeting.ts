import { formatDuration } from '../stats/units.ts'
import { MissingGeneratorsError, type GeneratorError } from './errors.ts'
import type { Members } from './members.ts'

/** What each generator brought, by index, and the time at which the last one came. */
export interface Met {
  readonly values: readonly unknown[]
  readonly atMs: number
}

/** A key at which every generator must come once. Settled by the log, so on every generator alike. */
export class Meeting {
  readonly key: string
  /** Settled when all have come, one of them cannot come any more, or one waited too long. */
  readonly outcome: Promise<Met>
  /** By index, of those who have come. */
  readonly values = new Map<number, unknown>()
  /** Whether this generator has come. */
  isMine = false
  readonly #resolve: (met: Met) => void
  readonly #reject: (error: GeneratorError) => void
  #isSettled = false

  constructor(key: string) {
    this.key = key
    const { promise, resolve, reject } = Promise.withResolvers<Met>()
    this.outcome = promise
    this.#resolve = resolve
    this.#reject = reject
    // It may fail before this generator has come.
    promise.catch(() => {})
  }

  get isSettled(): boolean {
    return this.#isSettled
  }

  /**
   * Settles the meeting if it can be. Called after every entry of the log.
   *
   * @param waitsForOthers whether the rest is awaited although a generator is lost
   */
  settle(members: Members, atMs: number, waitsForOthers: boolean): void {
    if (this.#isSettled) return
    const missing = members.all.flatMap((_, index) => (this.values.has(index) ? [] : [index]))
    if (missing.length === 0) {
      this.#isSettled = true
      this.#resolve({ values: members.all.map((_, index) => this.values.get(index)), atMs })
      return
    }
    const ended = missing.filter((index) => members.ended.includes(index))
    if (ended.length === 0 || (waitsForOthers && ended.length < missing.length)) return
    this.fail(missingError(members, ended, this.key))
  }

  /** @param waitedMs time for which the first generator waited */
  expire(members: Members, waitedMs: number): void {
    const missing = members.all.flatMap((_, index) => (this.values.has(index) ? [] : [index]))
    this.fail(expiredError(members, missing, this.key, waitedMs))
  }

  fail(error: GeneratorError): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#reject(error)
  }
}

/** Error about generators that are lost or have left. @param indexes at least one */
export function missingError(members: Members, indexes: readonly number[], key: string): MissingGeneratorsError {
  const how = indexes.map((index) => {
    const { state, node } = members.all[index]!
    return `generator ${index + 1} (${node}) ${state === 'left' ? 'has ended' : 'was lost'}`
  })
  const fix = indexes.some((index) => members.all[index]!.state === 'lost')
    ? 'look at the log of that generator for a crash, a lack of memory, or a time-out of its job; the run must be repeated with all generators'
    : 'run the same files with the same filter on every generator, and let scenarios differ only by the data of their VUs'
  return new MissingGeneratorsError(`${how.join(', ')} before ${key}`, fix, numbers(indexes))
}

function expiredError(
  members: Members,
  missing: readonly number[],
  key: string,
  waitedMs: number,
): MissingGeneratorsError {
  const waited = formatDuration(waitedMs)
  const absent = missing.filter((index) => members.all[index] === undefined)
  if (absent.length > 0)
    return new MissingGeneratorsError(
      `${absent.length} of ${members.count} generators never started: ${list(absent)} did not come within ${waited} (${key})`,
      'start all generators at about the same time, with the same PERF_RENDEZVOUS_URL and run id; if their machines start slowly, raise PERF_RENDEZVOUS_TIMEOUT, e.g. to 10m',
      numbers(absent),
    )
  return new MissingGeneratorsError(
    `${missing.length} of ${members.count} generators did not come to ${key} within ${waited}: ${list(missing)}`,
    'run the same files with the same filter on every generator, and let scenarios differ only by the data of their VUs',
    numbers(missing),
  )
}

function list(indexes: readonly number[]): string {
  return `${indexes.length === 1 ? 'generator' : 'generators'} ${numbers(indexes).join(', ')}`
}

function numbers(indexes: readonly number[]): readonly number[] {
  return indexes.map((index) => index + 1)
}
