/** A version, and when its write began and was acknowledged on the probe's clock. */
interface Written {
  readonly version: number
  readonly startedMs: number
  readonly acknowledgedMs: number
}

/**
 * Versions in the order they were written, and the staleness of responses.
 *
 * A response with version v is stale from the moment v's successor was acknowledged. Its staleness is the time from that
 * moment until the response was *requested*. The time from request to response is left out, so the figure is a lower
 * bound, and a slow response is never attributed to the cache. One process writes and reads, so both use one clock.
 */
export class WrittenVersions {
  readonly #written: Written[] = []
  /** Start of the write in progress, or of the one that was when the probe stopped. */
  #pendingSinceMs: number | undefined

  get newest(): number | undefined {
    return this.#written.at(-1)?.version
  }

  /** When the first write was acknowledged; 0 before that. */
  get firstMs(): number {
    return this.#written[0]?.acknowledgedMs ?? 0
  }

  /** The newest version acknowledged by a time. */
  newestAt(atMs: number): number | undefined {
    return this.#written.findLast(({ acknowledgedMs }) => acknowledgedMs <= atMs)?.version
  }

  countIn(isIn: (acknowledgedMs: number) => boolean): number {
    return this.#written.filter(({ acknowledgedMs }) => isIn(acknowledgedMs)).length
  }

  /** Records the start of a write. Its version can be read from now on, although it is not known yet. */
  begin(startedMs: number): void {
    this.#pendingSinceMs = startedMs
  }

  /** @throws {RangeError} if the version is not greater than the previous one */
  acknowledge(version: number, acknowledgedMs: number): void {
    const { newest } = this
    if (newest !== undefined && !(version > newest))
      throw new RangeError(
        `write() returned version ${version} after ${newest}; versions must grow with every write\n` +
          'Fix: return a number that each write increases, such as a counter or the time of the write',
      )
    this.#written.push({ version, startedMs: this.#pendingSinceMs ?? acknowledgedMs, acknowledgedMs })
    this.#pendingSinceMs = undefined
  }

  /**
   * Origin of a version that a read showed: `written` by then, `older` than all writes (from before the probe), `pending`
   * if it may be that of the write in progress, or `unknown` if it was never written.
   */
  originOf(version: number, respondedMs: number): 'written' | 'older' | 'pending' | 'unknown' {
    const written = this.#written.find((one) => one.version === version)
    if (written !== undefined) return written.startedMs <= respondedMs ? 'written' : 'unknown'
    const [first] = this.#written
    if (first !== undefined && version < first.version) return 'older'
    const isNewer = this.newest === undefined || version > this.newest
    return isNewer && this.#pendingSinceMs !== undefined && this.#pendingSinceMs <= respondedMs ? 'pending' : 'unknown'
  }

  /** How stale a response with this version is if it was requested at this moment. 0 if nothing newer was known. */
  stalenessMs(version: number, calledMs: number): number {
    const successor = this.#written.find((written) => written.version > version)
    return successor === undefined ? 0 : Math.max(0, calledMs - successor.acknowledgedMs)
  }
}
