import { storeLocation } from '../machine/store-location.ts'
import { postgresTlsProblem, redisTlsProblem } from '../machine/store-tls.ts'
import { MissingPackageError } from '../options/optional-package.ts'
import { CapacityError } from './errors.ts'

/** A connection that is read repeatedly. */
export interface Connected<T> {
  /** Rejects if reading fails; the next call connects again. */
  read(): Promise<T>
  close(): Promise<void>
}

/** Time limit of one read. A store that the load starves must give a failed sample instead of an endless wait. */
export const LIMIT_MS = 5_000

export interface ConnectedOptions<Client, T> {
  readonly url: string
  /** The environment variable that holds the URL, for messages. */
  readonly variable: string
  open(): Promise<Client>
  read(client: Client): Promise<T>
  close(client: Client): Promise<void> | void
}

/**
 * Connects and reads once. Reconnects after the connection was lost.
 *
 * @throws {CapacityError} if the first connection or read fails; without the URL's password
 * @throws {MissingPackageError} if the driver is not installed
 */
export async function connected<Client, T>(options: ConnectedOptions<Client, T>): Promise<Connected<T>> {
  let client: Client | undefined
  const close = async () => {
    const closing = client
    client = undefined
    if (closing !== undefined) await options.close(closing)
  }
  const read = async () => {
    try {
      client ??= await options.open()
      return await options.read(client)
    } catch (error) {
      await close()
      throw error
    }
  }
  await read().catch((error: unknown) => {
    throw error instanceof MissingPackageError ? error : unreachable(options, error)
  })
  return { read, close }
}

function unreachable({ url, variable }: Pick<ConnectedOptions<unknown, unknown>, 'url' | 'variable'>, error: unknown) {
  const address = URL.canParse(url) ? storeLocation(new URL(url)) : 'an invalid URL'
  const { code, message } = error as { code?: string; message?: string }
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const tls =
    parsed && /^rediss?:$/.test(parsed.protocol)
      ? redisTlsProblem(code ?? '', message ?? '', parsed)
      : postgresTlsProblem(code ?? '', message ?? '')
  if (tls !== undefined)
    return new CapacityError(
      `capacity cannot be sampled at ${address}: ${tls.finding}\nFix: in ${variable}, ${tls.fix}`,
      {
        cause: error,
      },
    )
  // Drivers quote the whole URL in their error if they cannot parse it.
  const reason = (URL.canParse(url) ? message : undefined) || code || 'no reason was given'
  return new CapacityError(
    `capacity cannot be sampled at ${address}: ${reason}\nFix: correct ${variable}, or unset it: assertions on it are then skipped`,
    { cause: error },
  )
}
