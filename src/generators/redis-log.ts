import { now, sleep } from '../machine/clock.ts'
import { connectRedis, explained, isRefusal, type RedisConnection } from './redis-connection.ts'
import type { ClockReading, Entry, LogListener, SharedLog } from './shared-log.ts'

/** A start must be agreed on before it: the entry must reach every generator. */
const LEAD_MS = 2_000
/** Lifetime of all keys after their last use, so an abandoned run leaves nothing behind. */
const TTL_SECONDS = 3_600
const REFRESH_MS = 60_000
/** About this many entries are kept: minutes of beats of 64 generators. */
const MAX_ENTRIES = 100_000
const CHUNK_BYTES = 1024 * 1024
/** Time for which Redis may be unreachable. */
const AWAY_MS = 60_000
const RETRY_MS = 100
/** Duration of one read without entries. */
const BLOCK_MS = 500
/** Beats in flight, above which Redis does not respond and beats are discarded. */
const MAX_OFFERS = 4

/**
 * Opens a log in Redis: a stream for the entries, and keys next to it, all below `perf:<run id>:` and with a lifetime of an hour.
 *
 * @param url secret
 * @throws {GeneratorError} if the host is not allowed, or the connection fails
 * @throws {MissingPackageError} if the package `redis` is not installed
 */
export async function openRedisLog(url: string, runId: string, name: string): Promise<SharedLog> {
  const writer = await connectRedis(url)
  try {
    return new RedisLog(url, `perf:${runId}:${name}`, writer, await connectRedis(url))
  } catch (error) {
    writer.close()
    throw error
  }
}

class RedisLog implements SharedLog {
  readonly leadMs = LEAD_MS
  readonly #url: string
  readonly #prefix: string
  readonly #stream: string
  readonly #writer: RedisConnection
  /** Reads block their connection. */
  readonly #reader: RedisConnection
  /** Entries that may not be stored yet. */
  readonly #unstored: Entry[] = []
  #storing: Promise<void> | undefined
  #listener: LogListener | undefined
  #lastReplyMs = now()
  #refreshedMs = Number.NEGATIVE_INFINITY
  #offers = 0
  #isClosed = false

  constructor(url: string, prefix: string, writer: RedisConnection, reader: RedisConnection) {
    this.#url = url
    this.#prefix = prefix
    this.#stream = `${prefix}:log`
    this.#writer = writer
    this.#reader = reader
  }

  append(entry: Entry): void {
    this.#unstored.push(entry)
    this.#storing ??= this.#store()
  }

  offer(entry: Entry): void {
    if (this.#isClosed || this.#offers >= MAX_OFFERS || this.#unstored.length > 0) return
    this.#offers++
    void this.#add(entry)
      .catch(() => {})
      .finally(() => this.#offers--)
  }

  read(listener: LogListener): void {
    this.#listener = listener
    void this.#readAll(listener)
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const chunks = Math.max(1, Math.ceil(bytes.byteLength / CHUNK_BYTES))
    for (let chunk = 0; chunk < chunks; chunk++) {
      const part = bytes.subarray(chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES)
      const value = Buffer.from(part.buffer, part.byteOffset, part.byteLength)
      await this.#persistently(() => this.#set(this.#chunkKey(key, chunk), value))
    }
    // Written last: a reader that finds it finds all chunks.
    await this.#persistently(() => this.#set(this.#chunkKey(key, 'count'), String(chunks)))
  }

  async get(key: string): Promise<Uint8Array> {
    const count = await this.#persistently(() => this.#writer.send(['GET', this.#chunkKey(key, 'count')]))
    const chunks: Uint8Array[] = []
    for (let chunk = 0; chunk < Number(count); chunk++) {
      const bytes = await this.#persistently(() => this.#writer.readBytes(this.#chunkKey(key, chunk)))
      if (bytes !== null) chunks.push(bytes)
    }
    if (count === null || chunks.length < Number(count))
      throw new Error(
        `Redis no longer has ${key}: it was restarted without its data, or removed keys because its memory was full`,
      )
    return chunks.length === 1 ? chunks[0]! : new Uint8Array(Buffer.concat(chunks))
  }

  readClock(): Promise<ClockReading> {
    return this.#persistently(async () => {
      const sentMs = now()
      const [seconds, micros] = (await this.#writer.send(['TIME'])) as readonly [string, string]
      return { sentMs, sharedMs: Number(seconds) * 1000 + Number(micros) / 1000, receivedMs: now() }
    })
  }

  async flushed(): Promise<void> {
    await this.#storing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#writer.close()
    this.#reader.close()
  }

  /** Stores entries in their order. One that was stored but not confirmed is stored again; readers ignore the second. */
  async #store(): Promise<void> {
    for (;;) {
      const [entry] = this.#unstored
      if (entry === undefined || this.#isClosed) {
        this.#storing = undefined
        return
      }
      // If it fails, the log is broken, and its reader knows.
      await this.#persistently(() => this.#add(entry)).catch(() => {})
      this.#unstored.shift()
    }
  }

  async #add(entry: Entry): Promise<void> {
    const words = ['XADD', this.#stream, 'MAXLEN', '~', String(MAX_ENTRIES), '*', 'e', JSON.stringify(entry)]
    await this.#writer.send(words)
    if (now() - this.#refreshedMs < REFRESH_MS) return
    this.#refreshedMs = now()
    await this.#writer.send(['EXPIRE', this.#stream, String(TTL_SECONDS)])
  }

  async #readAll(listener: LogListener): Promise<void> {
    let last = '0'
    while (!this.#isClosed) {
      const from = last
      let reply: StreamReply
      try {
        reply = await this.#persistently(
          () =>
            this.#reader.send([
              'XREAD',
              'COUNT',
              '1000',
              'BLOCK',
              String(BLOCK_MS),
              'STREAMS',
              this.#stream,
              from,
            ]) as Promise<StreamReply>,
        )
      } catch {
        return
      }
      for (const [id, [, json]] of reply?.[0]?.[1] ?? []) {
        last = id
        listener.onEntry(JSON.parse(json) as Entry, Number(id.split('-')[0]))
      }
    }
  }

  async #set(key: string, value: string | Buffer): Promise<void> {
    await this.#writer.send(['SET', key, value, 'EX', String(TTL_SECONDS)])
  }

  #chunkKey(key: string, chunk: number | 'count'): string {
    return `${this.#prefix}:${key}:${chunk}`
  }

  /** Repeats a command while Redis is unreachable. @throws if it stays unreachable, or refuses the command */
  async #persistently<T>(command: () => Promise<T>): Promise<T> {
    for (;;) {
      if (this.#isClosed) throw new Error('the rendezvous is closed')
      try {
        const reply = await command()
        this.#lastReplyMs = now()
        return reply
      } catch (error) {
        const isRefused = isRefusal(error)
        if (isRefused || now() - this.#lastReplyMs > AWAY_MS) {
          this.#break(error, isRefused)
          throw error
        }
        await sleep(RETRY_MS)
      }
    }
  }

  #break(error: unknown, isRefused: boolean): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const { problem, fix } = explained(this.#url, error)
    const [away, host] = [`${AWAY_MS / 1000} s`, new URL(this.#url).host]
    this.#listener?.onBroken(
      isRefused
        ? problem
        : `Redis at ${host} was unreachable for ${away}, so the generators could not exchange evidence`,
      isRefused ? fix : 'look at the log and the memory of that Redis; the run must be repeated',
    )
  }
}

/** `[[stream, [[id, [field, value]]]]]`, or null if there was no entry in time. */
type StreamReply = readonly [readonly [string, readonly (readonly [string, readonly [string, string]])[]]] | null
