import { nextTurn, wallMs } from '../machine/clock.ts'
import {
  ExpositionError,
  readLine,
  showUnreadable,
  UNREADABLE_NAME,
  type ExpositionReader,
  type MetricType,
  type UnreadableLine,
} from './exposition.ts'
import { selects, type Selector } from './selector.ts'
import { parseSeriesName, seriesKey } from './series-name.ts'
import { Series } from './series.ts'

/** Lines read per turn of the event loop: about a millisecond of work, to keep requests on time. */
const LINES_PER_TURN = 500
/** Maximum number of distinct unreadable lines kept per instance. */
const UNREADABLE_KEPT = 1_000

/** Failed scrape, with its time. */
export interface ScrapeFailure {
  readonly atMs: number
  readonly message: string
}

/** Unreadable line, with the indexes of its scrapes. */
interface Unreadable {
  readonly line: UnreadableLine
  readonly scrapes: number[]
}

/** All scrapes of one instance: their times and their series. */
export class ScrapeHistory implements ExpositionReader {
  readonly failures: ScrapeFailure[] = []
  readonly types = new Map<string, MetricType>()
  /** Response time of each scrape, ascending (`performance.now()`). */
  readonly #times: number[] = []
  /** Series by name and labels as the target writes them: the text is the same in every scrape. */
  readonly #byText = new Map<string, Series>()
  readonly #byKey = new Map<string, Series>()
  readonly #byName = new Map<string, Series[]>()
  readonly #unreadable = new Map<string, Unreadable>()
  /** Unreadable lines of the current scrape. */
  #refused: UnreadableLine[] = []
  #sampleCount = 0
  /** Number of attempts to read a scrape, including failed ones. */
  #attempt = 0

  get times(): readonly number[] {
    return this.#times
  }

  /**
   * Adds a scrape, in batches of lines. Unreadable lines are recorded and do not affect the others.
   *
   * @throws {ExpositionError} if most of the text is neither Prometheus nor OpenMetrics, or it is empty and an earlier
   * scrape was not; the scrape is then ignored
   */
  async add(atMs: number, text: string): Promise<void> {
    const lines = text.split('\n')
    const readAtMs = wallMs()
    this.#attempt++
    this.#refused = []
    this.#sampleCount = 0
    for (const [index, line] of lines.entries()) {
      if (index > 0 && index % LINES_PER_TURN === 0) await nextTurn()
      readLine(line, index + 1, this, readAtMs)
    }
    const [first] = this.#refused
    const foreign = this.#refused.filter(({ series }) => series === undefined)
    if (first !== undefined && (this.#sampleCount === 0 || foreign.length > this.#sampleCount))
      throw new ExpositionError(showUnreadable(foreign[0] ?? first))
    if (this.#sampleCount === 0 && this.#byKey.size > 0)
      throw new ExpositionError('it contains no metrics, but an earlier scrape did')
    const scrape = this.#times.length
    for (const series of this.#byKey.values()) series.settle(this.#attempt, scrape)
    for (const line of this.#refused) this.#keepUnreadable(line, scrape)
    this.#times.push(atMs)
  }

  sample(text: string, value: number): string | undefined {
    const series = this.#byText.get(text) ?? this.#intern(text)
    if (series === undefined) return UNREADABLE_NAME
    if (!series.offer(this.#attempt, value)) return 'the same series occurs again, with a different value'
    this.#sampleCount++
    return undefined
  }

  type(family: string, type: MetricType): void {
    this.types.set(family, type)
  }

  unreadable(line: UnreadableLine): void {
    this.#refused.push(line)
  }

  /** First unreadable line in these scrapes that may belong to a selected series. */
  unreadableFor(selector: Selector, first: number, last: number): UnreadableLine | undefined {
    for (const { line, scrapes } of this.#unreadable.values()) {
      const isThere = scrapes.some((scrape) => scrape >= first && scrape <= last)
      if (isThere && isAbout(line, selector)) return line
    }
    return undefined
  }

  /** Selected series, including those that have disappeared. */
  select(selector: Selector): readonly Series[] {
    return this.named(selector.name).filter((series) => selects(selector, series))
  }

  named(name: string): readonly Series[] {
    return this.#byName.get(name) ?? []
  }

  /** Names of series, and of declared families without series. */
  names(): ReadonlySet<string> {
    return new Set([...this.#byName.keys(), ...this.types.keys()])
  }

  /** Series that are counters by their type, or by their name if no type is given. */
  *counters(): Generator<Series> {
    for (const name of this.names()) {
      const family = name.replace(/_(total|count|bucket)$/, '')
      const type = this.types.get(name) ?? this.types.get(family)
      const isCounter = type === 'counter' || type === 'histogram' || type === 'summary' || type === undefined
      if (isCounter && (type === 'counter' || /_(total|count|bucket)$/.test(name))) yield* this.named(name)
    }
  }

  #keepUnreadable(line: UnreadableLine, scrape: number): void {
    // The value differs between scrapes.
    const key = line.series === undefined ? line.text.replace(/[^\s,}]*$/, '') : seriesKey(line.series)
    const known = this.#unreadable.get(key)
    if (known !== undefined) known.scrapes.push(scrape)
    else if (this.#unreadable.size < UNREADABLE_KEPT) {
      // A slice would keep the whole text of the scrape in memory.
      const own = { ...line, text: Buffer.from(line.text.slice(0, 500)).toString() }
      this.#unreadable.set(key, { line: own, scrapes: [scrape] })
    }
  }

  #intern(text: string): Series | undefined {
    // A slice would keep the whole text of the scrape in memory.
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

/** Whether a line may belong to a selected series: if its labels are unreadable, by any name that it contains. */
function isAbout({ series, text }: UnreadableLine, selector: Selector): boolean {
  if (series !== undefined) return selects(selector, series)
  const at = text.indexOf(selector.name)
  if (at === -1) return false
  const isPartOfName = (char: string | undefined) => char !== undefined && /[\w:]/.test(char)
  return !isPartOfName(text[at - 1]) && !isPartOfName(text[at + selector.name.length])
}
