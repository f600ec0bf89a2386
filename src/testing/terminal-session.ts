import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sleep } from '../machine/clock.ts'

const run = promisify(execFile)
const POLL_MS = 20

/** A program in a real terminal, driven by keys and read from the screen, for tests. Needs tmux. */
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
    // The pane stays when the program has ended, so that its last screen and its exit code can be read.
    const options = ['set', '-g', 'remain-on-exit', 'on', ';', 'set', '-g', 'history-limit', '10000', ';']
    await session.#tmux([...options, 'new-session', '-d', ...size, '-c', cwd, `exec ${line}`], env)
    return session
  }

  /** @param keys as tmux names them: `a`, `Enter`, `C-c` */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#tmux(['send-keys', ...keys])
  }

  async type(text: string): Promise<void> {
    await this.#tmux(['send-keys', '-l', text])
  }

  /** What is on the screen, without colours. */
  async screen(): Promise<string> {
    return this.#tmux(['capture-pane', '-p'])
  }

  /** Waits until the screen shows something. @returns the screen that does @throws if the program ends before */
  async shows(wanted: RegExp | string): Promise<string> {
    for (;;) {
      const screen = await this.screen()
      if (typeof wanted === 'string' ? screen.includes(wanted) : wanted.test(screen)) return screen
      if ((await this.#exit()) !== undefined) throw new Error(`ended before it showed ${String(wanted)}:\n${screen}`)
      await sleep(POLL_MS)
    }
  }

  /** Waits until the program has ended. @returns its exit code */
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
    // The terminal is let go of a little before the program has ended.
    if (code !== '') return Number(code)
    return signal ? 128 + Number(signal) : undefined
  }

  async #tmux(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<string> {
    const options = { encoding: 'utf8', ...(env && { env }) } as const
    const { stdout } = await run('tmux', ['-f', '/dev/null', '-S', this.#socket, ...args], options)
    return stdout
  }

  /** Ends the program, if it has not, and the terminal. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux(['kill-server']).catch(() => {})
    await rm(this.#socket, { force: true })
  }
}
