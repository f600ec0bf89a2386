import { Readable } from 'node:stream'
import { types } from 'node:util'
import { clearTimeout, setTimeout } from '../machine/clock.ts'
import { showValue } from '../options/show-value.ts'
import { encodeForm } from './form-data.ts'
import { encodeJson, isPlainObject } from './json-body.ts'
import { RequestError } from './request-error.ts'

/** A body as it is sent. */
export interface EncodedBody {
  readonly content: string | Uint8Array
  /** Content type to send unless the request sets one. */
  readonly contentType: string | undefined
}

const FORM_TYPE = 'application/x-www-form-urlencoded'
const TEXT_TYPE = 'text/plain;charset=UTF-8'

/** Bytes of blobs, which are read once because a blob never changes. */
const blobBytes = new WeakMap<Blob, Uint8Array>()

/** Streams and iterators that have been read: they yield their content once, and nothing afterwards. */
const alreadyRead = new WeakSet<object>()

/** Whether a body has to be read by {@link readBody} before it can be sent. */
export function isReadFirst(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false
  if (body instanceof Blob) return !blobBytes.has(body)
  if (body instanceof FormData)
    return [...body.values()].some((value) => value instanceof Blob && !blobBytes.has(value))
  return Symbol.asyncIterator in body
}

/**
 * Reads a blob, the files of a form, or an async iterable to its end.
 *
 * @param timeoutMs time limit for an async iterable
 * @returns the body to encode: the bytes of an async iterable, else `body`
 * @throws {RequestError} if an async iterable yields anything but text or bytes, does not end in time, or is a stream or
 *   iterator that has been read before
 */
export async function readBody(body: unknown, timeoutMs: number): Promise<unknown> {
  if (body instanceof Blob) await readBlob(body)
  else if (body instanceof FormData)
    await Promise.all([...body.values()].filter((it) => it instanceof Blob).map(readBlob))
  else return collect(body as AsyncIterable<unknown>, timeoutMs)
  return body
}

/**
 * Encodes a body as `fetch` does. An object that is not one of `fetch`'s body types is sent as JSON, or as a form if
 * `contentType` is `application/x-www-form-urlencoded`.
 *
 * @param contentType value of the request's `Content-Type` header
 * @throws {RequestError} if the body cannot be sent
 */
export function encodeBody(body: unknown, contentType: string | undefined): EncodedBody | undefined {
  if (body === undefined) return undefined
  if (typeof body === 'string') return { content: body, contentType: TEXT_TYPE }
  if (body instanceof Uint8Array) return { content: body, contentType: undefined }
  if (typeof body !== 'object' || body === null) return json(body)
  if (ArrayBuffer.isView(body))
    return { content: new Uint8Array(body.buffer, body.byteOffset, body.byteLength), contentType: undefined }
  if (types.isAnyArrayBuffer(body)) return { content: new Uint8Array(body), contentType: undefined }
  if (body instanceof URLSearchParams) return { content: body.toString(), contentType: `${FORM_TYPE};charset=UTF-8` }
  if (body instanceof FormData) return multipart(body, contentType)
  if (body instanceof Blob) return { content: blobBytes.get(body)!, contentType: body.type || undefined }
  if (isPlainObject(body)) {
    const type = contentType?.split(';', 1)[0]!.trim().toLowerCase()
    if (type === FORM_TYPE) return { content: formFields(body), contentType: undefined }
    if (type?.startsWith('multipart/'))
      throw new RequestError('body', {
        received: body,
        rule: `cannot be an object with the content type ${type}: its parts need a boundary`,
        example: `body: new FormData(), without a content-type header`,
      })
  }
  return json(body)
}

function json(body: unknown): EncodedBody {
  return { content: encodeJson(body), contentType: 'application/json' }
}

function multipart(form: FormData, contentType: string | undefined): EncodedBody {
  if (contentType !== undefined)
    throw new RequestError('headers', {
      received: 'content-type',
      rule: 'must have no content-type with a FormData body: its boundary is set with the body',
      example: 'headers: {}',
    })
  return encodeForm(form, (file) => blobBytes.get(file)!)
}

function formFields(body: object): string {
  const fields = new URLSearchParams()
  for (const [name, value] of Object.entries(body)) {
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (one === undefined) continue
      if (typeof one !== 'string' && typeof one !== 'boolean' && typeof one !== 'bigint' && !Number.isFinite(one))
        throw new RequestError('body', {
          received: body,
          rule: `cannot be sent as a form: ${name} must be a string, a number, a boolean, or a list of them, received ${showValue(one)}`,
          example: `body: { ${/^[\w$]+$/.test(name) ? name : JSON.stringify(name)}: 'text' }`,
        })
      fields.append(name, String(one))
    }
  }
  return fields.toString()
}

async function readBlob(blob: Blob): Promise<void> {
  if (!blobBytes.has(blob)) blobBytes.set(blob, new Uint8Array(await blob.arrayBuffer()))
}

async function collect(body: AsyncIterable<unknown>, timeoutMs: number): Promise<Uint8Array> {
  const { promise: isLate, reject } = Promise.withResolvers<never>()
  const refuse = () =>
    reject(
      new RequestError('body', {
        received: body,
        rule: `must end within the time-out of ${timeoutMs} ms: an async iterable is read to its end before it is sent`,
        example: `body: await readFile('order.json')`,
      }),
    )
  const timer = setTimeout(refuse, timeoutMs)
  try {
    return await Promise.race([bytesOf(body), isLate])
  } finally {
    clearTimeout(timer)
  }
}

async function bytesOf(body: AsyncIterable<unknown>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of unread(body)) {
    if (typeof chunk === 'string') chunks.push(Buffer.from(chunk))
    else if (ArrayBuffer.isView(chunk)) chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    else if (types.isAnyArrayBuffer(chunk)) chunks.push(new Uint8Array(chunk))
    else
      throw new RequestError('body', {
        received: body,
        rule: `must yield text or bytes if it is an async iterable, but yielded ${showValue(chunk)}`,
        example: `body: Readable.from(['text'])`,
      })
  }
  return Buffer.concat(chunks)
}

/**
 * The iterable, if it has not been read before. One that creates a new iterator for each loop may be read again; a stream
 * also creates one, but without the content.
 *
 * @throws {RequestError} for a stream or iterator that has been read: its request would be sent with an empty body
 */
function unread(body: AsyncIterable<unknown>): AsyncIterable<unknown> {
  const isStream = 'pipe' in body || 'getReader' in body
  if (isStream && (alreadyRead.has(body) || isDisturbed(body))) throw readBefore(body)
  const iterator = body[Symbol.asyncIterator]()
  if (alreadyRead.has(iterator)) throw readBefore(body)
  alreadyRead.add(iterator)
  if (isStream) alreadyRead.add(body)
  return { [Symbol.asyncIterator]: () => iterator }
}

function isDisturbed(stream: object): boolean {
  return Readable.isDisturbed(stream as Readable) || ('locked' in stream && stream.locked === true)
}

function readBefore(body: unknown): RequestError {
  return new RequestError('body', {
    received: body,
    rule: 'must not be a stream or iterator that has been read before: it yields its content only once',
    example: `request: () => ({ method: 'POST', path: '/orders', body: createReadStream('order.json') })`,
  })
}
