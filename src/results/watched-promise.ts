/**
 * A promise that records whether anybody waits for it: `await`, `then()`, `catch()`, `finally()`, and everything that takes
 * promises, such as `Promise.all()`. `await` of a plain promise cannot be observed; that of a subclass calls `then()`.
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
   * @param passesOn how many calls of `then()` belong to Vitest, each of which hands what it gets on to the next: for the
   * promise of a matcher one, for one under `expect.soft` two
   */
  static over<T>(promise: Promise<T>, passesOn = 0): WatchedPromise<T> {
    const watched = new WatchedPromise<T>((resolve) => resolve(promise))
    watched.#passesOn = passesOn
    // A rejection that nobody waits for is the watcher's to report.
    void watched.#then(undefined, () => {})
    return watched
  }

  get isAwaited(): boolean {
    return this.#next?.isAwaited ?? this.#isAwaited
  }

  /** Waits for it without being counted. */
  async settled(): Promise<void> {
    await this.#then(undefined, () => {})
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a promise, which overrides what is there
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
