import { spawn, type ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { clearTimeout, setTimeout } from '../machine/clock.ts'
import { LogTail } from './log-tail.ts'
import { daemonsOf, killDaemon, type Daemon } from './reaper/daemons.ts'
import { groupExists, isSameProcess, untilExited } from './reaper/process-identity.ts'
import type { Reaper } from './reaper/reaper.ts'

const FLUSH_MS = 500
const GROUP_MS = 2_000

/** Exit code or signal of a process: one of the two is set. */
export interface ProcessExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface ManagedProcessOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd?: string
  /** User to run as; requires root. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  /** Written to its standard input, which is then closed. */
  readonly input?: string
  /** Signal that requests an exit. @default SIGTERM, to the whole group */
  readonly stopSignal?: NodeJS.Signals
  /** Whether signals go only to the process, which stops its children itself. @default to its group */
  readonly alone?: boolean
  /** Ports that only this process uses: descendants that listen there are ended with it, even outside its group. */
  readonly ports?: readonly number[]
  readonly reaper: Reaper
  onOutput?(chunk: string): void
}

/**
 * A process in a separate session, so that Ctrl-C in the terminal reaches this process first. The reaper watches it from
 * the tick in which it starts; {@link log} keeps its output.
 */
export class ManagedProcess {
  readonly pid: number
  readonly log = new LogTail()
  /** Resolves once the process has exited and its output is read; never rejects. */
  readonly exited: Promise<ProcessExit>
  readonly #stopSignal: NodeJS.Signals
  readonly #group: boolean
  #exit: ProcessExit | undefined

  #daemons: readonly Daemon[] = []

  private constructor(child: ChildProcess, pid: number, mark: string, options: ManagedProcessOptions) {
    const { ports = [], reaper } = options
    this.pid = pid
    this.#group = !options.alone
    this.#stopSignal = options.stopSignal ?? 'SIGTERM'
    const release = reaper.watchProcess(pid, { group: this.#group, signal: this.#stopSignal })
    const releaseDaemons = reaper.watchDaemons(mark, ports)
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
      this.#daemons = daemonsOf(mark, ports)
      for (const daemon of this.#daemons) killDaemon(daemon)
      release()
      releaseDaemons()
      this.#exit = { code, signal }
      // Its last output may still be in the pipe, which a process that left the group may hold open forever: it is read,
      // but does not keep this process running.
      for (const stream of [child.stdout, child.stderr] as (Socket | null)[]) stream?.unref()
      const timer = setTimeout(resolve, FLUSH_MS, this.#exit)
      child.once('close', () => {
        clearTimeout(timer)
        resolve({ code, signal })
      })
    })
  }

  /** @throws {Error} if the command cannot be run, e.g. `ENOENT` */
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
    const started = child.pid === undefined ? undefined : new ManagedProcess(child, child.pid, announced.mark, options)
    announced.noted()
    await spawned
    if (!started) throw new Error(`${options.command} has no process id`)
    return started
  }

  get running(): boolean {
    return this.#exit === undefined
  }

  /** Requests an exit and waits for the process and its group; kills them after `graceMs`. @param graceMs default: 5,000 */
  async stop(graceMs = 5_000): Promise<ProcessExit> {
    this.#send(this.#stopSignal)
    // A frozen process receives the signal only when it resumes.
    this.#send('SIGCONT')
    const timer = setTimeout(() => this.#send('SIGKILL'), graceMs)
    try {
      return await this.#gone()
    } finally {
      clearTimeout(timer)
    }
  }

  /** Kills the process, as a crash does, and waits for its exit. */
  async kill(): Promise<ProcessExit> {
    this.#send('SIGKILL')
    return this.#gone()
  }

  /** Waits for the process, and for the rest of its group and its daemons: killed, but may hold the port until they exit. */
  async #gone(): Promise<ProcessExit> {
    const exit = await this.exited
    const runs = () =>
      (this.#group && groupExists(this.pid)) ||
      this.#daemons.some(({ pid, startedAt }) => isSameProcess(pid, startedAt))
    await untilExited(runs, GROUP_MS)
    return exit
  }

  /** Freezes the process. @returns a function that resumes it */
  freeze(): () => void {
    this.#send('SIGSTOP')
    return () => this.#send('SIGCONT')
  }

  #send(signal: NodeJS.Signals): void {
    if (this.#exit !== undefined) return
    try {
      process.kill(this.#group ? -this.pid : this.pid, signal)
    } catch {
      // It has already exited.
    }
  }
}

/** Exit code or signal, for a message: `exit code 1`, `signal SIGKILL`. */
export function describeExit({ code, signal }: ProcessExit): string {
  return signal === null ? `exit code ${code}` : `signal ${signal}`
}
