import { once } from 'node:events'
import net, { type Socket } from 'node:net'
import { clearTimeout, now, setTimeout } from '../machine/clock.ts'
import { readFrames, writeFrame } from './frames.ts'
import { sharedMs, type HubAddress, type HubMessage, type HubRequest } from './local-hub.ts'
import type { ClockReading, Entry, LogListener, SharedLog } from './shared-log.ts'

/** Generators of one machine read the same clock; the time is for the last messages to arrive. */
const LEAD_MS = 100
const CLOSE_MS = 1_000

/**
 * Opens a log of a hub on this machine.
 *
 * @param name names the log within the hub
 * @throws if the hub does not listen
 */
export async function openLocalLog({ path, token }: HubAddress, name: string): Promise<SharedLog> {
  const socket = net.connect(path)
  await once(socket, 'connect')
  const log = new LocalLog(socket)
  log.send({ type: 'open', token, log: name })
  return log
}

class LocalLog implements SharedLog {
  readonly leadMs = LEAD_MS
  readonly #socket: Socket
  readonly #pending = new Map<number, PromiseWithResolvers<Uint8Array>>()
  #requests = 0
  #isClosing = false

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('error', () => {})
  }

  read(listener: LogListener): void {
    readFrames(this.#socket, (header, body) => {
      const message = header as HubMessage
      if (message.type === 'entry') return listener.onEntry(message.entry, message.atMs)
      const pending = this.#pending.get(message.id)
      this.#pending.delete(message.id)
      if (message.type === 'missing') pending?.reject(new Error('the value is no longer stored'))
      else pending?.resolve(body)
    })
    const onClose = () => {
      for (const { reject } of this.#pending.values()) reject(new Error(CLOSED))
      if (!this.#isClosing) listener.onBroken(CLOSED, CLOSED_FIX)
    }
    if (this.#socket.destroyed) onClose()
    else this.#socket.once('close', onClose)
  }

  append(entry: Entry): void {
    this.send({ type: 'append', entry })
  }

  offer(entry: Entry): void {
    this.append(entry)
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await this.#request((id) => this.send({ type: 'put', id, key }, bytes))
  }

  get(key: string): Promise<Uint8Array> {
    return this.#request((id) => this.send({ type: 'get', id, key }))
  }

  async readClock(): Promise<ClockReading> {
    const sentMs = now()
    return { sentMs, sharedMs: sharedMs(), receivedMs: now() }
  }

  async flushed(): Promise<void> {
    if (this.#socket.destroyed || this.#socket.writableLength === 0) return
    await new Promise<void>((done) => {
      this.#socket.once('drain', done).once('close', done)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true
    if (this.#socket.destroyed) return
    const closed = once(this.#socket, 'close')
    // Closed by the hub, which must read everything before. One that hangs must not prevent the end of this process.
    this.#socket.end()
    const timer = setTimeout(() => this.#socket.destroy(), CLOSE_MS)
    await closed
    clearTimeout(timer)
  }

  send(request: HubRequest, body?: Uint8Array): void {
    writeFrame(this.#socket, request, body)
  }

  #request(send: (id: number) => void): Promise<Uint8Array> {
    const id = ++this.#requests
    const pending = Promise.withResolvers<Uint8Array>()
    if (this.#socket.destroyed) return Promise.reject(new Error(CLOSED))
    this.#pending.set(id, pending)
    send(id)
    return pending.promise
  }
}

const CLOSED = 'the connection to generator 1 has ended'
const CLOSED_FIX = 'look above for the reason why generator 1 ended; the run must be repeated'
