/** Kinds that are counted apart. A framing may describe each closing with another text. */
const MOST_KINDS = 100

/** Closed connections, by code: reasons in close frames may differ for each. */
export class Closings {
  readonly #counts = new Map<string, number>()

  /** @param why such as `closed with code 1012 (service restart): deploy 7` */
  add(why: string): void {
    const kind = /^closed with code \d+(?: \([^)]*\))?/.exec(why)?.[0] ?? why
    const counted = this.#counts.has(kind) || this.#counts.size < MOST_KINDS ? kind : 'other reasons'
    this.#counts.set(counted, (this.#counts.get(counted) ?? 0) + 1)
  }

  /** `undefined` if no connection was closed. */
  get counts(): Readonly<Record<string, number>> | undefined {
    return this.#counts.size === 0 ? undefined : Object.fromEntries(this.#counts)
  }
}
