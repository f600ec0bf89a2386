import { spawn, type ChildProcess } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { GeneratorPlace } from '../generators/place.ts'
import type { AbortReason } from '../generators/rendezvous.ts'

/** What a generator of a test printed. */
export interface GeneratorEvent {
  readonly event: string
  /** On the clock of the machine. */
  readonly atMs: number
  readonly reason?: AbortReason
  readonly error?: string
  readonly values?: readonly unknown[]
  readonly value?: unknown
  readonly parts?: readonly number[]
  readonly second?: number
  readonly offered?: number
}

const ENTRY = join(import.meta.dirname, 'generator-process.ts')

/** Process of a generator in a test. */
export class TestGenerator implements Disposable {
  readonly child: ChildProcess
  readonly #events: GeneratorEvent[] = []
  readonly #arrived = new EventEmitter()
  #errors = ''

  constructor(place: GeneratorPlace, [command, ...before]: readonly string[] = []) {
    const words = [...before, ...(command === undefined ? [] : [process.execPath]), ENTRY, JSON.stringify(place)]
    this.child = spawn(command ?? process.execPath, words, { stdio: ['pipe', 'pipe', 'pipe'] })
    createInterface(this.child.stdout!).on('line', (line) => {
      this.#events.push(JSON.parse(line) as GeneratorEvent)
      this.#arrived.emit('event')
    })
    this.child.stderr!.setEncoding('utf8').on('data', (chunk: string) => (this.#errors += chunk))
    this.child.once('exit', () => this.#arrived.emit('event'))
    this.child.stdin!.on('error', () => {})
  }

  send(...lines: readonly string[]): void {
    this.child.stdin!.write(lines.map((line) => `${line}\n`).join(''))
  }

  /** The next event with this name, which is then taken. */
  async next(name: string): Promise<GeneratorEvent> {
    for (;;) {
      const at = this.#events.findIndex(({ event }) => event === name)
      if (at !== -1) return this.#events.splice(at, 1)[0]!
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`the generator exited before the event ${name}: ${this.#errors}`)
      await once(this.#arrived, 'event')
    }
  }

  /** Events so far that were not taken. */
  get events(): readonly string[] {
    return this.#events.map(({ event }) => event)
  }

  get errors(): string {
    return this.#errors
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const exited = once(this.child, 'exit')
    this.child.kill(signal)
    await exited
  }

  [Symbol.dispose](): void {
    this.child.kill('SIGKILL')
  }
}

/** Sends commands to all generators, and waits for an event of each. */
export async function all(
  generators: readonly TestGenerator[],
  event: string,
  ...lines: readonly string[]
): Promise<readonly GeneratorEvent[]> {
  for (const generator of generators) generator.send(...lines)
  return Promise.all(generators.map((generator) => generator.next(event)))
}
