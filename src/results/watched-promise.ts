/**
 * A promise that records whether it is awaited: by `await`, `then()`, `catch()`, `finally()`, or by a function such as
 * `Promise.all()`. `await` of a plain promise cannot be observed; `await` of a subclass calls `then()`.
 */
export class WatchedPromise<T> extends Promise<T> {
  // What `then()` returns is a plain promise.
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  #passesOn = 0
  #next: WatchedPromise<unknown> | undefined
  #isAwaited = false

  /**
   * @param passesOn number of `then()` calls by Vitest, each of which returns the next promise: one for the promise of a
   * matcher, two under `expect.soft`
   */
  static over<T>(promise: Promise<T>, passesOn = 0): WatchedPromise<T> {
    const watched = new WatchedPromise<T>((resolve) => resolve(promise))
    watched.#passesOn = passesOn
    // The watcher reports a rejection that is not awaited.
    void watched.#then(undefined, () => {})
    return watched
  }

  get isAwaited(): boolean {
    return this.#next?.isAwaited ?? this.#isAwaited
  }

  /** Waits for the promise without counting as an await. */
  async settled(): Promise<void> {
    await this.#then(undefined, () => {})
  }

  // oxlint-disable-next-line unicorn/no-thenable -- overrides `then()` of a promise
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    const result = this.#then(onFulfilled, onRejected)
    if (this.#passesOn > 0 && this.#next === undefined) {
      const next = WatchedPromise.over(result, this.#passesOn - 1)
      this.#next = next
      return next
    }
    this.#isAwaited = true
    return result
  }

  #then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return super.then(onFulfilled, onRejected)
  }
}
