/** A version and when its write began and was acknowledged, on the probe's clock. */
interface Written {
  readonly version: number
  readonly startedMs: number
  readonly acknowledgedMs: number
}

/**
 * Versions in the order they were written, and how stale a response is against them.
 *
 * A response that holds version v is stale from the moment v's successor was acknowledged. Its staleness is the time from
 * that moment to the moment the response was *requested*: what it could have known and did not. Time between asking and
 * responding is left out, so the figure is a lower bound, and never blames a slow response on the cache. One process writes
 * and reads, so one clock serves both.
 */
export class WrittenVersions {
  readonly #written: Written[] = []
  /** When the write began that is under way, or was when the probe stopped. */
  #pendingSinceMs: number | undefined

  get newest(): number | undefined {
    return this.#written.at(-1)?.version
  }

  /** When the first write was acknowledged; 0 before there is one. */
  get firstMs(): number {
    return this.#written[0]?.acknowledgedMs ?? 0
  }

  /** The newest version that had been acknowledged by then. */
  newestAt(atMs: number): number | undefined {
    return this.#written.findLast(({ acknowledgedMs }) => acknowledgedMs <= atMs)?.version
  }

  countIn(isIn: (acknowledgedMs: number) => boolean): number {
    return this.#written.filter(({ acknowledgedMs }) => isIn(acknowledgedMs)).length
  }

  /** A write begins. Its version can be read from now on, although nobody knows it yet. */
  begin(startedMs: number): void {
    this.#pendingSinceMs = startedMs
  }

  /** @throws {RangeError} if the version is not above the one before it: staleness would mean nothing */
  acknowledge(version: number, acknowledgedMs: number): void {
    const { newest } = this
    if (newest !== undefined && !(version > newest))
      throw new RangeError(`write() gave version ${version} after ${newest}; versions must grow with every write`)
    this.#written.push({ version, startedMs: this.#pendingSinceMs ?? acknowledgedMs, acknowledgedMs })
    this.#pendingSinceMs = undefined
  }

  /**
   * What a version is that a read showed: written by then, older than all writes (of what was there before the probe),
   * perhaps that of the write under way, or none that was written.
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
  stalenessMs(version: number, askedMs: number): number {
    const successor = this.#written.find((written) => written.version > version)
    return successor === undefined ? 0 : Math.max(0, askedMs - successor.acknowledgedMs)
  }
}
