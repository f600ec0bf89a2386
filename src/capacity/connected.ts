import { storePlace } from '../machine/store-place.ts'
import { postgresTlsProblem, redisTlsProblem } from '../machine/store-tls.ts'
import { MissingPackageError } from '../options/optional-package.ts'
import { CapacityError } from './errors.ts'

/** Something that can be read again and again. */
export interface Connected<T> {
  /** @throws where it cannot be read now; the next call connects again */
  read(): Promise<T>
  close(): Promise<void>
}

/** A target under load may starve what it uses, and us: that is a failed sample and not a wait for ever. */
export const LIMIT_MS = 5_000

export interface Connecting<Client, T> {
  readonly url: string
  /** Where the URL comes from, for messages. */
  readonly variable: string
  open(): Promise<Client>
  read(client: Client): Promise<T>
  close(client: Client): Promise<void> | void
}

/**
 * Connects and reads once; connects again after it was cut off.
 *
 * @throws {CapacityError} if that cannot be done, without the URL's password
 * @throws {MissingPackageError} if the driver is not installed
 */
export async function connected<Client, T>(connecting: Connecting<Client, T>): Promise<Connected<T>> {
  let client: Client | undefined
  const close = async () => {
    const closing = client
    client = undefined
    if (closing !== undefined) await connecting.close(closing)
  }
  const read = async () => {
    try {
      client ??= await connecting.open()
      return await connecting.read(client)
    } catch (error) {
      await close()
      throw error
    }
  }
  await read().catch((error: unknown) => {
    throw error instanceof MissingPackageError ? error : unreachable(connecting, error)
  })
  return { read, close }
}

function unreachable({ url, variable }: Pick<Connecting<unknown, unknown>, 'url' | 'variable'>, error: unknown) {
  const place = URL.canParse(url) ? storePlace(new URL(url)) : 'a URL that is none'
  const { code, message } = error as { code?: string; message?: string }
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const tls =
    parsed && /^rediss?:$/.test(parsed.protocol)
      ? redisTlsProblem(code ?? '', message ?? '', parsed)
      : postgresTlsProblem(code ?? '', message ?? '')
  if (tls !== undefined)
    return new CapacityError(
      `capacity cannot be sampled at ${place}: ${tls.finding}\nFix: in ${variable}, ${tls.fix}`,
      {
        cause: error,
      },
    )
  // Drivers quote the whole URL where they cannot read it.
  const reason = (URL.canParse(url) ? message : undefined) || code || 'no reason was given'
  return new CapacityError(
    `capacity cannot be sampled at ${place}: ${reason}. Correct ${variable}, or unset it to have assertions on it skipped`,
    { cause: error },
  )
}
