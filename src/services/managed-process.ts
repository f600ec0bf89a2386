import { spawn, type ChildProcess } from 'node:child_process'
import { clearTimeout, setTimeout } from '../machine/clock.ts'
import { LogTail } from './log-tail.ts'
import { groupExists, untilOver } from './reaper/process-identity.ts'
import type { Reaper } from './reaper/reaper.ts'

const FLUSH_MS = 500
const GROUP_MS = 2_000

/** How a process ended: one of the two is set. */
export interface ProcessExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface ManagedProcessOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Whom to run as; only root can. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  /** Written to its standard input, which is then closed. */
  readonly input?: string
  /** Asks it to end. Default: SIGTERM, to the whole group. */
  readonly stopSignal?: NodeJS.Signals
  /** Signals go to the process alone, which sees to its children itself. Default: to its group. */
  readonly alone?: boolean
  readonly reaper: Reaper
  onOutput?(chunk: string): void
}

/**
 * A process in a session of its own, so that Ctrl-C in the terminal does not reach it before we do; watched by the
 * reaper from the tick it starts in, its output kept in {@link log}.
 */
export class ManagedProcess {
  readonly pid: number
  readonly log = new LogTail()
  /** Resolves when it has ended and its output is read; never rejects. */
  readonly exited: Promise<ProcessExit>
  readonly #stopSignal: NodeJS.Signals
  readonly #group: boolean
  #exit: ProcessExit | undefined

  private constructor(child: ChildProcess, pid: number, options: ManagedProcessOptions) {
    this.pid = pid
    this.#group = !options.alone
    this.#stopSignal = options.stopSignal ?? 'SIGTERM'
    const release = options.reaper.watchProcess(pid, { group: this.#group, signal: this.#stopSignal })
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        this.log.write(chunk)
        options.onOutput?.(chunk)
      })
    }
    child.stdin?.on('error', () => {})
    child.stdin?.end(options.input ?? '')
    const { promise, resolve } = Promise.withResolvers<ProcessExit>()
    this.exited = promise
    child.once('exit', (code, signal) => {
      if (this.#group) this.#send('SIGKILL')
      release()
      this.#exit = { code, signal }
      // Its last words may still be in the pipe; somebody who left the group may hold that pipe open for ever.
      const timer = setTimeout(resolve, FLUSH_MS, this.#exit)
      child.once('close', () => {
        clearTimeout(timer)
        resolve({ code, signal })
      })
    })
  }

  /** @throws when the command cannot be run, e.g. `ENOENT` */
  static async start(options: ManagedProcessOptions): Promise<ManagedProcess> {
    const announced = options.reaper.announceProcess()
    const child = spawn(options.command, options.args, {
      detached: true,
      env: { ...options.env, ...announced.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...options.user,
    })
    const { promise: spawned, resolve, reject } = Promise.withResolvers<void>()
    child.once('spawn', resolve)
    child.once('error', reject)
    const started = child.pid === undefined ? undefined : new ManagedProcess(child, child.pid, options)
    announced.noted()
    await spawned
    if (!started) throw new Error(`${options.command} got no process id`)
    return started
  }

  get running(): boolean {
    return this.#exit === undefined
  }

  /** Asks the process to end and waits for it and its group; after `graceMs` (5,000) it is killed. */
  async stop(graceMs = 5_000): Promise<ProcessExit> {
    this.#send(this.#stopSignal)
    // A frozen process takes the signal once it goes on.
    this.#send('SIGCONT')
    const timer = setTimeout(() => this.#send('SIGKILL'), graceMs)
    try {
      const exit = await this.exited
      // What was left of its group was killed; until it is gone it may still hold the port.
      if (this.#group) await untilOver(() => groupExists(this.pid), GROUP_MS)
      return exit
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends it without asking, as a crash does, and waits for it. */
  async kill(): Promise<ProcessExit> {
    this.#send('SIGKILL')
    return this.exited
  }

  /** Stops it where it stands. @returns the function that lets it go on */
  freeze(): () => void {
    this.#send('SIGSTOP')
    return () => this.#send('SIGCONT')
  }

  #send(signal: NodeJS.Signals): void {
    if (this.#exit !== undefined) return
    try {
      process.kill(this.#group ? -this.pid : this.pid, signal)
    } catch {
      // It ended by itself in the meantime.
    }
  }
}

/** How a process ended, for a message: `exit code 1`, `signal SIGKILL`. */
export function describeExit({ code, signal }: ProcessExit): string {
  return signal === null ? `exit code ${code}` : `signal ${signal}`
}
