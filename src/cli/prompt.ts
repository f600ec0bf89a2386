import { createInterface } from 'node:readline/promises'
import type { Terminal } from './streams.ts'

/** Thrown if the user ends the input instead of answering. */
export class NoAnswerError extends Error {
  /** Name of the class. */
  override readonly name = 'NoAnswerError'
}

/** Asks questions in a terminal. */
export class Prompt implements Disposable {
  readonly #lines
  readonly #ended = Promise.withResolvers<never>()
  readonly #out: NodeJS.WritableStream

  constructor({ stdin, stdout }: Pick<Terminal, 'stdin' | 'stdout'>) {
    this.#out = stdout
    this.#lines = createInterface({ input: stdin, output: stdout })
    this.#lines.on('close', () => this.#ended.reject(new NoAnswerError('no answer was given')))
    // Avoids an unhandled rejection if no question is pending.
    this.#ended.promise.catch(() => {})
  }

  /**
   * Repeats a question until the answer is valid.
   *
   * @param read converts the answer; throws an error that explains what is wrong with it
   * @throws {NoAnswerError} on Ctrl-C and Ctrl-D
   */
  async ask<T>(question: string, fallback: string, read: (answer: string) => T): Promise<T> {
    const shown = fallback === '' ? `${question} ` : `${question} [${fallback}] `
    for (;;) {
      const answer = (await Promise.race([this.#lines.question(shown), this.#ended.promise])).trim()
      try {
        return read(answer === '' ? fallback : answer)
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        this.#out.write(`  ${message.replaceAll('\n', '\n  ')}\n`)
      }
    }
  }

  /** @throws {NoAnswerError} on Ctrl-C and Ctrl-D */
  confirm(question: string, fallback: boolean): Promise<boolean> {
    return this.ask(`${question} (yes/no)`, fallback ? 'yes' : 'no', readYesOrNo)
  }

  [Symbol.dispose](): void {
    this.#lines.close()
  }
}

function readYesOrNo(answer: string): boolean {
  if (/^y(es)?$/i.test(answer)) return true
  if (/^no?$/i.test(answer)) return false
  throw new Error('answer yes or no')
}
