import { withoutControls } from '../options/control-characters.ts'
import { shortened } from '../options/shortened.ts'
import { BodyError, decodeContent, decodeText } from './response-body.ts'
import { headersOf } from './response-headers.ts'
import type { ResponseReader } from './response-reader.ts'

const MAX_BYTES = 65_536
const MAX_TEXT = 160
/** What the decoder writes for bytes that are not text. */
const REPLACEMENT = '\ufffd'

/**
 * Beginning of a body on one line, without secrets and control characters, for a hint. Empty if the body is empty or is
 * not text.
 */
export function bodyExcerpt({ body, rawHeaders }: Pick<ResponseReader, 'body' | 'rawHeaders'>): string {
  const headers = headersOf(rawHeaders)
  const type = headers['content-type']
  try {
    const bytes = decodeContent(Buffer.from(body.subarray(0, MAX_BYTES)), headers['content-encoding'], MAX_BYTES)
    const excerpt = shortened(decodeText(bytes, type).trim().replaceAll(/\s+/g, ' '), MAX_TEXT)
    return excerpt.includes(REPLACEMENT) ? '' : withoutControls(excerpt)
  } catch (error) {
    if (error instanceof BodyError) return ''
    throw error
  }
}
