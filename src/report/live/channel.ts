import { rmSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clearTimeout, setTimeout } from '../../machine/clock.ts'
import { LIVE_FOLDER, liveFolderPrefix } from '../../machine/live-folder.ts'
import { registeredSecrets } from '../../options/registered-values.ts'
import type { RunSnapshot } from '../../results/snapshot.ts'

/** Key of the receiver's address for workers: `inject(LIVE_ADDRESS)`. Absent if there is no receiver. */
export const LIVE_ADDRESS = 'vitest-slo:live'

declare module 'vitest' {
  interface ProvidedContext {
    [LIVE_ADDRESS]?: string
  }
}

/** Progress of a run, sent by a worker. */
export interface LiveMessage {
  /** Vitest's id of the test: `task.id`. */
  readonly testId: string
  readonly snapshot: RunSnapshot
  /** Values that the scenario called `secret()` with, to be masked in the snapshot. */
  readonly secrets?: readonly string[]
}

/** Backlog above which snapshots are skipped: the receiver does not keep up, and a later snapshot replaces them. */
const MAX_BACKLOG_BYTES = 64 * 1024
/** A main process that has stopped reading must not delay a test. */
const CLOSE_TIMEOUT_MS = 1_000
/** Maximum length of a snapshot. */
const MAX_LINE_CHARS = 1024 * 1024

/** Receiver in the main process: a Unix socket in a private folder, or a named pipe on Windows. */
export class LiveReceiver {
  readonly address: string
  readonly #folder: string | undefined
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #removeFolder = (): void => {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true })
  }

  private constructor(address: string, folder: string | undefined, onMessage: (message: LiveMessage) => void) {
    this.address = address
    this.#folder = folder
    this.#server = createServer((socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {})
      readLines(socket, (line) => {
        const message = parse(line)
        if (message !== undefined) onMessage(message)
      })
    })
    process.once('exit', this.#removeFolder)
  }

  /** @throws if no socket can be opened, e.g. because the temporary folder cannot be written */
  static async listen(onMessage: (message: LiveMessage) => void): Promise<LiveReceiver> {
    const windows = process.platform === 'win32'
    const folder = windows ? undefined : await mkdtemp(join(tmpdir(), liveFolderPrefix(process.pid)))
    await removeLeftovers()
    const address = folder === undefined ? `\\\\.\\pipe\\slo-live-${crypto.randomUUID()}` : join(folder, 'socket')
    const receiver = new LiveReceiver(address, folder, onMessage)
    await new Promise<void>((listening, failed) => {
      receiver.#server.once('error', failed).listen(address, listening)
    })
    receiver.#server.unref()
    return receiver
  }

  /** Closes all connections and removes the socket. */
  async close(): Promise<void> {
    process.off('exit', this.#removeFolder)
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((closed) => this.#server.close(() => closed()))
    this.#removeFolder()
  }
}

/** Sender in a worker. Sending never waits, never throws, and keeps no process alive. */
export class LiveSender {
  readonly #socket: Socket | undefined
  readonly #testId: string

  /** @param address from `inject(LIVE_ADDRESS)`; if undefined, nothing is sent */
  constructor(address: string | undefined, testId: string) {
    this.#testId = testId
    this.#socket = address === undefined ? undefined : connect(address).on('error', () => {})
    this.#socket?.unref()
  }

  send(snapshot: RunSnapshot): void {
    const socket = this.#socket
    if (socket === undefined || socket.destroyed || socket.writableLength > MAX_BACKLOG_BYTES) return
    const secrets = registeredSecrets()
    const message: LiveMessage = { testId: this.#testId, snapshot, ...(secrets.length > 0 && { secrets }) }
    socket.write(`${JSON.stringify(message)}\n`)
  }

  /** Sends what is pending and closes the connection. Resolves when the receiver has read everything, or after a second. */
  async close(): Promise<void> {
    const socket = this.#socket
    if (socket === undefined || socket.destroyed) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS)
    socket.ref().once('close', resolve).end()
    await promise
    clearTimeout(timer)
    socket.destroy()
  }
}

/** Removes folders of processes that were killed before they could do so. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    const pid = name.startsWith(LIVE_FOLDER) ? Number.parseInt(name.slice(LIVE_FOLDER.length), 10) : Number.NaN
    if (pid > 0 && !isAlive(pid)) await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {})
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function readLines(socket: Socket, onLine: (line: string) => void): void {
  let rest = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > MAX_LINE_CHARS) socket.destroy()
    for (const line of lines) onLine(line)
  })
}

/** A line as a message; `undefined` for anything else. Senders are our own workers, so the content is not checked. */
function parse(line: string): LiveMessage | undefined {
  try {
    const message = JSON.parse(line) as Partial<LiveMessage> | null
    if (typeof message?.testId !== 'string' || typeof message.snapshot?.run !== 'string') return undefined
    return message as LiveMessage
  } catch {
    return undefined
  }
}
