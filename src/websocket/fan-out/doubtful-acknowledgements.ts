import { formatCount } from '../../stats/units.ts'

/** Words by which targets report that they reject a request, as such or in `join_error` and `joinError`. */
const REJECTION =
  /(?<![a-z])(?:errors?|denied|forbidden|unauthori[sz]ed|rejected|refused|invalid|failed|failure|not[ _-]allowed)(?![a-z])/i
const CAPITALIZED = /[a-z](?:Error|Denied|Rejected|Refused|Failed)(?![a-z])/
/** An outcome in which nothing failed: `"error":null`. */
const NO_FAILURE = /"(?:errors?|rejected|failed|failure|invalid)"\s*:\s*(?:null|false|0|""|\[\s*\]|\{\s*\})/gi
/** Number of characters that are searched: a rejection is short, and further text may be content. */
const SEARCHED = 300
/** Number of acknowledgements that are searched. */
const LOOKS = 1_000

/**
 * Messages that the scenario accepts as acknowledgements although they look like rejections, as a function that accepts every
 * message does. The client then counts as subscribed, and what it does not receive is blamed on the target.
 */
export class DoubtfulAcknowledgements {
  #looks = 0
  #count = 0
  #sample: string | undefined

  /** @param shown returns a text of the target, shortened and without secrets */
  accepted(data: Buffer, isBinary: boolean, shown: (text: string) => string): void {
    if (isBinary || this.#looks++ >= LOOKS) return
    const text = data.toString('utf8', 0, SEARCHED).replaceAll(NO_FAILURE, '')
    if (!REJECTION.test(text) && !CAPITALIZED.test(text)) return
    this.#count++
    this.#sample ??= shown(data.toString('utf8'))
  }

  /** Note for reports; empty if there were none. @param option that accepted them */
  notes(option: string): readonly string[] {
    if (this.#sample === undefined) return []
    const messages =
      this.#count === 1
        ? 'a message that looks like a rejection'
        : `${formatCount(this.#count)} messages that look like rejections, the first`
    return [
      `${option} accepted ${messages}: ${JSON.stringify(this.#sample)}; if the target rejects clients by it, return false for it`,
    ]
  }
}
