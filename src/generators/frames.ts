import type { Socket } from 'node:net'

/** Longest header: an entry with a value of 16 KB, escaped. */
const MAX_HEADER_BYTES = 1024 * 1024

/** Writes a frame: a line of JSON, and the number of bytes that its `bytes` says. */
export function writeFrame(socket: Socket, header: object, body?: Uint8Array): void {
  if (socket.destroyed) return
  socket.write(`${JSON.stringify(body === undefined ? header : { ...header, bytes: body.byteLength })}\n`)
  if (body !== undefined && body.byteLength > 0) socket.write(body)
}

/** Reads frames. A malformed one destroys the socket: the other side is not of this package. */
export function readFrames(socket: Socket, onFrame: (header: unknown, body: Uint8Array) => void): void {
  let chunks: Buffer[] = []
  let size = 0
  let header: { readonly bytes?: number } | undefined
  const take = (bytes: number): Buffer => {
    const all = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
    chunks = [all.subarray(bytes)]
    size -= bytes
    return all.subarray(0, bytes)
  }
  const readHeader = (): boolean => {
    const end = chunks.length === 1 ? chunks[0]!.indexOf(10) : Buffer.concat(chunks).indexOf(10)
    if (end === -1) {
      if (size > MAX_HEADER_BYTES) throw new RangeError('header too long')
      return false
    }
    header = JSON.parse(take(end + 1).toString('utf8')) as { bytes?: number }
    return true
  }
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.length
    try {
      for (;;) {
        if (header === undefined && !readHeader()) return
        const { bytes = 0 } = header!
        if (size < bytes) return
        const [frame, body] = [header, bytes === 0 ? NOTHING : Uint8Array.from(take(bytes))]
        header = undefined
        onFrame(frame, body)
      }
    } catch {
      socket.destroy()
    }
  })
}

const NOTHING = new Uint8Array()
