import { randomBytes } from 'node:crypto'

/** Boundary of all forms of this process, so that sending one form twice gives the same bytes. */
const BOUNDARY = `----vitest-slo-${randomBytes(12).toString('hex')}`
const END = Buffer.from(`--${BOUNDARY}--\r\n`)
const LINE_BREAK = Buffer.from('\r\n')
const CONTENT_TYPE = `multipart/form-data; boundary=${BOUNDARY}`

/** A form as it is sent. */
interface EncodedForm {
  readonly content: Buffer
  readonly contentType: string
}

type Entries = readonly (readonly [name: string, value: string | File])[]

/** Encoded forms: most are sent again unchanged. */
const lastSent = new WeakMap<FormData, { readonly entries: Entries; readonly encoded: EncodedForm }>()

/** Encodes a form as `multipart/form-data`, by the HTML Standard and as `fetch` does. */
export function encodeForm(form: FormData, bytesOf: (file: Blob) => Uint8Array): EncodedForm {
  const entries: Entries = [...form]
  const last = lastSent.get(form)
  if (last !== undefined && areEqual(last.entries, entries)) return last.encoded
  const parts = entries.flatMap(([name, value]) => partsOf(name, value, bytesOf))
  const encoded = { content: Buffer.concat([...parts, END]), contentType: CONTENT_TYPE }
  lastSent.set(form, { entries, encoded })
  return encoded
}

function areEqual(some: Entries, others: Entries): boolean {
  if (some.length !== others.length) return false
  return some.every(([name, value], at) => name === others[at]![0] && value === others[at]![1])
}

function partsOf(name: string, value: string | File, bytesOf: (file: Blob) => Uint8Array): readonly Uint8Array[] {
  const start = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${escape(withCrlf(name))}"`
  if (typeof value === 'string') return [Buffer.from(`${start}\r\n\r\n${withCrlf(value)}\r\n`)]
  const type = value.type || 'application/octet-stream'
  const head = `${start}; filename="${escape(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`
  return [Buffer.from(head), bytesOf(value), LINE_BREAK]
}

function withCrlf(text: string): string {
  return text.replaceAll(/\r?\n|\r/g, '\r\n')
}

function escape(text: string): string {
  return text.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22')
}
