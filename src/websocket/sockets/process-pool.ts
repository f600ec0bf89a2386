import { fork, type ChildProcess } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { GeneratorHealth } from '../../evidence/generator-health.ts'
import { GENERATOR_FLAGS } from '../../execution/generator-flags.ts'
import { positionOf, type Share } from '../../load/share.ts'
import { clearTimeout, setImmediate, setTimeout } from '../../machine/clock.ts'
import { EventPlayer } from './event-batches.ts'
import type { LocalPoolOptions } from './local-pool.ts'
import type { Command, Report } from './pool-protocol.ts'
import type { Handshake, PoolEvents, SocketPool } from './socket-pool.ts'

/** Time after the time limit for closing, after which a process is killed. */
const KILL_AFTER_MS = 500

/** `.ts` in the sources, `.js` in the package. */
const ENTRY = fileURLToPath(new URL(`pool-process${extname(fileURLToPath(import.meta.url))}`, import.meta.url))

const IDLE = 0
const OPENING = 1
const OPEN = 2

/**
 * Pool of sockets in several processes, for more sockets than the descriptors of one process or one core can serve. The
 * nth client of the share belongs to process n modulo their number. The processes take times on the shared clock of the machine; everything is
 * counted here, so nothing has to be merged.
 */
export class ProcessPool implements SocketPool {
  readonly #processes: readonly PoolProcess[]
  readonly #share: Share

  constructor(processes: number, share: Share, options: LocalPoolOptions, events: PoolEvents) {
    this.#share = share
    this.#processes = Array.from({ length: processes }, (_, index) => {
      return new PoolProcess(`generator process ${index + 1} of ${processes}`, options, events)
    })
  }

  get openCount(): number {
    return this.#processes.reduce((sum, { openCount }) => sum + openCount, 0)
  }

  get lost(): readonly string[] {
    return this.#processes.flatMap(({ lost }) => (lost === undefined ? [] : [lost]))
  }

  get health(): readonly GeneratorHealth[] {
    return this.#processes.flatMap(({ health }) => (health === undefined ? [] : [health]))
  }

  connect(client: number, handshake: Handshake): void {
    this.#holderOf(client).connect(client, handshake)
  }

  send(client: number, frames: readonly (string | Uint8Array)[]): void {
    this.#holderOf(client).command({ do: 'send', client, frames })
  }

  drop(client: number): void {
    this.#holderOf(client).drop(client)
  }

  watch(): void {
    for (const holder of this.#processes) holder.command({ do: 'watch' })
  }

  unwatch(): void {
    for (const holder of this.#processes) holder.command({ do: 'unwatch' })
  }

  async close(withinMs: number): Promise<void> {
    await Promise.all(this.#processes.map((holder) => holder.close(withinMs)))
  }

  #holderOf(client: number): PoolProcess {
    return this.#processes[positionOf(this.#share, client) % this.#processes.length]!
  }
}

/** One process of the pool, with the states of its sockets. */
class PoolProcess implements PoolEvents {
  readonly #name: string
  readonly #child: ChildProcess
  readonly #events: PoolEvents
  readonly #exited: Promise<void>
  readonly #states: Uint8Array
  #commands: Command[] = []
  #isClosing = false
  openCount = 0
  /** Health of the process while it was watched. */
  health: GeneratorHealth | undefined
  /** Reason why the process exited before it was closed; `undefined` if it did not. */
  lost: string | undefined

  constructor(name: string, options: LocalPoolOptions, events: PoolEvents) {
    this.#name = name
    this.#events = events
    this.#states = new Uint8Array(options.clients)
    this.#child = fork(ENTRY, {
      execArgv: [...GENERATOR_FLAGS],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const player = new EventPlayer(this)
    this.#child.on('message', (report: Report) => {
      if (report.is === 'health') this.health = report.health
      else {
        this.openCount = report.events.openCount
        player.play(report.events)
      }
    })
    this.#child.on('error', (error) => this.#lose(`${name} failed: ${error.message}`))
    this.#exited = new Promise((resolve) => {
      this.#child.on('exit', (code, signal) => {
        this.#lose(`${name} ended with ${signal ?? `exit code ${code}`}`)
        resolve()
      })
    })
    this.command({ do: 'start', options })
  }

  command(command: Command): void {
    if (this.#commands.push(command) === 1) setImmediate(() => this.#flush())
  }

  connect(client: number, handshake: Handshake): void {
    this.#states[client] = OPENING
    this.command({ do: 'connect', client, handshake })
    if (this.lost !== undefined) setImmediate(() => this.failed(client, this.lost!))
  }

  drop(client: number): void {
    this.#states[client] = IDLE
    this.command({ do: 'drop', client })
  }

  opened(client: number, atUs: number, isCompressed: boolean): void {
    if (this.#states[client] !== OPENING) return
    this.#states[client] = OPEN
    this.#events.opened(client, atUs, isCompressed)
  }

  failed(client: number, kind: string): void {
    if (this.#states[client] !== OPENING) return
    this.#states[client] = IDLE
    this.#events.failed(client, kind)
  }

  message(client: number, data: Buffer, isBinary: boolean, atUs: number): void {
    if (this.#states[client] === OPEN) this.#events.message(client, data, isBinary, atUs)
  }

  closed(client: number, why: string): void {
    if (this.#states[client] !== OPEN) return
    this.#states[client] = IDLE
    this.#events.closed(client, why)
  }

  async close(withinMs: number): Promise<void> {
    this.#isClosing = true
    this.command({ do: 'close', withinMs })
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), withinMs + KILL_AFTER_MS)
    await this.#exited
    clearTimeout(kill)
  }

  #flush(): void {
    const commands = this.#commands
    this.#commands = []
    if (this.#child.connected) this.#child.send(commands, () => {})
  }

  #lose(reason: string): void {
    if (this.#isClosing || this.lost !== undefined) return
    this.lost = reason
    for (const [client, state] of this.#states.entries()) {
      if (state === OPENING) this.failed(client, `${this.#name} ended`)
      else if (state === OPEN) this.closed(client, `${this.#name} ended`)
    }
  }
}
