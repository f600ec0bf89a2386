import { deserialize, serialize } from 'node:v8'
import zlib, { constants } from 'node:zlib'

/**
 * Version of the evidence that generators exchange. Raise it with every change of a part: parts of different versions are
 * never merged.
 */
const VERSION = 2
const PREFIX = 'vitest-slo evidence'
/** A readable first line, so that a part in Redis shows what it is. */
const HEADER = Buffer.from(`${PREFIX} ${VERSION}\n`)
const LONGEST_HEADER = 40
const NEWLINE = 0x0a

/**
 * Level 1 halves a part in milliseconds. The checksum detects damaged parts.
 *
 * `v8.serialize()` keeps NaN, infinity, `undefined`, maps and typed arrays exactly, and copies typed arrays as bytes. It is
 * part of Node, and the generators of a run have the same version of Node.
 */
const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 } }

/** Bytes of a part for {@link decodePart}. @param value data without functions and class instances */
export function encodePart(value: object): Uint8Array {
  return Buffer.concat([HEADER, zlib.zstdCompressSync(serialize(value), COMPRESSION)])
}

/** @throws {Error} if the part is damaged or of another version */
export function decodePart(bytes: Uint8Array): unknown {
  const part = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = part.subarray(0, LONGEST_HEADER).indexOf(NEWLINE)
  const header = part.toString('latin1', 0, end + 1)
  if (header !== HEADER.toString('latin1')) throw unreadable(header)
  try {
    return deserialize(zlib.zstdDecompressSync(part.subarray(end + 1)))
  } catch (cause) {
    throw new Error(
      `the evidence of a generator is damaged (${part.byteLength} bytes)\n` +
        'Fix: check that all generators have the same version of Node, and that nothing else writes to the rendezvous',
      { cause },
    )
  }
}

function unreadable(header: string): Error {
  const [, version] = new RegExp(`^${PREFIX} (\\d+)\\n$`).exec(header) ?? []
  if (version === undefined)
    return new Error(
      `the evidence of a generator does not begin with ${JSON.stringify(`${PREFIX} ${VERSION}`)}\n` +
        'Fix: check that nothing else writes to the rendezvous',
    )
  return new Error(
    `the evidence of a generator has version ${version}, and this generator reads version ${VERSION}\n` +
      'Fix: install the same version of vitest-slo on all generators',
  )
}
