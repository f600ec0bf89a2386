import { MASK } from '../../options/found.ts'
import { maskKnown, MIN_SECRET_LENGTH } from '../../options/known-secrets.ts'
import { isSecretName } from '../../options/secret-names.ts'
import type { HandshakeRequest } from './socket-options.ts'

/** Least length of a secret under {@link MIN_SECRET_LENGTH}, which is masked only as a whole word. */
const SHORTEST = 3

/**
 * A text of the target with the values of a client's handshake masked, in any encoding: those of the query, cookies, and
 * headers with the name of a secret. A target may repeat them, as in the reason of a closing handshake.
 *
 * @param exempt values that are not secret, such as those that the framing adds to the query
 */
export function maskHandshake(text: string, request: HandshakeRequest, exempt: ReadonlySet<string>): string {
  const values = valuesOf(request).filter(({ value }) => !exempt.has(value))
  if (values.length === 0) return text
  let clean = maskKnown(
    text,
    values.map(({ value }) => value),
  )
  for (const { name, value } of values) {
    if (value.length >= MIN_SECRET_LENGTH) clean = maskCut(clean, value)
    else if (value.length >= SHORTEST && isSecretName(name)) clean = maskWord(clean, value)
  }
  return clean
}

interface Value {
  readonly name: string
  readonly value: string
}

function valuesOf({ url, headers }: HandshakeRequest): readonly Value[] {
  const values: Value[] = []
  const start = url.indexOf('?')
  if (start >= 0) {
    const query = url.slice(start + 1)
    for (const [name, value] of new URLSearchParams(query)) values.push({ name, value })
    // As written, too: letters may be percent-encoded without need.
    for (const pair of query.split('&')) {
      const [name = '', ...value] = pair.split('=')
      values.push({ name, value: value.join('=') })
    }
  }
  for (const [name, value] of Object.entries(headers)) {
    if (name.toLowerCase() === 'cookie') values.push(...cookiesIn(value))
    // Without a scheme, such as `Bearer`.
    else if (isSecretName(name)) values.push({ name, value: value.slice(value.trimEnd().lastIndexOf(' ') + 1) })
  }
  return values
}

function cookiesIn(header: string): readonly Value[] {
  return header.split(';').map((pair) => {
    const [name = '', ...value] = pair.trim().split('=')
    return { name, value: value.join('=') }
  })
}

/** Masks the beginning of a value at the end of the text: a close reason has at most 123 bytes, and may be cut. */
function maskCut(text: string, value: string): string {
  const end = text.length - /["'`)\]}.…\s]*$/.exec(text)![0].length
  const body = text.slice(0, end)
  for (let length = Math.min(value.length, end); length >= MIN_SECRET_LENGTH; length--)
    if (body.endsWith(value.slice(0, length))) return body.slice(0, end - length) + MASK + text.slice(end)
  return text
}

function maskWord(text: string, value: string): string {
  const isWord = (at: number) => /\w/.test(text[at] ?? '')
  let clean = ''
  let done = 0
  for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1)) {
    if (at < done || isWord(at - 1) || isWord(at + value.length)) continue
    clean += text.slice(done, at) + MASK
    done = at + value.length
  }
  return clean + text.slice(done)
}
