import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sleep } from '../machine/clock.ts'

const run = promisify(execFile)
const POLL_MS = 20

/** A program in a real terminal, for tests that press keys and read the screen. Needs tmux. */
export class TerminalSession implements AsyncDisposable {
  readonly #socket: string

  private constructor(socket: string) {
    this.#socket = socket
  }

  /** Starts a program in a terminal of 120 columns and 90 rows. */
  static async start(
    command: readonly string[],
    { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  ): Promise<TerminalSession> {
    const session = new TerminalSession(join(tmpdir(), `slo-tmux-${crypto.randomUUID()}`))
    const size = ['-x', '120', '-y', '90']
    const line = command.map((word) => `'${word}'`).join(' ')
    // The pane remains after the program has exited, so that its last screen and its exit code can be read.
    const options = ['set', '-g', 'remain-on-exit', 'on', ';', 'set', '-g', 'history-limit', '10000', ';']
    await session.#tmux([...options, 'new-session', '-d', ...size, '-c', cwd, `exec ${line}`], env)
    return session
  }

  /** @param keys names that tmux uses: `a`, `Enter`, `C-c` */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#tmux(['send-keys', ...keys])
  }

  async type(text: string): Promise<void> {
    await this.#tmux(['send-keys', '-l', text])
  }

  /** Text on the screen, without colours. */
  async screen(): Promise<string> {
    return this.#tmux(['capture-pane', '-p'])
  }

  /** Waits until the screen contains a text. @returns the screen @throws if the program exits before */
  async shows(wanted: RegExp | string): Promise<string> {
    for (;;) {
      const screen = await this.screen()
      if (typeof wanted === 'string' ? screen.includes(wanted) : wanted.test(screen)) return screen
      if ((await this.#exit()) !== undefined) throw new Error(`exited before it showed ${String(wanted)}:\n${screen}`)
      await sleep(POLL_MS)
    }
  }

  /** Waits until the program has exited. @returns its exit code */
  async exited(): Promise<number> {
    for (;;) {
      const code = await this.#exit()
      if (code !== undefined) return code
      await sleep(POLL_MS)
    }
  }

  async #exit(): Promise<number | undefined> {
    const format = '#{pane_dead} #{pane_dead_status} #{pane_dead_signal}'
    const [isDead, code, signal] = (await this.#tmux(['display', '-p', format])).trimEnd().split(' ')
    if (isDead !== '1') return undefined
    // The pane is dead slightly before the exit code is known.
    if (code !== '') return Number(code)
    return signal ? 128 + Number(signal) : undefined
  }

  async #tmux(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<string> {
    const options = { encoding: 'utf8', ...(env && { env }) } as const
    const { stdout } = await run('tmux', ['-f', '/dev/null', '-S', this.#socket, ...args], options)
    return stdout
  }

  /** Stops the program, if it is running, and the terminal. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux(['kill-server']).catch(() => {})
    await rm(this.#socket, { force: true })
  }
}
