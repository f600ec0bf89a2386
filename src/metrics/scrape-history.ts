import { nextTurn } from '../machine/clock.ts'
import { readLine, type ExpositionReader, type MetricType } from './exposition.ts'
import type { Selector } from './selector.ts'
import { selects } from './selector.ts'
import { Series } from './series.ts'
import { parseSeriesName, seriesKey } from './series-name.ts'

/** Lines read in one turn of the event loop: about a millisecond's work, so that requests stay on time. */
const LINES_PER_TURN = 500

/** A scrape that failed, and when. */
export interface ScrapeFailure {
  readonly atMs: number
  readonly message: string
}

/** Every scrape of one instance: the time of each, and each series through all of them. */
export class ScrapeHistory implements ExpositionReader {
  readonly failures: ScrapeFailure[] = []
  readonly types = new Map<string, MetricType>()
  /** When each scrape was answered, ascending (`performance.now()`). */
  readonly #times: number[] = []
  /** By name and labels as the target writes them: the same text comes scrape after scrape. */
  readonly #byText = new Map<string, Series>()
  readonly #byKey = new Map<string, Series>()
  readonly #byName = new Map<string, Series[]>()
  #scrape = -1

  get times(): readonly number[] {
    return this.#times
  }

  /**
   * Adds a scrape, a slice of its lines at a time.
   *
   * @throws {ExpositionError} where the text is neither Prometheus nor OpenMetrics; nothing is then counted as scraped
   */
  async add(atMs: number, text: string): Promise<void> {
    const lines = text.split('\n')
    this.#scrape = this.#times.length
    for (const [index, line] of lines.entries()) {
      if (index > 0 && index % LINES_PER_TURN === 0) await nextTurn()
      readLine(line, index + 1, this)
    }
    for (const series of this.#byKey.values()) series.missIn(this.#scrape)
    this.#times.push(atMs)
  }

  sample(text: string, value: number): boolean {
    const series = this.#byText.get(text) ?? this.#intern(text)
    series?.add(this.#scrape, value)
    return series !== undefined
  }

  type(family: string, type: MetricType): void {
    this.types.set(family, type)
  }

  /** Series that a selector picks, whether or not they are still there. */
  select(selector: Selector): readonly Series[] {
    return this.named(selector.name).filter((series) => selects(selector, series))
  }

  named(name: string): readonly Series[] {
    return this.#byName.get(name) ?? []
  }

  /** Names of series, and of families that were announced and have none yet. */
  names(): ReadonlySet<string> {
    return new Set([...this.#byName.keys(), ...this.types.keys()])
  }

  get seriesCount(): number {
    return this.#byKey.size
  }

  #intern(text: string): Series | undefined {
    // A slice of the scrape's text would keep the whole of it alive.
    const ownText = Buffer.from(text).toString()
    const name = parseSeriesName(ownText)
    if (name === undefined) return undefined
    const key = seriesKey(name)
    const known = this.#byKey.get(key)
    const series = known ?? new Series(name)
    this.#byText.set(ownText, series)
    if (known !== undefined) return known
    this.#byKey.set(key, series)
    const alike = this.#byName.get(series.name)
    if (alike === undefined) this.#byName.set(series.name, [series])
    else alike.push(series)
    return series
  }
}
