import { randomBytes, timingSafeEqual } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monotonicNs } from '../machine/clock.ts'
import { liveFolderPrefix } from '../machine/live-folder.ts'
import { readFrames, writeFrame } from './frames.ts'
import type { Entry, Fact } from './shared-log.ts'

/** Log that every command joins from its start to its end. */
export const COMMAND_LOG = 'command'

/** Request of a generator. `bytes` of a value follow `put`. */
export type HubRequest =
  | { readonly type: 'open'; readonly token: string; readonly log: string }
  | { readonly type: 'append'; readonly entry: Entry }
  | { readonly type: 'put'; readonly id: number; readonly key: string }
  | { readonly type: 'get'; readonly id: number; readonly key: string }

/** Message of the hub. `bytes` of the value follow `value`. */
export type HubMessage =
  | { readonly type: 'entry'; readonly atMs: number; readonly entry: Entry }
  | { readonly type: 'stored'; readonly id: number }
  | { readonly type: 'value'; readonly id: number }
  | { readonly type: 'missing'; readonly id: number }

interface DatedEntry {
  readonly entry: Entry
  readonly atMs: number
}

/** One log: those who come later read it from its beginning. */
interface HubLog {
  /** Without beats, which only count when they arrive. */
  readonly entries: DatedEntry[]
  readonly values: Map<string, Uint8Array>
  readonly readers: Set<Socket>
}

/** Address of a hub: the path of its socket, and the token without which it closes the connection. Secret. */
export interface HubAddress {
  readonly path: string
  readonly token: string
}

/**
 * Rendezvous of the generators of one machine: keeps their logs and passes entries on. A Unix socket in a private folder, or a
 * named pipe on Windows.
 */
export class LocalHub implements AsyncDisposable {
  readonly address: HubAddress
  readonly #server: Server
  readonly #logs = new Map<string, HubLog>()
  readonly #sockets = new Set<Socket>()
  /** Generators whose processes have exited, by run. */
  readonly #ended = new Map<string, readonly Fact[]>()
  readonly #removeFolder: () => void

  private constructor(address: HubAddress, folder: string | undefined) {
    this.address = address
    this.#removeFolder = () => {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
    }
    this.#server = createServer((socket) => this.#onConnection(socket))
    process.once('exit', this.#removeFolder)
  }

  /** @throws if no socket can be opened, e.g. because the temporary folder cannot be written */
  static async listen(): Promise<LocalHub> {
    const token = randomBytes(24).toString('base64url')
    const isWindows = process.platform === 'win32'
    // With the prefix of the folder for live figures, which is removed if this process is killed.
    const folder = isWindows ? undefined : await mkdtemp(join(tmpdir(), `${liveFolderPrefix(process.pid)}hub-`))
    const path = folder === undefined ? `\\\\.\\pipe\\slo-generators-${crypto.randomUUID()}` : join(folder, 'hub')
    const hub = new LocalHub({ path, token }, folder)
    await new Promise<void>((listening, failed) => {
      hub.#server.once('error', failed).listen(path, listening)
    })
    hub.#server.unref()
    return hub
  }

  /** Marks a generator as lost, in every log of a run: its process has exited. */
  end(runId: string, who: number, node: string): void {
    const fact = { kind: 'exited', who, node } as const
    const ended = this.#ended.get(runId) ?? []
    this.#ended.set(runId, [...ended, fact])
    for (const [name, log] of this.#logs) if (name.startsWith(`${runId}:`)) append(log, hubEntry(fact))
  }

  /** Whether a generator ended normally: it left the log of commands. */
  hasLeft(runId: string, who: number): boolean {
    const entries = this.#logs.get(`${runId}:${COMMAND_LOG}`)?.entries ?? []
    return entries.some(({ entry }) => entry.from === who && entry.fact.kind === 'leave')
  }

  /** Removes the logs of a run that has ended. */
  forget(runId: string): void {
    this.#ended.delete(runId)
    for (const name of this.#logs.keys()) if (name.startsWith(`${runId}:`)) this.#logs.delete(name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#removeFolder)
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((closed) => this.#server.close(() => closed()))
    this.#removeFolder()
  }

  #onConnection(socket: Socket): void {
    let log: HubLog | undefined
    /** Tokens of those that came through this connection, and have not left. */
    const present = new Set<string>()
    this.#sockets.add(socket)
    socket.unref()
    socket
      .on('error', () => {})
      .on('close', () => {
        this.#sockets.delete(socket)
        log?.readers.delete(socket)
        for (const who of present) append(log!, hubEntry({ kind: 'gone', who }))
        if (log?.readers.size === 0) log.values.clear()
      })
    readFrames(socket, (header, body) => {
      const request = header as HubRequest
      if (log === undefined) {
        if (request.type !== 'open' || !isSame(request.token, this.address.token)) return void socket.destroy()
        log = this.#log(request.log)
        for (const dated of log.entries) writeFrame(socket, { type: 'entry', ...dated } satisfies HubMessage)
        log.readers.add(socket)
        return
      }
      switch (request.type) {
        case 'append':
          if (request.entry.fact.kind === 'hello') present.add(request.entry.by)
          if (request.entry.fact.kind === 'leave') present.delete(request.entry.by)
          return append(log, request.entry)
        case 'put':
          log.values.set(request.key, body)
          return writeFrame(socket, { type: 'stored', id: request.id } satisfies HubMessage)
        case 'get': {
          const { id, key } = request
          const value = log.values.get(key)
          return writeFrame(socket, { type: value === undefined ? 'missing' : 'value', id } satisfies HubMessage, value)
        }
        case 'open':
      }
    })
  }

  #log(name: string): HubLog {
    const known = this.#logs.get(name)
    if (known !== undefined) return known
    const log: HubLog = { entries: [], values: new Map(), readers: new Set() }
    this.#logs.set(name, log)
    for (const fact of this.#ended.get(name.split(':', 1)[0]!) ?? []) append(log, hubEntry(fact))
    return log
  }
}

/** Entry of the hub itself. */
function hubEntry(fact: Fact): Entry {
  return { from: -1, by: 'hub', fact }
}

function append(log: HubLog, entry: Entry): void {
  const dated = { entry, atMs: sharedMs() }
  if (entry.fact.kind !== 'beat') log.entries.push(dated)
  for (const reader of log.readers) writeFrame(reader, { type: 'entry', ...dated } satisfies HubMessage)
}

/** The clock of the processes of this machine, in milliseconds. */
export function sharedMs(): number {
  return Number(monotonicNs()) / 1e6
}

function isSame(one: unknown, other: string): boolean {
  const [given, wanted] = [Buffer.from(String(one)), Buffer.from(other)]
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}
