const MAX_LINES = 200
const MAX_LINE_LENGTH = 2_000

/** The last 200 lines a process printed, each truncated to 2,000 characters. */
export class LogTail {
  readonly #lines: string[] = []
  #rest = ''

  write(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n')
    this.#rest = (lines.pop() ?? '').slice(0, MAX_LINE_LENGTH)
    for (const line of lines) this.#lines.push(line.slice(0, MAX_LINE_LENGTH))
    this.#lines.splice(0, Math.max(0, this.#lines.length - MAX_LINES))
  }

  /** The last `count` lines, oldest first. @default all of them */
  last(count = MAX_LINES): readonly string[] {
    const lines = this.#rest === '' ? this.#lines : [...this.#lines, this.#rest]
    return lines.slice(-count)
  }

  /** The last `count` lines, indented for a message, or a note that there are none. */
  quote(count = 20): string {
    const lines = this.last(count)
    return lines.length === 0 ? '  (no output)' : lines.map((line) => `  | ${line}`).join('\n')
  }
}
