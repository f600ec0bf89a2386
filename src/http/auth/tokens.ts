import { ScenarioError } from '../../execution/scenario-error.ts'
import type { Vu } from '../../load/vu.ts'
import { clearTimeout, now, setTimeout } from '../../machine/clock.ts'
import { durationMs } from '../../options/checks.ts'
import { remember } from '../../options/registered-values.ts'
import { isBearerToken, TOKEN_RULE, type AccessToken, type TokenRefresh } from './auth.ts'

/** Calls of `refresh` at one time, so that a run with many VUs does not overload the identity provider. */
const MAX_REFRESHES = 20

/** Longest delay of a Node timer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The current token of a VU, or of all. */
export interface CurrentToken {
  /** Without `Bearer`. */
  readonly value: string
  /** Value of the `Authorization` header. */
  readonly header: string
}

/** The tokens of one run, which are refreshed before they expire. */
export class Tokens<D> {
  readonly #option: TokenRefresh<D>
  readonly #timeoutMs: number
  readonly #onError: (error: Error) => void
  readonly #ended = new AbortController()
  readonly #timers = new Set<NodeJS.Timeout>()
  #running = 0
  readonly #waiting: (() => void)[] = []

  /**
   * @param timeoutMs time limit of a refresh
   * @param onError called with the error of a refresh during the load
   */
  constructor(option: TokenRefresh<D>, timeoutMs: number, onError: (error: Error) => void) {
    this.#option = option
    this.#timeoutMs = timeoutMs
    this.#onError = onError
  }

  /**
   * Fetches the first token of each VU, or one for all.
   *
   * @returns the token of each VU, in their order
   * @throws {ScenarioError} if one cannot be fetched
   */
  async first(vus: readonly Vu<D>[]): Promise<readonly CurrentToken[]> {
    if (this.#option.scope === 'vu') return Promise.all(vus.map((vu) => this.#begin(vu)))
    const [vu] = vus
    const token = vu === undefined ? undefined : await this.#begin(undefined)
    return vus.map(() => token!)
  }

  /** Ends all refreshing. */
  stop(): void {
    this.#ended.abort()
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    for (const next of this.#waiting.splice(0)) next()
  }

  /** @param vu `undefined` for the token of all VUs */
  async #begin(vu: Vu<D> | undefined): Promise<CurrentToken> {
    const token = { value: '', header: '' }
    await this.#renew(vu, token)
    return token
  }

  /** Fetches a token, and schedules the next one. */
  async #renew(vu: Vu<D> | undefined, token: { value: string; header: string }): Promise<void> {
    await this.#turn()
    try {
      if (this.#ended.signal.aborted) return
      const beganMs = now()
      const returned = await this.#call(vu)
      if (this.#ended.signal.aborted) return
      const { value, lifetimeMs } = this.#read(vu, returned)
      // A token of one VU is masked where it may be repeated: thousands of registered secrets would slow reports down.
      if (vu === undefined) remember(value)
      token.value = value
      token.header = `Bearer ${value}`
      if (lifetimeMs < Number.POSITIVE_INFINITY) this.#schedule(vu, token, beganMs + lifetimeMs)
    } finally {
      this.#running--
      this.#waiting.shift()?.()
    }
  }

  /** @param expiryMs when the current token expires (`performance.now()`) */
  #schedule(vu: Vu<D> | undefined, token: { value: string; header: string }, expiryMs: number): void {
    const lifetimeMs = expiryMs - now()
    this.#after(lifetimeMs - Math.min(this.#option.refreshBeforeMs, lifetimeMs / 2), () => {
      const expired = this.#after(expiryMs - now(), () => this.#fail(tooLate(vu)))
      void this.#renew(vu, token)
        .catch((error: unknown) => this.#fail(error as Error))
        .finally(() => this.#cancel(expired))
    })
  }

  #fail(error: Error): void {
    if (this.#ended.signal.aborted) return
    this.stop()
    this.#onError(error)
  }

  /** @throws {ScenarioError} with the reason */
  async #call(vu: Vu<D> | undefined): Promise<unknown> {
    const { signal } = this.#ended
    const { promise: stopped, reject } = Promise.withResolvers<never>()
    const onAbort = () => reject(new Error('the run has ended'))
    signal.addEventListener('abort', onAbort, { once: true })
    const timer = this.#after(this.#timeoutMs, () => reject(new Error(`no token within ${this.#timeoutMs} ms`)))
    try {
      return await Promise.race([this.#option.refresh({ signal, vu: vu as Vu<D> }), stopped])
    } catch (error) {
      if (signal.aborted) return undefined
      const reason = error instanceof Error ? error.message : String(error)
      throw new ScenarioError(
        `refresh() of bearerAuth() failed${ofVu(vu)}: ${reason}\nFix: check the identity provider, and the request that refresh() sends`,
        { cause: error },
      )
    } finally {
      this.#cancel(timer)
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** @throws {ScenarioError} if it is not a token */
  #read(vu: Vu<D> | undefined, returned: unknown): { value: string; lifetimeMs: number } {
    const { token, expiresIn } = (
      typeof returned === 'object' && returned !== null ? returned : {}
    ) as Partial<AccessToken>
    const lifetimeMs = expiresIn === undefined ? Number.POSITIVE_INFINITY : durationMs(expiresIn)
    // The received value is not shown: it may be a secret.
    const wrong = !isBearerToken(token)
      ? `token ${TOKEN_RULE}`
      : lifetimeMs === undefined || lifetimeMs <= 0
        ? 'expiresIn must be a duration above 0'
        : undefined
    if (wrong === undefined) return { value: token!, lifetimeMs: lifetimeMs! }
    throw new ScenarioError(
      `refresh() of bearerAuth() returned an invalid token${ofVu(vu)}, because ${wrong}\n` +
        'Fix: return { token, expiresIn }, for example the access_token of the response and 1000 * its expires_in',
    )
  }

  #after(delayMs: number, call: () => void): NodeJS.Timeout {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer)
        call()
      },
      Math.min(LONGEST_TIMER_MS, Math.max(0, delayMs)),
    )
    this.#timers.add(timer)
    return timer
  }

  #cancel(timer: NodeJS.Timeout): void {
    clearTimeout(timer)
    this.#timers.delete(timer)
  }

  /** Waits until fewer than {@link MAX_REFRESHES} are running. */
  async #turn(): Promise<void> {
    if (this.#running >= MAX_REFRESHES) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#running++
  }
}

function ofVu(vu: Vu<unknown> | undefined): string {
  return vu === undefined ? '' : ` for VU ${vu.id}`
}

function tooLate(vu: Vu<unknown> | undefined): ScenarioError {
  return new ScenarioError(
    `the token of bearerAuth()${ofVu(vu)} expired before refresh() returned a new one\n` +
      'Fix: raise refreshBefore, or find out why the identity provider is slow',
  )
}
