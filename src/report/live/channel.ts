import { rmSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clearTimeout, setTimeout } from '../../machine/clock.ts'
import { LIVE_FOLDER, liveFolderPrefix } from '../../machine/live-folder.ts'
import { registeredSecrets } from '../../options/registered-values.ts'
import type { RunSnapshot } from '../../results/snapshot.ts'

/** The key under which workers find the receiver's address: `inject(LIVE_ADDRESS)`. Absent where nobody listens. */
export const LIVE_ADDRESS = 'vitest-slo:live'

declare module 'vitest' {
  interface ProvidedContext {
    [LIVE_ADDRESS]?: string
  }
}

/** What a worker says: how a run of a test stands. */
export interface LiveMessage {
  /** Vitest's id of the test: `task.id`. */
  readonly testId: string
  readonly snapshot: RunSnapshot
  /** Values that the scenario called `secret()` with, to be masked in the snapshot. */
  readonly secrets?: readonly string[]
}

/** A backlog past this means that nobody reads: snapshots are then left out, as a later one says more. */
const MAX_BACKLOG_BYTES = 64 * 1024
/** A main process that has stopped reading must not hold up a test. */
const CLOSE_TIMEOUT_MS = 1_000
/** A line longer than this is no snapshot. */
const MAX_LINE_CHARS = 1024 * 1024

/** The main process's end: a Unix socket in a folder of its own (a named pipe on Windows), open to this user only. */
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

  /** @throws where no socket can be opened, e.g. because the temporary folder cannot be written */
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

  /** Ends all connections and removes the socket. */
  async close(): Promise<void> {
    process.off('exit', this.#removeFolder)
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((closed) => this.#server.close(() => closed()))
    this.#removeFolder()
  }
}

/** The worker's end. Sending never waits, never throws, and keeps no process alive. */
export class LiveSender {
  readonly #socket: Socket | undefined
  readonly #testId: string

  /** @param address from `inject(LIVE_ADDRESS)`; where it is undefined, sending does nothing */
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

  /** Sends what is left and hangs up. Resolves when the other end has read it all, or after a second. */
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

/** Folders of processes that were killed before they could remove them. */
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

/** Tells a message from noise; who sends one is our own worker, so its inside is taken as it is. */
function parse(line: string): LiveMessage | undefined {
  try {
    const message = JSON.parse(line) as Partial<LiveMessage> | null
    if (typeof message?.testId !== 'string' || typeof message.snapshot?.run !== 'string') return undefined
    return message as LiveMessage
  } catch {
    return undefined
  }
}
